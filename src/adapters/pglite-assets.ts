/** What PGlite is made of, where it cannot find it by itself: inside the executable. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { unpack } from "../core/pack.ts";
import { inside } from "./inside.ts";

export interface PgliteAssets {
  readonly pgliteWasmModule: WebAssembly.Module;
  readonly initdbWasmModule: WebAssembly.Module;
  readonly fsBundle: Blob;
  /** A new cluster, for `loadDataDir`; PGlite refuses it for a folder that holds a database. */
  readonly dataDirImage: Blob;
}

/** 20 MB that are read and compiled. Undefined: PGlite finds its files in node_modules. */
export async function pgliteAssets(): Promise<PgliteAssets | undefined> {
  if (inside === undefined) return undefined;
  const { parts } = inside;
  return {
    pgliteWasmModule: await WebAssembly.compile(readFileSync(parts["pglite.wasm"])),
    initdbWasmModule: await WebAssembly.compile(readFileSync(parts["initdb.wasm"])),
    fsBundle: new Blob([readFileSync(parts["pglite.data"])]),
    // PGlite would unpack it too, by a stream, with 40 MB more.
    dataDirImage: new Blob([gunzipSync(readFileSync(parts["cluster.tar.gz"]))]),
  };
}

/** A .tar.gz with an extension's control file, scripts and library; PGlite has 37 of them. */
export function extensionArchive(name: string): Uint8Array | undefined {
  if (inside !== undefined) {
    const archives = unpack(readFileSync(inside.parts["extensions.pack"]));
    return archives.find((archive) => archive.name === name)?.bytes;
  }
  const library = fileURLToPath(import.meta.resolve("@electric-sql/pglite"));
  const path = library.replace(/[^/\\]+$/, `${name}.tar.gz`);
  return existsSync(path) ? readFileSync(path) : undefined;
}
