import { type Checksum, differsInLineEndsOnly, lineEndVariants } from "./checksum.ts";
import type { AppliedEntry, Diff, Entry, PendingEntry, State } from "./entry.ts";
import type { AppliedRow, AppliedSet, Migration, MigrationSet, ProgressRow } from "./migration.ts";
import { textOf } from "./migration.ts";
import { hasStatement } from "./split.ts";
import { compareVersions, sortedVersions, type Version } from "./version.ts";

/** The set against the tracker: one entry a version, and nothing is decided about it yet. */
export function diff(
  set: MigrationSet,
  applied: AppliedSet,
  progress: readonly ProgressRow[] = [],
): Diff {
  const unknown = [...applied.keys()].filter((version) => !set.has(version));
  const versions = sortedVersions([...set.keys(), ...unknown]);
  const highestInSet = highestOf(set.keys());
  const highestApplied = highestOf(applied.keys());
  const inProgress = new Set(progress.map((row) => row.version));
  const orphans = new Map(
    [...applied.values()].flatMap((row): [Checksum, Version][] =>
      set.has(row.version) || row.checksum === null ? [] : [[row.checksum, row.version]],
    ),
  );

  const entries = versions.map((version): Entry => {
    const migration = set.get(version);
    const row = applied.get(version);
    if (migration !== undefined && row !== undefined) return compare(migration, row);
    if (migration !== undefined) {
      const ours = inProgress.has(version) ? progress.filter((one) => one.version === version) : [];
      return pendingEntry(migration, highestApplied, orphans, ours);
    }
    const state =
      highestInSet === undefined || compareVersions(version, highestInSet) > 0
        ? "ahead"
        : "missing";
    return { kind: "unknown", version, row: row as AppliedRow, states: [state] };
  });
  const orphanedProgress = progress.filter(
    (row) => !set.has(row.version) && !applied.has(row.version),
  );
  return { entries, orphanedProgress };
}

function compare(migration: Migration, row: AppliedRow): AppliedEntry {
  const states: State[] = [];
  let lineEndsDiffer = false;
  if (row.name !== migration.name) states.push("renamed");
  if (row.checksum === null) states.push("adopted");
  else if (row.checksum !== migration.up.checksum) {
    lineEndsDiffer = differsInLineEndsOnly(migration.up.bytes, row.checksum);
    if (!lineEndsDiffer) states.push("changed");
  }
  if (states.length === 0) states.push("applied");
  return { kind: "applied", version: migration.version, migration, row, states, lineEndsDiffer };
}

function pendingEntry(
  migration: Migration,
  highestApplied: Version | undefined,
  orphans: ReadonlyMap<Checksum, Version>,
  progress: readonly ProgressRow[],
): PendingEntry {
  const states: State[] = [];
  const renumberedFrom = renumberedOf(migration, orphans);
  if (renumberedFrom !== undefined) states.push("renumbered");
  if (progress.length > 0) states.push("in progress");
  const isGap =
    highestApplied !== undefined && compareVersions(migration.version, highestApplied) < 0;
  if (isGap) states.push("gap");
  if (states.length === 0) states.push("pending");
  return {
    kind: "pending",
    version: migration.version,
    migration,
    states,
    renumberedFrom,
    progress,
  };
}

/**
 * The orphaned version that has this file's bytes, line ends forgiven. Files without a statement
 * are all alike, so a new placeholder would be taken for a deleted one: they are nobody's.
 */
function renumberedOf(
  migration: Migration,
  orphans: ReadonlyMap<Checksum, Version>,
): Version | undefined {
  // The variants are made once a file, and only where there is something to compare with.
  if (orphans.size === 0 || !hasStatement(textOf(migration.up))) return undefined;
  const { bytes, checksum } = migration.up;
  const found = [checksum, ...lineEndVariants(bytes)].find((one) => orphans.has(one));
  return found === undefined ? undefined : orphans.get(found);
}

function highestOf(versions: Iterable<Version>): Version | undefined {
  let highest: Version | undefined;
  for (const version of versions) {
    if (highest === undefined || compareVersions(version, highest) > 0) highest = version;
  }
  return highest;
}
