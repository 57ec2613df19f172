/** What was measured, in numbers. */
import type { Taken } from "./launcher.ts";
import type { Counts } from "./proxy.ts";

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Measured {
  readonly kind: "measured";
  readonly rounds: number;
  readonly wallMs: Spread;
  readonly cpuMs: Spread;
  readonly peakMib: Spread;
  readonly roundTrips: Counts | undefined;
}

/** What became of the migration that came late. */
export interface GapFound {
  readonly kind: "gap";
  readonly outcome: "applied" | "refused" | "skipped, exit 0";
}

export interface Failed {
  readonly kind: "failed";
  readonly reason: string;
}

export type Cell = Measured | GapFound | Failed;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, two) => one - two);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

export function measured(runs: readonly Taken[], roundTrips: Counts | undefined): Measured {
  return {
    kind: "measured",
    rounds: runs.length,
    wallMs: spread(runs.map((run) => run.wallMs)),
    cpuMs: spread(runs.map((run) => run.cpuMs)),
    peakMib: spread(runs.map((run) => run.peakMib)),
    roundTrips,
  };
}

function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}
