import type { MigrationSet } from "./core/migration.ts";
import type { Problem } from "./core/problem.ts";
import { mostLosses, pollMs } from "./core/retry.ts";
import { isReliable } from "./ledger/state.ts";
import { type Locked, restOnOthers, withLock } from "./locked.ts";
import type { UpOutcome } from "./outcome.ts";
import { Refusal, SqlError, type World } from "./ports.ts";
import { type Ended, inDoubt, type Progress, unknownOutcome } from "./progress.ts";
import { readBeside } from "./read-set.ts";
import type { MigrateRequest } from "./request.ts";

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

interface Errand {
  readonly set: MigrationSet | Promise<MigrationSet>;
  readonly reading: Promise<MigrationSet>;
  readonly progress: Progress;
}

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
    const set = await reading;
    if (request.to === undefined && isAllApplied(set, locked)) {
      if (locked.known?.isRecent === true) restOnOthers(world, locked);
      return { kind: "ended", problems: [] };
    }
    // A run with nothing to do is spared what judges files and applies them.
    const { applyPending } = await import("./pending.ts");
    return applyPending(watching, request, locked, set, progress);
  });
}

function isAllApplied(set: MigrationSet, { facts, known }: Locked): boolean {
  return known !== undefined && known.count === set.size && isReliable(known, facts);
}

function upOutcome({ applied, pending }: Progress, problems: readonly Problem[]): UpOutcome {
  const done = new Set(applied);
  return { kind: "up", applied, left: pending.filter((one) => !done.has(one)), problems };
}
