import { createHash } from "./hash.ts";
import type { MigrationSet } from "./migration.ts";

/**
 * The set digest: SHA-256, in hexadecimal, over the ordered (version, name, checksum) of the set.
 *
 * Down files do not count: they are not part of what `up` applies.
 */
export function setDigest(set: MigrationSet): string {
  const known = digests.get(set);
  if (known !== undefined) return known;
  const lines = Array.from(
    set.values(),
    ({ version, name, up }) => `${version}\0${name}\0${up.checksum}\n`,
  );
  const digest = createHash("sha256").update(lines.join("")).digest("hex");
  digests.set(set, digest);
  return digest;
}

/** Both who connects and who reports asks for it. */
const digests = new WeakMap<MigrationSet, string>();
