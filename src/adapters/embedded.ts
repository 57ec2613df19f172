import { readFileSync } from "node:fs";
import { unpack } from "../core/pack.ts";
import type { Source } from "../ports.ts";

/** The migrations inside the executable, byte for byte. */
export function embeddedSource(path: string): Source {
  return {
    folder: undefined,
    list() {
      const files = unpack(readFileSync(path)).map((file) => ({ ...file, path: file.name }));
      return Promise.resolve(files);
    },
  };
}
