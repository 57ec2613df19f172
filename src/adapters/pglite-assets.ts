/**
 * What PGlite is made of, where it cannot find it by itself: inside the executable, build.ts
 * puts another module in the place of this one. `pgliteAssets` is a function so that 20 MB are
 * read and compiled only for those who need a database in the process.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface PgliteAssets {
  readonly pgliteWasmModule: WebAssembly.Module;
  readonly initdbWasmModule: WebAssembly.Module;
  readonly fsBundle: Blob;
  /** A new cluster, for `loadDataDir`; PGlite refuses it for a folder that holds a database. */
  readonly dataDirImage: Blob;
}

export const pgliteAssets: (() => Promise<PgliteAssets>) | undefined = undefined;

/** A .tar.gz with an extension's control file, scripts and library; PGlite has 38 of them. */
export function extensionArchive(name: string): Uint8Array | undefined {
  const library = fileURLToPath(import.meta.resolve("@electric-sql/pglite"));
  const path = library.replace(/[^/\\]+$/, `${name}.tar.gz`);
  return existsSync(path) ? readFileSync(path) : undefined;
}
