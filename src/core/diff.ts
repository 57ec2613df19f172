import { differsInLineEndsOnly } from "./checksum.ts";
import type { AppliedRow, AppliedSet, Migration, MigrationSet, ProgressRow } from "./migration.ts";
import { textOf } from "./migration.ts";
import { hasStatement } from "./split.ts";
import { compareVersions, type Version } from "./version.ts";

/** The words of the product contract, section 1. */
export type State =
  | "applied"
  | "pending"
  | "gap"
  | "in progress"
  | "ahead"
  | "missing"
  | "renamed"
  | "changed"
  | "renumbered"
  | "adopted";

/** One version, in the set or in the tracker or in both. */
export type Entry = PendingEntry | AppliedEntry | UnknownEntry;

export interface PendingEntry {
  readonly kind: "pending";
  readonly version: Version;
  readonly migration: Migration;
  /** The telling state first: renumbered before in progress before gap before pending. */
  readonly states: readonly State[];
  /** The applied version, no longer in the set, that has this file's bytes. */
  readonly renumberedFrom: Version | undefined;
  readonly progress: readonly ProgressRow[];
}

export interface AppliedEntry {
  readonly kind: "applied";
  readonly version: Version;
  readonly migration: Migration;
  readonly row: AppliedRow;
  /** Renamed before changed before adopted before applied. */
  readonly states: readonly State[];
  /** The checksums differ, but only because of line ends, which is forgiven. */
  readonly lineEndsDiffer: boolean;
}

export interface UnknownEntry {
  readonly kind: "unknown";
  readonly version: Version;
  readonly row: AppliedRow;
  readonly states: readonly State[];
}

/** Every version in numeric order. */
export interface Diff {
  readonly entries: readonly Entry[];
}

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
  return { entries };
}

/** The state that is shown where there is room for one. */
export function stateOf(entry: Entry): State {
  return entry.states[0] ?? "pending";
}

/** How many versions there are of each state that occurs, the contract's order kept. */
export function countStates(diffed: Diff): Readonly<Record<State, number>> {
  const counts: Record<State, number> = {
    applied: 0,
    adopted: 0,
    pending: 0,
    gap: 0,
    "in progress": 0,
    ahead: 0,
    missing: 0,
    renamed: 0,
    changed: 0,
    renumbered: 0,
  };
  for (const entry of diffed.entries) counts[stateOf(entry)]++;
  return counts;
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
function isSameFile(migration: Migration, row: AppliedRow): boolean {
  if (row.checksum === null) return false;
  const { bytes, checksum } = migration.up;
  const same = row.checksum === checksum || differsInLineEndsOnly(bytes, row.checksum);
  return same && hasStatement(textOf(migration.up));
}

function last<T>(items: readonly T[]): T | undefined {
  return items.at(-1);
}
