import { connectToRead } from "../connect.ts";
import { driftBetween } from "../core/drift.ts";
import { madeBy } from "../core/engine-lacks.ts";
import type { Entry } from "../core/entry.ts";
import { appliedSetOf, type MigrationSet } from "../core/migration.ts";
import { notesOf } from "../core/plan.ts";
import { standingOf } from "../core/standing.ts";
import type { Unreplayed } from "../core/told-apart.ts";
import type { DriftOutcome } from "../outcome.ts";
import { type Database, Refusal, type Session, type World } from "../ports.ts";
import { readSet } from "../read-set.ts";
import { describe, type Described, type Expected, makeExpected } from "../rehearsal/expected.ts";
import type { Rehearsal } from "../rehearsal/rehearse.ts";
import { inScratch } from "../rehearsal/scratch.ts";
import type { DriftRequest } from "../request.ts";
import { type Survey, survey } from "../survey.ts";
import type { TrackerName } from "../core/tracker.ts";
import type { Facts } from "../ledger/facts.ts";
import { findLegacyTables } from "../ledger/legacy.ts";

export interface DriftWorld extends World {
  /** An embedded Postgres, empty. */
  readonly embedded: () => Promise<Database>;
  /** The server of --scratch-on: a database of that name, or the one that the URL names. */
  readonly onServer: (name?: string) => Promise<Database>;
}

/** What the database has otherwise than its applied migrations make it. Reads only. */
export async function drift(world: DriftWorld, request: DriftRequest): Promise<DriftOutcome> {
  const set = await readSet(world.source, world.reporter);
  const { seen, described, legacy } = await connectToRead(
    world,
    request,
    set,
    (session, opening) => readWhileStill(world, session, opening, set, request),
    "read only",
  );
  const { contradictions } = standingOf(seen.diff);
  const problems = [...seen.problems, ...contradictions];
  if (problems.length > 0) throw new Refusal(problems);

  const expected = await replayElsewhere(world, request, set, seen, described);
  const unreplayed = [...expected.unreplayed, ...inPart(seen.diff.entries)];
  const circumstances = {
    expectedMajor: expected.major,
    actualMajor: described.major,
    printedAlike: expected.printedAlike,
    unreplayed,
    legacy,
  };
  const found = driftBetween(expected.schema, described.schema, circumstances, request.ignore);
  const findings = found.findings.length;
  return {
    kind: "drift",
    database: world.database.label,
    serverVersion: described.serverVersion,
    applied: seen.diff.entries.filter(isApplied).length,
    replayed: {
      where: request.scratchOn === undefined ? "embedded" : "scratch",
      serverVersion: expected.serverVersion,
    },
    drift: found,
    notes: notesOf(seen.diff, { checksums: "warn" }).filter(({ code }) => code !== "line-ends"),
    unreplayed,
    problems: findings === 0 ? [] : [{ code: "drift-found", findings }],
  };
}

interface Seen {
  readonly seen: Survey;
  readonly described: Described;
  readonly legacy: readonly TrackerName[];
}

/** No lock is taken, so somebody may migrate meanwhile: the tracker is read before and behind. */
async function readWhileStill(
  { database }: World,
  session: Session,
  opening: Facts,
  set: MigrationSet,
  request: DriftRequest,
): Promise<Seen> {
  const look = (): Promise<Survey> => survey(session, request.tracker, set, opening, false);
  let seen = await look();
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    const described = await describe(session, opening, request);
    const after = await look();
    if (trackerOf(seen) === trackerOf(after)) {
      return { seen, described, legacy: await findLegacyTables(session, request.tracker) };
    }
    seen = after;
  }
  throw new Refusal([{ code: "being-migrated", database: database.label }]);
}

function trackerOf({ state: { applied, progress } }: Survey): string {
  return JSON.stringify([[...applied.values()], progress]);
}

async function replayElsewhere(
  world: DriftWorld,
  request: DriftRequest,
  set: MigrationSet,
  { diff }: Survey,
  actual: Described,
): Promise<Expected> {
  const { scratchOn, tracker, connectTimeoutMs, pooler } = request;
  const rows = diff.entries.flatMap((one) => (one.kind === "pending" ? [] : [one.row]));
  const base = { label: world.database.label, applied: appliedSetOf(rows) };
  const parse = await world.parser.load();
  const make = (database: Database): Promise<Expected> => {
    const rehearsal: Rehearsal = {
      world: { ...world, database, reporter: { report: () => undefined } },
      request: {
        ...request,
        to: undefined,
        checksums: "warn",
        unknown: "warn",
        newHere: true,
        lockWaitMs: ownDatabaseMs,
        lockRetryForMs: 0,
      },
      method: scratchOn === undefined ? "embedded" : "scratch",
      ownsServer: false,
      parse,
      faults: new Map(),
      made: scratchOn === undefined ? madeBy(set) : undefined,
      provesResuming: false,
      running: { migration: undefined },
    };
    return makeExpected(rehearsal, set, base, actual, request);
  };
  if (scratchOn === undefined) {
    await using database = await world.embedded();
    return await make(database);
  }
  await using server = await world.onServer();
  const sibling = world.onServer;
  const options = { set, tracker, connectTimeoutMs, pooler, sibling };
  return await inScratch({ ...world, database: server }, options, make);
}

function isApplied({ kind }: Entry): boolean {
  return kind === "applied";
}

/** Files that stopped at a statement: a part of them is applied, and is not replayed. */
function inPart(entries: readonly Entry[]): readonly Unreplayed[] {
  return entries.flatMap((entry): Unreplayed[] =>
    entry.kind === "pending" && entry.progress.length > 0
      ? [
          {
            migration: entry.migration,
            reason: "it stopped at a statement, and is applied in part",
          },
        ]
      : [],
  );
}

const mostAttempts = 3;
/** Nobody else knows the database that was made for the replay. */
const ownDatabaseMs = 5000;
