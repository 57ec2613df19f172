/**
 * The extensions that come with PGlite, as far as they are asked for: it has to be given them
 * when it starts. What it does not have is left out, and PostgreSQL says so when it is created.
 */
import { gunzipSync } from "node:zlib";
import { extensionArchive } from "./pglite-assets.ts";

export function extensionsFor(names: readonly string[]): Record<string, Extension> {
  const archives = new Set(names.flatMap(archivesOf));
  return Object.fromEntries(
    [...archives].flatMap((archive) => {
      const packed = isName.test(archive) ? extensionArchive(archive) : undefined;
      return packed === undefined ? [] : [[archive, extensionOf(archive, packed)]];
    }),
  );
}

/** A name comes from a file, and becomes one. */
const isName = /^[\w-]+$/;

/** Mostly an archive is called as its extension; and CASCADE creates what another one needs. */
function archivesOf(name: string): readonly string[] {
  switch (name) {
    case "autoinc":
    case "insert_username":
    case "moddatetime":
    case "refint":
      return ["spi"];
    case "earthdistance":
      return ["earthdistance", "cube"];
    default:
      return [name];
  }
}

/**
 * PGlite would read the archive from a file, as a stream, which the inside of an executable
 * cannot give. What it makes of the file is a promise of a blob in `pg_extensions`: that is put
 * there instead, when its module starts.
 */
function extensionOf(name: string, packed: Uint8Array): Extension {
  return {
    name,
    setup: (_pglite, emscripten: Emscripten) => {
      const putInPlace = (module: PgliteModule): void => {
        module.pg_extensions[name] = Promise.resolve(new Blob([gunzipSync(packed)]));
      };
      const emscriptenOpts = { ...emscripten, preRun: [...emscripten.preRun, putInPlace] };
      // The one that does nothing unless it was there when the server started.
      const sharedPreloadLibraries = name === "pg_stat_statements" ? [name] : [];
      return Promise.resolve({ emscriptenOpts, sharedPreloadLibraries });
    },
  };
}

/** What PGlite calls an extension, as far as it is used here. */
interface Extension {
  readonly name: string;
  readonly setup: (
    pglite: unknown,
    emscripten: Emscripten,
  ) => Promise<{ emscriptenOpts: Emscripten; sharedPreloadLibraries: string[] }>;
}

interface PgliteModule {
  readonly pg_extensions: Record<string, Promise<Blob>>;
}

interface Emscripten {
  readonly preRun: readonly ((module: PgliteModule) => void)[];
}
