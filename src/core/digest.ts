import { createHash } from "./hash.ts";
import type { MigrationSet } from "./migration.ts";

/**
 * The set digest: SHA-256, in hexadecimal, over a line a migration, in their order: version, name and
 * checksum with tabs between them. `copy (select version, name, checksum from … order by 1) to stdout`
 * writes the same lines of what is applied, as long as no name has a backslash.
 *
 * Down files do not count: they are not part of what `up` applies.
 */
export function setDigest(set: MigrationSet): string {
  return digestsOf(set)[0] ?? "";
}

/**
 * The digests of the set and of its beginnings, which lack the last one, the last two, … of it: what
 * is applied is compared with them by the server (ledger/state.ts).
 *
 * Neither tab nor line end can be in what a file says; in a row they could be, so who compares has to
 * count the rows as well: with as many of them, each is one line, and each line has two tabs.
 */
export function digestsOf(set: MigrationSet): readonly string[] {
  const known = digests.get(set);
  if (known !== undefined) return known;
  const lines: string[] = [];
  for (const { version, name, up } of set.values())
    lines.push(`${version}\t${name}\t${up.checksum}\n`);
  const shortest = Math.max(lines.length - mostPending, 0);
  const hash = createHash("sha256").update(lines.slice(0, shortest).join(""));
  const made = [hash.copy().digest("hex")];
  for (const line of lines.slice(shortest)) made.unshift(hash.update(line).copy().digest("hex"));
  digests.set(set, made);
  return made;
}

/** With more than these pending, what is applied is read. */
const mostPending = 16;

/** Who connects, who compares and who reports ask for it. */
const digests = new WeakMap<MigrationSet, readonly string[]>();
