/** What PGlite is made of, where it cannot find it by itself: inside the executable. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { unpack } from "../core/pack.ts";
import { inside } from "./inside.ts";

/** Compiled, and what is compiled can be shared by threads: a second engine starts warm. */
export interface PgliteModules {
  readonly pgliteWasmModule: WebAssembly.Module;
  readonly initdbWasmModule: WebAssembly.Module;
}

interface PgliteAssets {
  readonly fsBundle: Blob;
  /** A new cluster, for `loadDataDir`; PGlite refuses it for a folder that holds a database. */
  readonly dataDirImage: Blob;
}

let modules: Promise<PgliteModules> | undefined;

/** Once a thread; every engine of it, and of the threads that are given them, has the same. */
export function pgliteModules(): Promise<PgliteModules> {
  modules ??= Promise.all([compiled("pglite.wasm"), compiled("initdb.wasm")]).then(
    ([pgliteWasmModule, initdbWasmModule]) => ({ pgliteWasmModule, initdbWasmModule }),
  );
  return modules;
}

function compiled(name: "pglite.wasm" | "initdb.wasm"): Promise<WebAssembly.Module> {
  return WebAssembly.compile(readFileSync(inside?.parts[name] ?? inPackage(name)));
}

/** Undefined: PGlite finds its files in node_modules. */
export function pgliteAssets(): PgliteAssets | undefined {
  if (inside === undefined) return undefined;
  const { parts } = inside;
  return {
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
  const path = inPackage(`${name}.tar.gz`);
  return existsSync(path) ? readFileSync(path) : undefined;
}

function inPackage(name: string): string {
  return fileURLToPath(import.meta.resolve("@electric-sql/pglite")).replace(/[^/\\]+$/, name);
}
