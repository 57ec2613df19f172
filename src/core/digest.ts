import { createHash } from "node:crypto";
import type { MigrationSet, SourceFile } from "./migration.ts";
import { scan } from "./scan.ts";

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

/** Count and digest of a folder's files; throws where they are no valid set. For build.ts. */
export function setDigestOf(files: readonly { name: string; bytes: Uint8Array }[]): {
  count: number;
  digest: string;
} {
  const scanned = scan(files.map((file): SourceFile => ({ ...file, path: file.name })));
  if (!scanned.ok) throw new Error(scanned.problems.map((problem) => problem.code).join(", "));
  return { count: scanned.value.set.size, digest: setDigest(scanned.value.set) };
}
