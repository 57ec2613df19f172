/** What `up` does under the lock where something is pending, or not all is known: survey, plan, apply. */
import { apply } from "./apply/apply.ts";
import { refuseUnprivileged, wantedFor } from "./apply/preflight.ts";
import { raiseBarrier } from "./apply/stage.ts";
import type { AppliedSet, MigrationSet } from "./core/migration.ts";
import { findTarget, plan } from "./core/plan.ts";
import type { Problem } from "./core/problem.ts";
import { prepareTracker } from "./ledger/record.ts";
import { type Locked, restOnOthers } from "./locked.ts";
import { isBehindPooler } from "./pooler.ts";
import { Refusal, type Session, type World } from "./ports.ts";
import { type Ended, type Progress, unknownOutcome } from "./progress.ts";
import type { MigrateRequest } from "./request.ts";
import { knownSurvey, parseFor, survey } from "./survey.ts";

/** @throws Refusal, and SqlError where the connection is lost. */
export async function applyPending(
  world: World,
  request: MigrateRequest,
  locked: Locked,
  set: MigrationSet,
  progress: Progress,
): Promise<Ended> {
  const { session, facts, lockKey, known, settings } = locked;
  const { tracker, newHere } = request;
  const target = findTarget(set, request.to);
  if (!target.ok) throw new Refusal(target.problems);
  const policy = { ...request, target: target.value };
  const seen =
    knownSurvey(set, facts, known) ??
    (await survey(session, tracker, set, facts, newHere, "writing"));
  await settleDoubts(world, session, progress, seen.state.applied);
  const planned = plan(seen.diff, policy, await parseFor(seen.diff, world.parser));
  const problems: Problem[] = [...seen.problems, ...(planned.ok ? [] : planned.problems)];
  if (problems.length > 0 || !planned.ok) throw new Refusal(problems);
  const { plan: steps, left } = planned.value;
  progress.pending = [...steps.map((step) => step.entry), ...left].map((one) => one.migration);

  const wanted = wantedFor(steps, seen.state.facts, seen.adoption !== undefined);
  if (wanted !== undefined) {
    await refuseUnprivileged(session, request.tracker, seen.state.facts, wanted);
  }
  for (const note of planned.value.notes) world.reporter.report({ kind: "history-note", note });
  await prepareTracker(session, request.tracker, seen.state.facts, seen.adoption);
  if (seen.adoption !== undefined)
    world.reporter.report({ kind: "adopted", adoption: seen.adoption });

  if (steps.length === 0) {
    if (seen.state.isRecent) restOnOthers(world, locked);
    return { kind: "ended", problems: [] };
  }
  const { role, login } = facts;
  const { lockRetryForMs } = request;
  const context = {
    world,
    session,
    tracker,
    lockKey,
    role,
    login,
    settings,
    lockRetryForMs,
    doubts: progress.doubts,
  };
  // Nobody who rehearses has use for it, and a pooler may not keep the order.
  const isPipelined =
    world.database.canBeReopened === true &&
    session.pipelines === true &&
    seen.state.facts.tracker?.isPlain !== false &&
    session.bracket === undefined &&
    !isBehindPooler(session, facts.backend);
  const problem = await apply(steps, context, isPipelined);
  if (problem === undefined) return { kind: "ended", problems: [] };
  if (problem.code !== "outcome-unknown") return { kind: "ended", problems: [problem] };
  progress.loss = problem.error;
  const unknown = unknownOutcome(progress) ?? problem;
  return { kind: "lost", reason: problem.error.message, problem: unknown };
}

/**
 * Our row is there: it was applied. It is not: it was rolled back, and is pending again. Another's
 * under this version is theirs, and the diff says what it is.
 *
 * The old backend may have committed without waiting for the disk: what is told is made durable.
 */
async function settleDoubts(
  { clock, reporter }: World,
  session: Session,
  { doubts }: Progress,
  applied: AppliedSet,
): Promise<void> {
  const ours = [...doubts.values()].filter(({ entry: { migration } }) => {
    const row = applied.get(migration.version);
    return row?.name === migration.name && row.checksum === migration.up.checksum;
  });
  if (ours.length > 0) await raiseBarrier(session);
  doubts.clear();
  for (const { entry, startMs } of ours) {
    const { migration, states } = entry;
    const elapsedMs = clock.nowMs() - startMs;
    reporter.report({ kind: "applied", migration, isGap: states.includes("gap"), elapsedMs });
  }
}
