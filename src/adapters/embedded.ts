import { readFileSync } from "node:fs";
import { sha256 } from "../core/hash.ts";
import { unpack } from "../core/pack.ts";
import type { Source } from "../ports.ts";

/**
 * The migrations inside the executable, byte for byte. Their checksums come with them, and are
 * believed while the pack is what it was built as: one hash instead of one for each file.
 */
export function embeddedSource(path: string, packSha256: string | undefined): Source {
  return {
    folder: undefined,
    list() {
      const packed = readFileSync(path);
      const isAsBuilt = sha256(packed) === packSha256;
      const files = unpack(packed).map(({ name, bytes, checksum }) => ({
        name,
        path: name,
        bytes,
        ...(isAsBuilt && checksum !== undefined ? { checksum } : {}),
      }));
      return Promise.resolve(files);
    },
  };
}
