/** The four ways to rehearse. Each says where the migrations run, and calls the same loop. */
import { connectToRead } from "../connect.ts";
import { changesOf } from "../core/kept.ts";
import { diff } from "../core/diff.ts";
import { appliedSetOf, type MigrationSet } from "../core/migration.ts";
import type { PlannedMigration } from "../core/plan.ts";
import { appliedOrder, type Base } from "../core/order.ts";
import { plan } from "../core/plan.ts";
import { reachOf } from "../core/reach.ts";
import type { Adoption } from "../core/takeover.ts";
import type { Unverified, Verdict } from "../core/verdict.ts";
import { readFacts } from "../ledger/facts.ts";
import { ensureRoles, otherClients, readKept } from "../ledger/rehearsal.ts";
import { settingsFor } from "../ledger/settings.ts";
import { withLock } from "../locked.ts";
import type { Leftovers } from "../outcome.ts";
import { deferred } from "../deferred.ts";
import { type Database, Refusal, type Session } from "../ports.ts";
import type { RehearsalRequest } from "../request.ts";
import { survey } from "../survey.ts";
import { findFaults } from "./faults.ts";
import { replay } from "./replay.ts";
import { type Rehearsal, rehearse, type Rehearsed } from "./rehearse.ts";
import { databaseIn, inRollback } from "./rolledback.ts";
import { inScratch, type ScratchOptions } from "./scratch.ts";

export interface Findings extends Rehearsed {
  readonly pending: number;
  readonly adoption: Adoption | undefined;
  readonly leftovers: Leftovers;
  /** What was applied before. */
  readonly base: Base | undefined;
  /** What of it could not be replayed. */
  readonly leftOut: readonly Verdict[];
}

/** Everything for real: in the embedded Postgres, or in a database made for it, on the base or from empty. */
export async function fromEmpty(
  rehearsal: Rehearsal,
  set: MigrationSet,
  request: RehearsalRequest,
  base: Base | undefined,
): Promise<Findings> {
  const database = withRoles(rehearsal.world.database, request.roles);
  const world = { ...rehearsal.world, database };
  const reading = deferred<readonly PlannedMigration[]>();
  // The engine starts in its own thread while this one reads the files.
  const finding = connectToRead(world, request, set, async (session) =>
    findFaults(session, set, await reading.promise, rehearsal.parse),
  );
  let steps: readonly PlannedMigration[];
  try {
    steps = pendingIn(
      rehearsal,
      diff(set, base?.applied ?? appliedSetOf([]), base?.progress),
      request,
    );
  } catch (error) {
    // The engine is not waited for: it ends with its database.
    finding.catch(() => undefined);
    throw error;
  }
  reading.resolve(steps);
  const faults = await finding;
  const pending = steps.length;
  const order = base === undefined ? [] : appliedOrder(base, set);
  const replayBase = (): Promise<Rehearsed> => replay({ ...rehearsal, world }, set, order);
  const replayed = order.length === 0 ? nothingToReplay : await replayBase();
  const failed = replayed.verdicts.find((one) => one.result === "failed");
  const leftOut = replayed.verdicts.filter((one) => one.result === "not verified");
  const found = { pending, adoption: undefined, leftovers: none, base, leftOut };
  if (replayed.problem !== undefined) return { ...replayed, ...found, verdicts: [] };
  if (failed?.result === "failed") {
    const { migration, problem } = failed;
    throw new Refusal([{ code: "base-failed", id: migration.id }, problem]);
  }
  const onBase = order.length === 0 ? database : withBase(database, replayBase);
  const unfit = new Map([...(base?.inPart ?? [])].map((version) => [version, inPart] as const));
  const rehearsed = await rehearse(
    { ...rehearsal, world: { ...world, database: onBase }, faults, unfit },
    steps,
    leftOut.map((one) => one.migration),
    leftOut,
  );
  return { ...rehearsed, ...found };
}

export function inScratchDatabase(
  rehearsal: Rehearsal,
  set: MigrationSet,
  request: RehearsalRequest,
  base: Base | undefined,
  sibling: ScratchOptions["sibling"],
): Promise<Findings> {
  return inAnotherScratch(rehearsal, set, request, sibling, (database) => {
    const world = { ...rehearsal.world, database };
    return fromEmpty({ ...rehearsal, world }, set, request, base);
  });
}

/** Any number of them at the same time. */
export function inAnotherScratch<T>(
  { world }: Rehearsal,
  set: MigrationSet,
  { tracker, connectTimeoutMs, pooler }: RehearsalRequest,
  sibling: ScratchOptions["sibling"],
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const options = { set, tracker, connectTimeoutMs, pooler, sibling };
  return inScratch(world, options, work);
}

