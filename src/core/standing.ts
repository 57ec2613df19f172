import type { Diff, Difference, Entry, State } from "./entry.ts";
import { historyProblems, type Policy } from "./plan.ts";
import type { Problem } from "./problem.ts";

/**
 * Where a database stands to a set: the one decision behind `status --check`, `smoke`, `wait`,
 * /readyz and /metrics.
 *
 * - `in sync`: applied = set, and nothing was changed.
 * - `ready`: every migration of the set is applied; there is more (ahead, missing), or a file was
 *   changed. A program that needs this set can run.
 * - `behind`: a migration of the set is not applied.
 * - `contradicted`: renamed or renumbered: what is applied under a version may be something else,
 *   so it is never ready, and waiting does not mend it.
 */
export interface Standing {
  readonly sync: "in sync" | "ready" | "behind" | "contradicted";
  readonly counts: StandingCounts;
  /** Every version that keeps the database from being in sync. */
  readonly differences: readonly Difference[];
  /** Of renamed and renumbered versions, as `up` tells them. */
  readonly contradictions: readonly Problem[];
  /** When the last migration was applied; undefined where none is, or where no row says. */
  readonly lastAppliedAt: Date | undefined;
}

export interface StandingCounts {
  /** Migrations of the set that are applied, whatever else is to be said of them. */
  readonly applied: number;
  /** All others of the set: gaps, those in progress and those to be adopted among them. */
  readonly pending: number;
  /** The part of `pending` below the highest applied version. */
  readonly gaps: number;
  readonly ahead: number;
  readonly missing: number;
  readonly renamed: number;
  readonly renumbered: number;
  readonly changed: number;
}

export function standingOf(diffed: Diff): Standing {
  const { entries } = diffed;
  const contradictions = historyProblems(diffed, lenient);
  const differences = entries.flatMap((entry): Difference[] => {
    const state = differenceOf(entry);
    return state === undefined ? [] : [{ id: idOf(entry), version: entry.version, state }];
  });
  const counts = countAll(entries);
  return {
    sync:
      contradictions.length > 0
        ? "contradicted"
        : counts.pending > 0
          ? "behind"
          : differences.length > 0
            ? "ready"
            : "in sync",
    counts,
    differences,
    contradictions,
    lastAppliedAt: lastTime(entries),
  };
}

export function isReady({ sync }: Standing): boolean {
  return sync === "in sync" || sync === "ready";
}

/** Those that a program which needs the whole set waits for. */
export function awaited({ differences }: Standing): readonly Difference[] {
  return differences.filter(({ state }) => notApplied.has(state));
}

/** Only what no run goes on with: the rest is a matter of counts. */
const lenient: Policy = { target: undefined, checksums: "warn", unknown: "warn" };

const notApplied: ReadonlySet<Difference["state"]> = new Set([
  "pending",
  "gap",
  "in progress",
  "renumbered",
  "to be adopted",
]);

function differenceOf(entry: Entry): Difference["state"] | undefined {
  const [state = "pending"] = entry.states;
  if (entry.kind !== "applied") return state;
  if (state === "renamed" || state === "changed") return state;
  return isApplied(entry) ? undefined : "to be adopted";
}

/** A row that is only to be adopted has no time: it is not in the tracker. */
function isApplied(entry: Entry): boolean {
  return entry.kind === "applied" && entry.row.appliedAt !== undefined;
}

function countAll(entries: readonly Entry[]): StandingCounts {
  const count = (fits: (entry: Entry) => boolean): number => entries.filter(fits).length;
  const has =
    (state: State) =>
    (entry: Entry): boolean =>
      entry.states.includes(state);
  return {
    applied: count(isApplied),
    pending: count((entry) => entry.kind !== "unknown" && !isApplied(entry)),
    gaps: count(has("gap")),
    ahead: count(has("ahead")),
    missing: count(has("missing")),
    renamed: count(has("renamed")),
    renumbered: count(has("renumbered")),
    changed: count(has("changed")),
  };
}

function idOf(entry: Entry): string {
  return entry.kind === "unknown" ? `${entry.version}_${entry.row.name}` : entry.migration.id;
}

function lastTime(entries: readonly Entry[]): Date | undefined {
  const times = entries.flatMap((entry) => {
    const time = entry.kind === "pending" ? undefined : entry.row.appliedAt?.getTime();
    // A row may say infinity, which is no time of a clock.
    return time === undefined || Number.isNaN(time) ? [] : [time];
  });
  return times.length === 0
    ? undefined
    : new Date(times.reduce((last, time) => Math.max(last, time)));
}
