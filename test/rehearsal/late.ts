/** Verifies on a base that is given as a list of versions. */
import { appliedSetOf, type MigrationSet } from "../../src/core/migration.ts";
import type { Base, OrderReport } from "../../src/core/order.ts";
import type { Outcome, VerifyOutcome } from "../../src/outcome.ts";
import { setOf, versionOf } from "../core/made.ts";
import { embedded, type Files, runVerify, worldOf } from "../support/worlds.ts";

export const patience = 60_000;

/** What is applied: these versions, in this order. */
function baseOf(set: MigrationSet, versions: readonly number[]): Base {
  const start = Date.UTC(2026, 0, 1);
  const rows = versions.map((version, index) => {
    const migration = [...set.values()].find((one) => Number(one.version) === version);
    if (migration === undefined) throw new Error(`no migration ${version}`);
    const { name, up } = migration;
    const appliedAt = new Date(start + index * 1000);
    return { version: migration.version, name, appliedAt, checksum: up.checksum };
  });
  return { label: "a base", applied: appliedSetOf(rows) };
}

/** What the files were when they were applied, and which of them stopped at a statement. */
interface History {
  readonly written?: Files;
  readonly inPart?: readonly string[];
}

export async function verifyOn(
  files: Files,
  versions: readonly number[],
  request: Parameters<typeof runVerify>[2] = {},
  history: History = {},
): Promise<VerifyOutcome> {
  const outcome = await outcomeOn(files, versions, request, history);
  if (outcome.kind !== "verify") throw new Error(JSON.stringify(outcome));
  return outcome;
}

/** The same, also where it is refused. */
export async function outcomeOn(
  files: Files,
  versions: readonly number[],
  request: Parameters<typeof runVerify>[2] = {},
  { written = files, inPart = [] }: History = {},
): Promise<Outcome> {
  const world = worldOf(await embedded(request.stuckAfterMs), files);
  const sibling = (): Promise<never> => Promise.reject(new Error("no server"));
  const wanted = {
    method: "embedded",
    engine: "pglite",
    timeLimitMs: undefined,
    ...request,
  } as const;
  try {
    const parts = new Set(inPart.map(versionOf));
    const base = { ...baseOf(setOf(written), versions), inPart: parts };
    return await runVerify(world, sibling, wanted, base);
  } finally {
    await world.database[Symbol.asyncDispose]();
  }
}

export interface Told {
  readonly kind: string;
  readonly what: string;
  readonly gaps: readonly string[];
  readonly others: readonly string[];
}

export function told(order: OrderReport | undefined): readonly Told[] {
  return (order?.findings ?? []).map(({ kind, what, gaps, others }) => ({
    kind,
    what,
    gaps: gaps.map((one) => one.id),
    others: others.map((one) => one.id),
  }));
}
