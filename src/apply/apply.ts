/** The one loop that executes a Plan, and nothing else does. */
import type { PendingEntry } from "../core/entry.ts";
import type { Plan, PlannedMigration } from "../core/plan.ts";
import { type Problem, type ServerMessage, sqlProblem } from "../core/problem.ts";
import { SqlError } from "../ports.ts";
import { type ApplyContext, resetSession } from "./context.ts";
import { applySteps } from "./steps.ts";
import { applyTransaction } from "./transaction.ts";
import { watched } from "./watch.ts";

export interface ApplyResult {
  /** Why it stopped before the end of the plan. */
  readonly problem: Problem | undefined;
  /** What was sent when the connection was lost: nobody knows whether it was applied. */
  readonly inDoubt: InDoubt | undefined;
}

export interface InDoubt {
  readonly entry: PendingEntry;
  readonly startMs: number;
  readonly error: ServerMessage;
}

/**
 * Applies a plan in order, reports each migration as it is applied, and stops at the first that
 * fails. @throws SqlError of kind `lost` where the connection is lost and nothing is in doubt.
 */
export async function apply(plan: Plan, context: ApplyContext): Promise<ApplyResult> {
  const { world } = context;
  for (const [index, planned] of plan.entries()) {
    const { signal } = world.interruption;
    if (signal !== undefined)
      return { problem: { code: "interrupted", signal }, inDoubt: undefined };

    const { entry } = planned;
    const startMs = world.clock.nowMs();
    const problem = await tryOne(planned, index > 0, context);
    if (problem !== undefined) {
      const isInDoubt = problem.code === "outcome-unknown";
      return { problem, inDoubt: isInDoubt ? { entry, startMs, error: problem.error } : undefined };
    }
    const { migration, states } = entry;
    const elapsedMs = world.clock.nowMs() - startMs;
    world.reporter.report({ kind: "applied", migration, isGap: states.includes("gap"), elapsedMs });
  }
  return { problem: undefined, inDoubt: undefined };
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
    if (!(error instanceof SqlError) || error.kind === "lost") throw error;
    const { signal } = world.interruption;
    return sqlProblem(error.kind, error.server, `working on ${migration.id}`, signal);
  }
}

function applyOne(planned: PlannedMigration, context: ApplyContext): Promise<Problem | undefined> {
  const { script } = planned;
  return watched(context, planned.entry.migration, (watching) =>
    script.mode === "transaction"
      ? applyTransaction(script, watching)
      : applySteps(script, watching),
  );
}
