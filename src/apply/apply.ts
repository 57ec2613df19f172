/** The one loop that executes a Plan, and nothing else does. */
import type { PendingEntry } from "../core/entry.ts";
import type { Plan, PlannedMigration } from "../core/plan.ts";
import { type Problem, sqlProblem } from "../core/problem.ts";
import { SqlError } from "../ports.ts";
import { type ApplyContext, resetSession } from "./context.ts";
import { newPipeline, type Pipeline } from "./pipeline.ts";
import { newStage } from "./stage.ts";
import { applySteps } from "./steps.ts";
import { applyTransaction, type Sent } from "./transaction.ts";
import { watched } from "./watch.ts";

/** What `apply` itself sees to. */
type Given = Omit<ApplyContext, "stage" | "grounded">;

/**
 * Applies a plan in order, reports each migration as it is applied, and stops at the first that
 * fails: the result says why. `context.doubts` are those of which nobody knows, where the connection
 * is lost.
 *
 * @throws SqlError of kind `lost` where that was not while a migration ran.
 */
export async function apply(
  plan: Plan,
  given: Given,
  isPipelined: boolean,
): Promise<Problem | undefined> {
  const stage = newStage(given.world.reporter, given.doubts);
  const world = { ...given.world, reporter: stage };
  const context: ApplyContext = {
    ...given,
    world,
    stage,
    grounded: (isOfConvoy) => pipeline.grounded(isOfConvoy),
  };
  const pipeline = await newPipeline(plan, context, isPipelined);
  try {
    return await applyAll(plan, context, pipeline);
  } finally {
    stage.abandon();
  }
}

async function applyAll(
  plan: Plan,
  context: ApplyContext,
  pipeline: Pipeline,
): Promise<Problem | undefined> {
  const { stage } = context;
  const { clock, interruption } = context.world;
  let isReset = true;
  let freeMs = clock.nowMs();

  for (const [index, planned] of plan.entries()) {
    const { entry } = planned;
    try {
      if (!isReset) await resetBehind(context);
      const sent = pipeline.board(index);
      // Nothing is on its way where nothing was sent.
      if (sent === undefined) await stage.settle(context.session);
      const { signal } = interruption;
      if (sent === undefined && signal !== undefined) return { code: "interrupted", signal };

      const problem = await applyOne(planned, context, sent);
      if (problem !== undefined) return await ended(problem, entry, context);
      isReset = sent !== undefined && (await sent.reply).handsOn;
      const elapsedMs = clock.nowMs() - freeMs;
      freeMs = clock.nowMs();
      stage.hold({ kind: "applied", migration: entry.migration, isGap: isGap(entry), elapsedMs });
      if (sent?.isDurable !== false) stage.release();
    } catch (error) {
      if (!(error instanceof SqlError) || error.kind === "lost") throw error;
      // What fails beside the migration itself (a reset, a look at the catalog) is its failure too.
      const doing = `working on ${entry.migration.id}`;
      const problem = sqlProblem(error.kind, error.server, doing, interruption.signal);
      return await ended(problem, entry, context);
    }
  }
  await stage.settle(context.session);
  return undefined;
}

/** The last one did not hand on, so what was sent behind it has failed. */
async function resetBehind(context: ApplyContext): Promise<void> {
  if ((await context.grounded()) > 0) await context.session.undo();
  await resetSession(context);
}

function applyOne(
  { entry, script }: PlannedMigration,
  context: ApplyContext,
  sent: Sent | undefined,
): Promise<Problem | undefined> {
  const { stage, doubts, world } = context;
  const { version, migration } = entry;
  if (sent === undefined) doubts.set(version, { entry, startMs: world.clock.nowMs() });
  stage.report({ kind: "applying", migration, isGap: isGap(entry) });
  return watched(context, migration, (watching) =>
    script.mode === "transaction"
      ? applyTransaction(script, watching, sent)
      : applySteps(script, watching),
  );
}

/** A failure is told behind what was applied before it, and that only when it is durable. */
async function ended(
  problem: Problem,
  { version }: PendingEntry,
  { stage, doubts, session }: ApplyContext,
): Promise<Problem> {
  if (problem.code === "outcome-unknown") return problem;
  doubts.delete(version);
  await stage.settle(session);
  return problem;
}

function isGap({ states }: PendingEntry): boolean {
  return states.includes("gap");
}
