import { apply, type InDoubt } from "./apply/apply.ts";
import { refuseUnprivileged, wantedFor } from "./apply/preflight.ts";
import type { AppliedSet, Migration, MigrationSet } from "./core/migration.ts";
import { findTarget, plan, type Policy } from "./core/plan.ts";
import type { Problem } from "./core/problem.ts";
import { mostLosses, pollMs } from "./core/retry.ts";
import { prepareTracker } from "./ledger/record.ts";
import { settingsFor } from "./ledger/settings.ts";
import { withLock } from "./locked.ts";
import type { UpOutcome } from "./outcome.ts";
import { Refusal, SqlError, type World } from "./ports.ts";
import { readSet } from "./read-set.ts";
import type { MigrateRequest } from "./request.ts";
import { parseFor, survey } from "./survey.ts";

/**
 * Applies what is pending, lowest version first, gaps included. `up` is this and nothing else;
 * what rehearses or checks a run calls it with another World.
 *
 * A connection that is lost leaves in doubt what was sent over it. Then all is done again in a new
 * session: the lock first, which the old backend holds until it has ended, and only then the
 * tracker is read (research: mechanisms, M8). What it says there is no guess.
 */
export async function migrate(world: World, request: MigrateRequest): Promise<UpOutcome> {
  const set = await readSet(world.source, world.reporter);
  const target = findTarget(set, request.to);
  if (!target.ok) throw new Refusal(target.problems);
  const policy = { ...request, target: target.value };

  const progress: Progress = { applied: [], pending: [], inDoubt: undefined };
  for (let losses = 1; ; losses++) {
    const known = progress.applied.length;
    const ended = await runOnce(world, request, { set, policy, progress });
    if (ended.kind === "ended") return upOutcome(progress, ended.problems);

    // Whatever was applied in between, the database was there for it.
    if (progress.applied.length > known) losses = 1;
    const { clock, database, interruption, reporter } = world;
    const isOver = losses > mostLosses || interruption.signal !== undefined;
    if (isOver || database.canBeReopened !== true) return upOutcome(progress, [ended.problem]);
    const migration = progress.inDoubt?.entry.migration;
    reporter.report({ kind: "reconnecting", migration, reason: ended.reason });
    await clock.sleep(pollMs(losses, clock.random()));
  }
}

/** What is known of a run, over all its sessions. */
interface Progress {
  applied: readonly Migration[];
  /** What was not applied when it was last read. */
  pending: readonly Migration[];
  /** What was sent when the connection was lost. */
  inDoubt: InDoubt | undefined;
}

interface Errand {
  readonly set: MigrationSet;
  readonly policy: Policy;
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
  { set, policy, progress }: Errand,
): Promise<Ended> {
  const { reporter } = world;
  const watching: World = {
    ...world,
    reporter: {
      report(event) {
        reporter.report(event);
        if (event.kind === "applied") progress.applied = [...progress.applied, event.migration];
      },
    },
  };

  return withLock(watching, request, set, async ({ session, facts, lockKey, read }) => {
    const { tracker, newHere } = request;
    const seen = await survey(session, tracker, set, facts, newHere, "writing", read);
    settleDoubt(watching, progress, seen.state.applied);
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

    const { role, login } = facts;
    const { lockRetryForMs } = request;
    const settings = settingsFor(facts.server);
    const context = {
      world: watching,
      session,
      tracker,
      lockKey,
      role,
      login,
      settings,
      lockRetryForMs,
    };
    const { problem, inDoubt } = await apply(steps, context);
    progress.inDoubt = inDoubt;
    if (problem === undefined) return { kind: "ended", problems: [] };
    return inDoubt === undefined
      ? { kind: "ended", problems: [problem] }
      : { kind: "lost", reason: inDoubt.error.message, problem };
  });
}

/**
 * Our row is there: it was applied. It is not: it was rolled back, and is pending again. Another's
 * under this version is theirs, and the diff says what it is.
 */
function settleDoubt({ clock, reporter }: World, progress: Progress, applied: AppliedSet): void {
  const { inDoubt } = progress;
  progress.inDoubt = undefined;
  if (inDoubt === undefined) return;
  const { migration, states } = inDoubt.entry;
  const row = applied.get(migration.version);
  if (row?.name !== migration.name || row.checksum !== migration.up.checksum) return;
  const elapsedMs = clock.nowMs() - inDoubt.startMs;
  reporter.report({ kind: "applied", migration, isGap: states.includes("gap"), elapsedMs });
}

function unknownOutcome({ inDoubt }: Progress): Problem | undefined {
  if (inDoubt === undefined) return undefined;
  const { id, version } = inDoubt.entry.migration;
  return { code: "outcome-unknown", id, version, error: inDoubt.error };
}

function upOutcome({ applied, pending }: Progress, problems: readonly Problem[]): UpOutcome {
  const done = new Set(applied);
  return { kind: "up", applied, left: pending.filter((one) => !done.has(one)), problems };
}
