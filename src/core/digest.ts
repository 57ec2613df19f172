import { createHash } from "./hash.ts";
import type { MigrationSet } from "./migration.ts";

/**
 * The set digest: SHA-256, in hexadecimal, over the ordered (version, name, checksum) of the set.
 *
 * Down files do not count: they are not part of what `up` applies.
 */
export function setDigest(set: MigrationSet): string {
  const hash = createHash("sha256");
  for (const migration of set.values()) {
    hash.update(`${migration.version}\0${migration.name}\0${migration.up.checksum}\n`);
  }
  return hash.digest("hex");
}