/** On the data of a given database, which is as before in the end: all at once, or one by one. */
export function rolledBack(
  rehearsal: Rehearsal,
  set: MigrationSet,
  request: RehearsalRequest,
): Promise<Findings> {
  const { world, method } = rehearsal;
  const { database } = world;
  return withLock(world, request, set, async ({ session, facts }) => {
    if (request.others === "refused") await refuseOthers(rehearsal, session);
    const seen = await survey(session, request.tracker, set, facts, request.newHere);
    if (seen.problems.length > 0) throw new Refusal(seen.problems);
    const steps = pendingIn(rehearsal, seen.diff, request);
    const faults = await findFaults(session, set, steps, rehearsal.parse);
    const before = await readKept(session);
    const own = { login: facts.login, settings: settingsFor(facts.server) };
    const run = (
      some: readonly PlannedMigration[],
      earlier: readonly Verdict[],
    ): Promise<Rehearsed> =>
      inRollback(session, own, (rehearsing) => {
        const on = databaseIn(rehearsing, database.label);
        const others = steps.filter((one) => !some.includes(one));
        const hidden = others.map(({ entry }) => entry.migration);
        const inside = { ...rehearsal, world: { ...world, database: on }, faults };
        return rehearse(inside, some, hidden, earlier);
      });
    const rehearsed = method === "isolated" ? await oneByOne(steps, run) : await run(steps, []);
    // A lost connection or a signal: nobody is left to ask.
    const isOver = rehearsed.problem !== undefined;
    const changes = isOver ? [] : changesOf(before, await readKept(session));
    const ran = rehearsed.verdicts.filter((one) => one.result !== "not verified");
    const statements = steps
      .filter(({ entry }) => ran.some((one) => one.migration.version === entry.version))
      .flatMap(({ script }) =>
        reachOf(script, rehearsal.parse)
          .filter((reach) => reach.kind === "kept")
          .map(({ what, place }) => ({ migration: script.migration, what, line: place.line })),
      );
    const leftovers = { changes, statements };
    const rows = seen.diff.entries.flatMap((entry) =>
      entry.kind === "pending" ? [] : [entry.row],
    );
    const { progress } = seen.state;
    const inPart = new Set(progress.map((row) => row.version));
    const base = { label: database.label, applied: appliedSetOf(rows), inPart, progress };
    const { adoption } = seen;
    return { ...rehearsed, pending: steps.length, adoption, leftovers, base, leftOut: [] };
  });
}

async function oneByOne(
  steps: readonly PlannedMigration[],
  run: (some: readonly PlannedMigration[], earlier: readonly Verdict[]) => Promise<Rehearsed>,
): Promise<Rehearsed> {
  const verdicts: Verdict[] = [];
  for (const step of steps) {
    const { verdicts: own, problem, during } = await run([step], verdicts);
    verdicts.push(...own);
    if (problem !== undefined) return { verdicts, problem, during };
  }
  return { verdicts, problem: undefined, during: undefined };
}

/** @throws Refusal for what `up` would not run either. */
function pendingIn(
  { parse, world }: Rehearsal,
  diffed: ReturnType<typeof diff>,
  { checksums }: RehearsalRequest,
): readonly PlannedMigration[] {
  const planned = plan(diffed, { target: undefined, checksums, unknown: "warn" }, parse);
  if (!planned.ok) throw new Refusal(planned.problems);
  for (const note of planned.value.notes) world.reporter.report({ kind: "history-note", note });
  return planned.value.plan;
}

/** A client that has just gone is seen for a moment longer. */
async function refuseOthers({ world }: Rehearsal, session: Session): Promise<void> {
  const startMs = world.clock.nowMs();
  for (;;) {
    const clients = await otherClients(session);
    if (clients.length === 0) return;
    if (world.clock.nowMs() - startMs > goodbyeMs) {
      throw new Refusal([{ code: "other-clients", database: world.database.label, clients }]);
    }
    await world.clock.sleep(100);
  }
}

/** An engine that had to be ended takes the base along: the next one is given it again. */
function withBase(database: Database, replayBase: () => Promise<Rehearsed>): Database {
  const replayAgain = async (): Promise<void> => {
    const { verdicts, problem } = await replayBase();
    const failed = verdicts.find((one) => one.result === "failed");
    const why = problem ?? (failed?.result === "failed" ? failed.problem : undefined);
    if (why !== undefined) throw new Refusal([why]);
  };
  return {
    ...database,
    async session(options, work) {
      const isThere = await database.session(options, (session) =>
        Promise.resolve(readFacts(session.opening).tracker !== undefined),
      );
      if (!isThere) await replayAgain();
      return database.session(options, work);
    },
  };
}

export function withRoles(database: Database, roles: readonly string[]): Database {
  return {
    label: database.label,
    session: (options, work) =>
      database.session(options, async (session) => {
        await ensureRoles(session, roles);
        return work(session);
      }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

const inPart: Unverified = {
  reason: "it stopped at a statement, and is applied in part: from its first one it is another run",
  way: "run `lacuna up`, which goes on where it stopped",
};
const nothingToReplay: Rehearsed = { verdicts: [], problem: undefined, during: undefined };
const none: Leftovers = { changes: [], statements: [] };
const goodbyeMs = 1000;
