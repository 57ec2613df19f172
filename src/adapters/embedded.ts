import { readFileSync } from "node:fs";
import type { Source } from "../ports.ts";
import type { EmbeddedSet } from "./embedded-set.ts";

/** The migrations inside the executable, byte for byte. */
export function embeddedSource(embedded: EmbeddedSet): Source {
  return {
    folder: undefined,
    list() {
      const blob = readFileSync(embedded.blobPath);
      const files = embedded.files.map(({ name, offset, length }) => ({
        name,
        path: name,
        bytes: blob.subarray(offset, offset + length),
      }));
      return Promise.resolve(files);
    },
  };
}
