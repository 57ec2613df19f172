import type { AppliedRow, Migration, ProgressRow } from "./migration.ts";
import type { Version } from "./version.ts";

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

interface UnknownEntry {
  readonly kind: "unknown";
  readonly version: Version;
  readonly row: AppliedRow;
  readonly states: readonly State[];
}

/** Every version in numeric order. */
export interface Diff {
  readonly entries: readonly Entry[];
  /** Progress of versions that are neither in the set nor applied: their file is gone. */
  readonly orphanedProgress: readonly ProgressRow[];
}

/** A version that keeps applied and set from being the same. */
export interface Difference {
  readonly version: Version;
  /** What people call it: 007_add_users. */
  readonly id: string;
  /** What the next `up` takes over from an old tracker is not applied yet. */
  readonly state: State | "to be adopted";
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
