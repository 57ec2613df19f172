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

/**
 * What an applied set has to be to be the set, or the set without its last migrations: the digests
 * that ledger/state.ts asks a server about, the longest first. They are of texts, which PostgreSQL
 * hashes in a third of the time that it takes for bytes.
 *
 * Neither tab nor line end can be in what a file says; in a row they could be, so who compares has to
 * count the rows as well: with as many of them, each is one line, and each line has two tabs.
 */
export function appliedDigests(set: MigrationSet): readonly string[] {
  const lines = Array.from(
    set.values(),
    ({ version, name, up }) => `${version}\t${name}\t${up.checksum}\n`,
  );
  const shortest = Math.max(lines.length - mostPending, 0);
  const hash = createHash("sha256").update(lines.slice(0, shortest).join(""));
  const digests = [hash.copy().digest("hex")];
  for (const line of lines.slice(shortest)) digests.unshift(hash.update(line).copy().digest("hex"));
  return digests;
}

/** With more than these pending, what is applied is read. */
const mostPending = 16;

/** Both who connects and who reports asks for it. */
const digests = new WeakMap<MigrationSet, string>();
