import type { Doubts } from "./apply/context.ts";
import { raiseBarrier } from "./apply/stage.ts";
import { refuseUnprivileged, wantedFor } from "./apply/preflight.ts";
import type { AppliedSet, Migration, MigrationSet } from "./core/migration.ts";
import { findTarget, plan } from "./core/plan.ts";
import type { Problem, ServerMessage } from "./core/problem.ts";
import { mostLosses, pollMs } from "./core/retry.ts";
import { prepareTracker } from "./ledger/record.ts";
import { withLock } from "./locked.ts";
import type { UpOutcome } from "./outcome.ts";
import { isBehindPooler } from "./pooler.ts";
import { Refusal, type Session, SqlError, type World } from "./ports.ts";
import { readBeside } from "./read-set.ts";
import type { MigrateRequest } from "./request.ts";
import { knownSurvey, parseFor, survey } from "./survey.ts";

/**
 * Applies what is pending, lowest version first, gaps included. `up` is this and nothing else;
 * what rehearses or checks a run calls it with another World.
 *
 * A connection that is lost leaves in doubt what was sent over it. Then all is done again in a new
 * session: the lock first, which the old backend holds until it has ended, and only then the
 * tracker is read (research: mechanisms, M8). What it says there is no guess.
 */
export async function migrate(world: World, request: MigrateRequest): Promise<UpOutcome> {
  const reading = readBeside(world.source, world.reporter);
  // An embedded Postgres is in this process, and starts with what the files ask for.
  const set = world.database.hasManySessions === true ? reading : await reading;

  const progress: Progress = { applied: [], pending: [], doubts: new Map() };
  for (let losses = 1; ; losses++) {
    const known = progress.applied.length;
    const ended = await runOnce(world, request, { set, reading, progress });
    if (ended.kind === "ended") return upOutcome(progress, ended.problems);

    // Whatever was applied in between, the database was there for it.
    if (progress.applied.length > known) losses = 1;
    const { clock, database, interruption, reporter } = world;
    const isOver = losses > mostLosses || interruption.signal !== undefined;
    if (isOver || database.canBeReopened !== true) return upOutcome(progress, [ended.problem]);
    const [migration] = inDoubt(progress);
    reporter.report({ kind: "reconnecting", migration, reason: ended.reason });
    await clock.sleep(pollMs(losses, clock.random()));
  }
}

/** What is known of a run, over all its sessions. */
interface Progress {
  readonly applied: Migration[];
  /** What was not applied when it was last read. */
  pending: readonly Migration[];
  /** What was sent, and not known to be durable, when the connection was lost. */
  readonly doubts: Doubts;
  /** How it was lost. */
  loss?: ServerMessage;
}

interface Errand {
  readonly set: MigrationSet | Promise<MigrationSet>;
  readonly reading: Promise<MigrationSet>;
  readonly progress: Progress;
}

type Ended =
  | { readonly kind: "ended"; readonly problems: readonly Problem[] }
  | { readonly kind: "lost"; readonly reason: string; readonly problem: Problem };

/** One session. What it refuses is thrown, unless a session before it has begun the work. */
async function runOnce(world: World, request: MigrateRequest, errand: Errand): Promise<Ended> {
  const { progress } = errand;
  try {
    return await applyUnderLock(world, request, errand);
  } catch (error) {
    if (error instanceof SqlError && error.kind === "lost") {
      progress.loss = error.server;
      const { message } = error.server;
      const problem = {
        code: "connection-lost",
        doing: "working on the tracker",
        message,
      } as const;
      return { kind: "lost", reason: message, problem: unknownOutcome(progress) ?? problem };
    }
    if (!(error instanceof Refusal) || progress.pending.length === 0) throw error;
    const unknown = unknownOutcome(progress);
    return { kind: "ended", problems: [...(unknown ? [unknown] : []), ...error.problems] };
  }
}

function applyUnderLock(
  world: World,
  request: MigrateRequest,
  { set: given, reading, progress }: Errand,
): Promise<Ended> {
  const { reporter } = world;
  const watching: World = {
    ...world,
    reporter: {
      report(event) {
        reporter.report(event);
        if (event.kind === "applied") progress.applied.push(event.migration);
      },
    },
  };

  const asked = { ...request, asksDigest: progress.doubts.size === 0 };
  return withLock(watching, asked, given, async (locked) => {
    const { session, facts, lockKey, known, settings } = locked;
    const { tracker, newHere } = request;
    const set = await reading;
    const target = findTarget(set, request.to);
    if (!target.ok) throw new Refusal(target.problems);
    const policy = { ...request, target: target.value };
    const seen =
      knownSurvey(set, facts, known) ??
      (await survey(session, tracker, set, facts, newHere, "writing"));
    await settleDoubts(watching, session, progress, seen.state.applied);
    const planned = plan(seen.diff, policy, await parseFor(seen.diff, world.parser));
    const problems: Problem[] = [...seen.problems, ...(planned.ok ? [] : planned.problems)];
    if (problems.length > 0 || !planned.ok) throw new Refusal(problems);
    const { plan: steps, left } = planned.value;
    progress.pending = [...steps.map((step) => step.entry), ...left].map((one) => one.migration);

    const wanted = wantedFor(steps, seen.state.facts, seen.adoption !== undefined);
    if (wanted !== undefined) {
      await refuseUnprivileged(session, request.tracker, seen.state.facts, wanted);
    }
    for (const note of planned.value.notes) reporter.report({ kind: "history-note", note });
    await prepareTracker(session, request.tracker, seen.state.facts, seen.adoption);
    if (seen.adoption !== undefined) reporter.report({ kind: "adopted", adoption: seen.adoption });

    if (steps.length === 0) {
      // Another runner may have died behind a COMMIT that did not wait for the disk.
      locked.rest.isUndurable =
        seen.state.isRecent &&
        world.database.canBeReopened === true &&
        session.bracket === undefined;
      return { kind: "ended", problems: [] };
    }
    const { role, login } = facts;
    const { lockRetryForMs } = request;
    const context = {
      world: watching,
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
    // A run with nothing to do is spared it.
    const { apply } = await import("./apply/apply.ts");
    const problem = await apply(steps, context, isPipelined);
    if (problem === undefined) return { kind: "ended", problems: [] };
    if (problem.code !== "outcome-unknown") return { kind: "ended", problems: [problem] };
    progress.loss = problem.error;
    const unknown = unknownOutcome(progress) ?? problem;
    return { kind: "lost", reason: problem.error.message, problem: unknown };
  });
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

/** What was running first. */
function inDoubt({ doubts }: Pick<Progress, "doubts">): readonly Migration[] {
  const all = [...doubts.values()];
  const running = all.filter((one) => one.isAcknowledged !== true);
  const others = all.filter((one) => one.isAcknowledged === true);
  return [...running, ...others].map(({ entry }) => entry.migration);
}

function unknownOutcome({ doubts, loss }: Progress): Problem | undefined {
  const [first, ...others] = inDoubt({ doubts });
  if (first === undefined || loss === undefined) return undefined;
  const { id, version } = first;
  const rest = others.length === 0 ? {} : { others: others.map((one) => one.id) };
  return { code: "outcome-unknown", id, version, ...rest, error: loss };
}

function upOutcome({ applied, pending }: Progress, problems: readonly Problem[]): UpOutcome {
  const done = new Set(applied);
  return { kind: "up", applied, left: pending.filter((one) => !done.has(one)), problems };
}
