/** Worlds for tests: real adapters, files from a record, events kept in a list. */
import { postgresParser } from "../../src/adapters/parser.ts";
import { systemClock } from "../../src/adapters/system.ts";
import { threadedPglite } from "../../src/adapters/pglite-thread.ts";
import { up } from "../../src/commands/up.ts";
import { verify, type VerifyWorld } from "../../src/commands/verify.ts";
import type { Base } from "../../src/core/order.ts";
import { defaultTracker } from "../../src/core/tracker.ts";
import type { Event } from "../../src/events.ts";
import type { Outcome } from "../../src/outcome.ts";
import {
  type Database,
  type Interruption,
  Refusal,
  type Source,
  type World,
} from "../../src/ports.ts";
import type {
  DatabaseRequest,
  PolicyRequest,
  UpRequest,
  VerifyRequest,
} from "../../src/request.ts";
import { pgliteImage } from "./engines.ts";

/** File names and their texts, or bytes where a text cannot say it. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export interface TestWorld extends World {
  readonly events: readonly Event[];
}

const neverInterrupted: Interruption = {
  signal: undefined,
  onSignal: () => () => undefined,
};

function sourceOf(files: Files): Source {
  const encoder = new TextEncoder();
  return {
    folder: "migrations",
    list: () =>
      Promise.resolve(
        Object.entries(files).map(([name, text]) => ({
          name,
          path: `migrations/${name}`,
          bytes: typeof text === "string" ? encoder.encode(text) : text,
        })),
      ),
  };
}

export function worldOf(database: Database, files: Files): TestWorld {
  const events: Event[] = [];
  return {
    source: sourceOf(files),
    database,
    parser: postgresParser,
    reporter: {
      report: (event) => {
        events.push(event);
      },
    },
    clock: systemClock(neverInterrupted),
    interruption: neverInterrupted,
    hostName: "test",
    events,
  };
}

export const databaseRequest: DatabaseRequest = {
  folder: undefined,
  // The world has a database already: the target is what a command line would have said.
  target: { engine: "pglite", folder: undefined },
  tracker: defaultTracker,
  connectTimeoutMs: 5000,
};

export const policyRequest: PolicyRequest = {
  to: undefined,
  checksums: "warn",
  unknown: "warn",
  newHere: false,
};

export const upRequest: UpRequest = {
  command: "up",
  ...databaseRequest,
  ...policyRequest,
  lockWaitMs: 60_000,
  lockRetryForMs: 10_000,
  pooler: "auto",
};

/** Runs `up` as main does: a refusal is an outcome. */
export async function runUp(
  database: Database,
  files: Files,
  request: Partial<UpRequest> = {},
): Promise<{
  readonly outcome: Outcome;
  readonly applied: readonly string[];
  readonly problems: readonly string[];
  readonly world: TestWorld;
}> {
  const world = worldOf(database, files);
  const outcome = await refusalAsOutcome(() => up(world, { ...upRequest, ...request }));
  return {
    outcome,
    applied: outcome.kind === "up" ? outcome.applied.map((one) => one.id) : [],
    problems: "problems" in outcome ? outcome.problems.map((problem) => problem.code) : [],
    world,
  };
}

export async function refusalAsOutcome(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal) return { kind: "refused", problems: error.problems };
    throw error;
  }
}

const verifyRequest: VerifyRequest = {
  command: "verify",
  method: "rolled back",
  engine: "server",
  folder: undefined,
  target: undefined,
  tracker: defaultTracker,
  connectTimeoutMs: 30_000,
  lockWaitMs: 5000,
  pooler: "auto",
  checksums: "warn",
  newHere: false,
  // The suite's own session is connected to the database too.
  others: "shared",
  timeLimitMs: 30_000,
  stuckAfterMs: 30_000,
  strict: false,
  ownsServer: false,
  roles: [],
  appliedFrom: undefined,
  junit: undefined,
};

/** An embedded Postgres in a thread, as main makes it, but for the seconds that a new cluster takes. */
export async function embedded(stuckAfterMs = 30_000): Promise<Database> {
  const image = new Uint8Array(await (await pgliteImage()).arrayBuffer());
  return threadedPglite({ stuckAfterMs, image });
}

/** Runs `verify` as main does. @param sibling Another database of the same server. */
export function runVerify(
  world: TestWorld,
  sibling: VerifyWorld["sibling"],
  request: Partial<VerifyRequest>,
  base?: Base,
): Promise<Outcome> {
  const wanted = { ...verifyRequest, ...request };
  return refusalAsOutcome(() =>
    verify({ ...world, sibling, embedded: () => embedded() }, wanted, base),
  );
}
