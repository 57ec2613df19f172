/**
 * A `no-transaction` file: each statement by itself, with its progress recorded, so that a
 * rerun resumes at the statement that failed (research: mechanisms, M4).
 *
 * What can run in a transaction shares one with the record that it is done: exactly once. What
 * cannot is recorded as started before it and as done after it: at least once, and what a
 * dead runner left of it is looked at before it is run again.
 */
import { type MigrationContext, noticesOf } from "./context.ts";
import { invalidIndexOf, lookAt, type StepRun } from "./leftover.ts";
import { type Cargo, fly } from "./transaction.ts";
import { offsetOfPosition, placeOf } from "../core/locate.ts";
import type { ProgressRow } from "../core/migration.ts";
import type { Kept, Problem } from "../core/problem.ts";
import { isLockTimeout } from "../core/retry.ts";
import type { StatementScript, Step } from "../core/script.ts";
import {
  doneFlight,
  type Flight,
  type FlightContext,
  recordFlight,
  startedFlight,
  stepFlight,
} from "../ledger/flight.ts";
import type { Version } from "../core/version.ts";
import { leftoverOf } from "../ledger/leftovers.ts";
import { ensureProgress, forgetStarted } from "../ledger/record.ts";
import { ownLockTimeoutMs, swapSettings } from "../ledger/settings.ts";
import { readProgress } from "../ledger/state.ts";
import { SqlError } from "../ports.ts";

export async function applySteps(
  script: StatementScript,
  context: MigrationContext,
): Promise<Problem | undefined> {
  const { session, tracker, world } = context;
  const { migration, steps } = script;
  await ensureProgress(session, tracker);
  // Read again: the table may be younger than the facts that the survey went by.
  const progress = await readProgress(session, tracker, migration.version);
  const stateOf = (step: Step): ProgressRow | undefined =>
    progress.find((row) => row.statement === step.number);
  const edited = steps.find((step) => {
    const row = stateOf(step);
    return row?.state === "done" && row.digest !== step.digest;
  });
  if (edited !== undefined) {
    const { version, up } = migration;
    return { code: "edited-progress", version, path: up.path, statement: edited.number };
  }
  const next = steps.find((step) => stateOf(step)?.state !== "done");
  if (progress.length > 0 && next !== undefined) {
    const at = { statement: next.number, of: steps.length };
    world.reporter.report({ kind: "resuming", migration, ...at });
  }

  for (const step of steps) {
    const { signal } = world.interruption;
    if (signal !== undefined) {
      return {
        code: "interrupted",
        signal,
        during: { id: migration.id, kept: keptBefore(script, step) },
      };
    }
    const problem = await runStep({ script, step, context }, stateOf(step));
    if (problem !== undefined) return problem;
  }
  return (await invalidIndexOf(script, context)) ?? record(script, context);
}

async function runStep(run: StepRun, row: ProgressRow | undefined): Promise<Problem | undefined> {
  const { script, step, context } = run;
  const { kind } = step.statement;
  if (row?.state === "done") {
    // The session that set it is gone, and what comes behind needs it again.
    return kind === "setting" ? sendAlone(run) : undefined;
  }
  const problem = await runUndone(run, row);
  if (problem !== undefined) return problem;
  const at = { statement: step.number, of: script.steps.length };
  context.world.reporter.report({ kind: "statement-done", migration: script.migration, ...at });
  return undefined;
}

async function runUndone(run: StepRun, row: ProgressRow | undefined): Promise<Problem | undefined> {
  const { kind } = run.step.statement;
  if (kind === "plain") return flyStep(run, stepFlight);
  if (kind === "setting") return (await sendAlone(run)) ?? flyNote(run, doneFlight);

  // What an edited statement finds was not made by it. CALL and DO stay unknown all the same.
  const isSame = row?.digest === run.step.digest || kind === "procedural";
  const found = row?.state === "started" && isSame ? await lookAt(run, row) : "run";
  if (typeof found === "object") return found;
  if (found === "done") return flyNote(run, doneFlight);
  return (await startAndSend(run)) ?? flyNote(run, doneFlight);
}

/**
 * `started` says that what the statement makes was not there before it: so what is there when
 * it is looked at later was made by it. A statement that finds its work done by somebody else
 * is sent without that note (and PostgreSQL judges it), and one that failed and left nothing
 * behind takes the note back.
 */
