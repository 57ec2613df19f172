/** The one loop that executes a Plan, and nothing else does. */
import type { Migration } from "../core/migration.ts";
import type { Plan, PlannedMigration } from "../core/plan.ts";
import { type Problem, sqlProblem } from "../core/problem.ts";
import { SqlError } from "../ports.ts";
import { type ApplyContext, resetSession } from "./context.ts";
import { applySteps } from "./steps.ts";
import { applyTransaction } from "./transaction.ts";

export interface ApplyResult {
  readonly applied: readonly Migration[];
  readonly problems: readonly Problem[];
}

/** Applies a plan in order and stops at the first migration that fails. */
export async function apply(plan: Plan, context: ApplyContext): Promise<ApplyResult> {
  const { world } = context;
  const applied: Migration[] = [];
  for (const planned of plan) {
    const { signal } = world.interruption;
    if (signal !== undefined) return { applied, problems: [{ code: "interrupted", signal }] };

    const { migration } = planned.entry;
    const isGap = planned.entry.states.includes("gap");
    const startMs = world.clock.nowMs();
    const problem = await tryOne(planned, applied.length > 0, context);
    if (problem !== undefined) return { applied, problems: [problem] };

    applied.push(migration);
    const elapsedMs = world.clock.nowMs() - startMs;
    world.reporter.report({ kind: "applied", migration, isGap, elapsedMs });
  }
  return { applied, problems: [] };
}

/** What fails beside the migration itself (a reset, a look at the catalog) is its failure too. */
async function tryOne(
  planned: PlannedMigration,
  needsReset: boolean,
  context: ApplyContext,
): Promise<Problem | undefined> {
  const { world } = context;
  const { migration, states } = planned.entry;
  try {
    if (needsReset) await resetSession(context);
    world.reporter.report({ kind: "applying", migration, isGap: states.includes("gap") });
    return await applyOne(planned, context);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const { signal } = world.interruption;
    return sqlProblem(error.kind, error.server, `working on ${migration.id}`, signal);
  }
}

function applyOne(planned: PlannedMigration, context: ApplyContext): Promise<Problem | undefined> {
  return planned.script.mode === "transaction"
    ? applyTransaction(planned.script, context)
    : applySteps(planned.script, context);
}
