import { differsInLineEndsOnly } from "./checksum.ts";
import type { AppliedEntry, Diff, Entry, PendingEntry, State } from "./entry.ts";
import type { AppliedRow, AppliedSet, Migration, MigrationSet, ProgressRow } from "./migration.ts";
import { textOf } from "./migration.ts";
import { hasStatement } from "./split.ts";
import { compareVersions, type Version } from "./version.ts";

/** The set against the tracker: one entry a version, and nothing is decided about it yet. */
export function diff(
  set: MigrationSet,
  applied: AppliedSet,
  progress: readonly ProgressRow[] = [],
): Diff {
  const versions = [...new Set([...set.keys(), ...applied.keys()])].toSorted(compareVersions);
  const highestInSet = last([...set.keys()]);
  const highestApplied = last([...applied.keys()].toSorted(compareVersions));
  const orphans = [...applied.values()].filter((row) => !set.has(row.version));

  const entries = versions.map((version): Entry => {
    const migration = set.get(version);
    const row = applied.get(version);
    if (migration !== undefined && row !== undefined) return compare(migration, row);
    if (migration !== undefined) {
      return pendingEntry(
        migration,
        highestApplied,
        orphans,
        progress.filter((one) => one.version === version),
      );
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
  orphans: readonly AppliedRow[],
  progress: readonly ProgressRow[],
): PendingEntry {
  const states: State[] = [];
  const renumberedFrom = orphans.find((row) => isSameFile(migration, row))?.version;
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
 * Files without a statement are all alike, so a new placeholder would be taken for a deleted
 * one: they never count as the same file.
 */
export function isSameFile(migration: Migration, row: AppliedRow): boolean {
  if (row.checksum === null) return false;
  const { bytes, checksum } = migration.up;
  const same = row.checksum === checksum || differsInLineEndsOnly(bytes, row.checksum);
  return same && hasStatement(textOf(migration.up));
}

function last<T>(items: readonly T[]): T | undefined {
  return items.at(-1);
}
