/**
 * What `PGlite.create` can't find by itself inside the executable, where there is no node_modules.
 * Run from the sources PGlite goes its own ways: undefined. `build.ts` puts a module of the same
 * shape in the place of this one. It is a function so that 20 MB are read and compiled only for
 * those who need a database in the process.
 */
export interface PgliteAssets {
  readonly pgliteWasmModule: WebAssembly.Module;
  readonly initdbWasmModule: WebAssembly.Module;
  readonly fsBundle: Blob;
  /** A new cluster, for `loadDataDir`; PGlite refuses it for a folder that holds a database. */
  readonly dataDirImage: Blob;
}

export const pgliteAssets: (() => Promise<PgliteAssets>) | undefined = undefined;
