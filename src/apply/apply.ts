/** The one loop that executes a Plan, and nothing else does. */
import type { Migration } from "../core/migration.ts";
import type { Plan, PlannedMigration } from "../core/plan.ts";
import type { Problem } from "../core/problem.ts";
import { type ApplyContext, resetSession } from "./context.ts";
import { applyStatements } from "./statements.ts";
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
    if (applied.length > 0) await resetSession(context);
    world.reporter.report({ kind: "applying", migration, isGap });
    const problem = await applyOne(planned, context);
    if (problem !== undefined) return { applied, problems: [problem] };

    applied.push(migration);
    const elapsedMs = world.clock.nowMs() - startMs;
    world.reporter.report({ kind: "applied", migration, isGap, elapsedMs });
  }
  return { applied, problems: [] };
}

function applyOne(planned: PlannedMigration, context: ApplyContext): Promise<Problem | undefined> {
  return planned.script.mode === "transaction"
    ? applyTransaction(planned.script, context)
    : applyStatements(planned.script, context);
}