async function startAndSend(run: StepRun): Promise<Problem | undefined> {
  const { session } = run.context;
  const { statement } = run.step;
  const isThere = (await leftoverOf(session, statement)) === "complete";
  const problem =
    (isThere ? undefined : await flyNote(run, startedFlight)) ?? (await sendLimited(run));
  if (problem?.code !== "migration-failed" || isThere || statement.kind === "procedural")
    return problem;
  if ((await leftoverOf(session, statement)) !== "partial") {
    // Without it the next run looks at the statement once more, and that is all.
    await forgetStarted(
      session,
      run.context.tracker,
      run.script.migration.version,
      run.step.number,
    ).catch(() => undefined);
  }
  return problem;
}

/**
 * A lock timeout in the middle of a concurrent build would leave an INVALID index, so there is
 * none; other statements obey the header, or what the file has set. Both are put back.
 */
async function sendLimited(run: StepRun): Promise<Problem | undefined> {
  const { session } = run.context;
  const { lockTimeoutMs, statementTimeoutMs } = run.script.migration.directives;
  const { statement } = run.step;
  const isConcurrent = statement.kind === "outside" && statement.concurrently;
  const limits = {
    lock_timeout: isConcurrent ? 0 : lockTimeoutMs,
    statement_timeout: statementTimeoutMs,
    // A client that is gone is noticed later here: the server may finish the index without it. It
    // counts from the next check on, for which the server's timer runs already.
    client_connection_check_interval: isConcurrent ? "10s" : undefined,
  };
  const before = await swapSettings(session, limits);
  const problem = await sendAlone(run, limits.lock_timeout ?? ownLockTimeoutMs);
  if (problem === undefined) await swapSettings(session, before);
  return problem;
}

/** Sends the statement as a message of its own, in no transaction of ours. */
async function sendAlone(
  { script, step, context }: StepRun,
  lockTimeoutMs: number = ownLockTimeoutMs,
): Promise<Problem | undefined> {
  const { id, version, up } = script.migration;
  const { session, watch } = context;
  try {
    await watch.during(lockTimeoutMs, () =>
      session.run(step.sql, noticesOf(context.world, script.migration)),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const { position } = error.server;
    if (error.kind === "lost") {
      return { code: "outcome-unknown", id, version, error: error.server };
    }
    const { signal } = context.world.interruption;
    if (signal !== undefined) {
      return { code: "interrupted", signal, during: { id, kept: keptBefore(script, step) } };
    }
    const within = position === undefined ? 0 : (offsetOfPosition(step.sql, position, 0) ?? 0);
    return {
      code: "migration-failed",
      id,
      path: up.path,
      error: error.server,
      place: placeOf(script.text, step.span.start + within),
      stage: { kind: "statement", number: step.number, of: script.steps.length },
      kept: keptBefore(script, step),
      attempts: 1,
      ...(isLockTimeout(error.server) && watch.blockers.length > 0
        ? { blockers: watch.blockers }
        : {}),
    };
  }
}

type ComposeStep = (version: Version, step: Step, context: FlightContext) => Flight;

/** A flight that carries the statement. */
function flyStep(run: StepRun, compose: ComposeStep): Promise<Problem | undefined> {
  const { step } = run;
  return flyFor(run, { bodyOffset: step.span.start, statements: [step.span] }, compose);
}

/** A flight that only writes down how far the file came. */
function flyNote(run: StepRun, compose: ComposeStep): Promise<Problem | undefined> {
  return flyFor(run, { bodyOffset: 0, statements: [] }, compose);
}

function flyFor(
  { script, step, context }: StepRun,
  body: Pick<Cargo, "bodyOffset" | "statements">,
  compose: ComposeStep,
): Promise<Problem | undefined> {
  const { migration, text, steps } = script;
  const cargo: Cargo = {
    migration,
    text,
    ...body,
    firstNumber: step.number,
    of: steps.length,
    kept: keptBefore(script, step),
    indexes: [],
    compose: (flown) => compose(migration.version, step, flown),
  };
  return fly(cargo, context);
}

/** The tracker row; the progress goes away with it. */
function record(script: StatementScript, context: MigrationContext): Promise<Problem | undefined> {
  const { migration, text, steps } = script;
  const cargo: Cargo = {
    migration,
    text,
    bodyOffset: 0,
    statements: [],
    firstNumber: 1,
    of: steps.length,
    kept: { kind: "statements", done: steps.length, of: steps.length },
    indexes: [],
    compose: (flown) => recordFlight(migration, flown),
  };
  return fly(cargo, context);
}

function keptBefore({ steps }: StatementScript, step: Step): Kept {
  return { kind: "statements", done: step.number - 1, of: steps.length };
}
