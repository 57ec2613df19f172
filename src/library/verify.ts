/** `lacuna verify` for programs: where it runs, and what its findings become. */
import type { PgliteClient } from "../adapters/pglite-client.ts";
import { threadedPglite } from "../adapters/pglite-thread.ts";
import { verify } from "../commands/verify.ts";
import type { Problem } from "../core/problem.ts";
import type { Method } from "../core/verdict.ts";
import type { VerifyOutcome } from "../outcome.ts";
import type { RehearsalRequest } from "../request.ts";
import type { Database } from "../ports.ts";
import { type Opened, openDatabase } from "./database.ts";
import { asMigrationError, MigrationError } from "./error.ts";
import { type Migrations, resolveMigrations } from "./migrations.ts";
import {
  checkNames,
  checkOption,
  durationOf,
  readRunOptions,
  type RunOptions,
  wrong,
} from "./options.ts";
import type { PostgresClient } from "./postgres-client.ts";
import { interruptionOf, listenerOf, worldOf } from "./run.ts";
import { reportOf, type VerifyReport } from "./verify-report.ts";

export interface VerifyOptions extends Pick<
  RunOptions,
  | "tracker"
  | "checksums"
  | "newHere"
  | "lockWaitMs"
  | "connectTimeoutMs"
  | "pooler"
  | "onEvent"
  | "signal"
> {
  /** A folder, as a path or a `file:` URL, or what readMigrations() gave. */
  readonly migrations: string | URL | Migrations;
  /**
   * A copy or a test database, as for applyMigrations(). Default: an embedded Postgres, from
   * empty, in a thread of its own.
   */
  readonly database?: string | URL | PostgresClient | PgliteClient | undefined;
  /**
   * With a database. `rolled back`: all in one transaction; `isolated`: each alone; `scratch`: in
   * a database that is made on its server, and dropped. Default: `rolled back`.
   */
  readonly method?: Exclude<Method, "embedded"> | undefined;
  /** Goes on although others are connected; ends after 30 s by default. Default: false. */
  readonly shared?: boolean | undefined;
  /** For how long the whole may run, in milliseconds. Default: no limit, with `shared` 30 s. */
  readonly timeLimitMs?: number | undefined;
  /** How long the embedded Postgres may be at one migration, in milliseconds. Default: 60 s. */
  readonly stuckAfterMs?: number | undefined;
  /** What cannot be verified in this way is a failure too. Default: false. */
  readonly strict?: boolean | undefined;
  /** In a scratch database: runs CREATE ROLE and the like too. Default: false. */
  readonly ownsServer?: boolean | undefined;
  /** Roles that are made in the embedded Postgres before the first migration. */
  readonly roles?: readonly string[] | undefined;
}

/** A rehearsal that found something. Its `problems` begin with `verify-found`; each failure follows. */
export class VerifyError extends MigrationError {
  override readonly name = "VerifyError";
  readonly report: VerifyReport;

  constructor(
    problems: readonly [Problem, ...Problem[]],
    report: VerifyReport,
    cut: (text: string) => string,
  ) {
    super(problems, { cut });
    this.report = report;
  }
}

/**
 * @throws VerifyError with findings. @throws MigrationError where the rehearsal could not be held.
 * @param image A cluster for the embedded Postgres to start from: making one takes seconds.
 */
export async function runVerify(
  options: VerifyOptions,
  image?: Uint8Array<ArrayBuffer>,
): Promise<VerifyReport> {
  let opened: Opened | undefined;
  try {
    checkNames(options, names);
    const wanted = readRequest(options);
    const stuckAfterMs = durationOf("stuckAfterMs", options.stuckAfterMs, 60_000);
    const migrations = await resolveMigrations(options.migrations);
    opened =
      options.database === undefined
        ? embedded(stuckAfterMs, image)
        : await openDatabase(options.database, wanted.lockWaitMs);
    const { sibling, cut } = opened;
    // Only a server has other databases beside the one that was given.
    const request: RehearsalRequest = { ...wanted, engine: sibling ? "server" : "pglite" };
    if (request.method === "scratch" && sibling === undefined) {
      throw wrong("A scratch database needs a server", "leave out the method, or give a server");
    }
    await using database = opened.database;
    const listener = listenerOf(options.onEvent);
    const world = worldOf(database, migrations, listener, interruptionOf(options.signal));
    const elsewhere = sibling ?? ((): Promise<never> => Promise.reject(new Error("no server")));
    const another = (): Promise<Database> =>
      Promise.resolve(embedded(stuckAfterMs, image).database);
    const outcome = await verify({ ...world, sibling: elsewhere, embedded: another }, request);
    listener.throwFailure();
    return judged(outcome, cut);
  } catch (error) {
    throw asMigrationError(error, {
      cut: opened?.cut,
      isAborted: options?.signal?.aborted === true,
    });
  }
}

function judged(outcome: VerifyOutcome, cut: (text: string) => string): VerifyReport {
  const report = reportOf(outcome);
  const [first, ...rest] = outcome.problems;
  if (first === undefined) return report;
  const failures = outcome.verdicts.flatMap((one) =>
    one.result === "failed" ? [one.problem] : [],
  );
  throw new VerifyError([first, ...rest, ...failures], report, cut);
}

function embedded(stuckAfterMs: number, image: Uint8Array<ArrayBuffer> | undefined): Opened {
  const database = threadedPglite({ stuckAfterMs, ...(image === undefined ? {} : { image }) });
  return { database, sibling: undefined, cut: (text) => text };
}

function readRequest(options: VerifyOptions): Omit<RehearsalRequest, "engine"> {
  const { database, method, shared = false, strict = false, ownsServer = false } = options;
  const { roles = [] } = options;
  const isEmbedded = database === undefined;
  const methods: readonly unknown[] = ["rolled back", "isolated", "scratch", undefined];
  checkOption("method", methods.includes(method), '"rolled back", "isolated" or "scratch"');
  checkOption("shared", typeof shared === "boolean", "true or false");
  checkOption("strict", typeof strict === "boolean", "true or false");
  checkOption("ownsServer", typeof ownsServer === "boolean", "true or false");
  const areNames = Array.isArray(roles) && roles.every((role) => typeof role === "string");
  checkOption("roles", areNames, "a list of names");
  if (isEmbedded && (method !== undefined || shared)) {
    throw wrong(
      `The option ${shared ? "shared" : "method"} needs a database`,
      "without one everything runs from empty, in an embedded Postgres",
    );
  }
  if (!isEmbedded && roles.length > 0) {
    throw wrong(
      "The option roles is for the embedded Postgres",
      "a database has its roles already",
    );
  }
  if (ownsServer && method !== "scratch") {
    throw wrong('The option ownsServer goes with method: "scratch"');
  }
  const { tracker, checksums, newHere, lockWaitMs, connectTimeoutMs, pooler } = readRunOptions({
    tracker: options.tracker,
    checksums: options.checksums,
    newHere: options.newHere,
    lockWaitMs: options.lockWaitMs,
    connectTimeoutMs: options.connectTimeoutMs,
    pooler: options.pooler,
    onEvent: options.onEvent,
    signal: options.signal,
  });
  const limitMs = durationOf("timeLimitMs", options.timeLimitMs, shared ? 30_000 : 0);
  return {
    method: isEmbedded ? "embedded" : (method ?? "rolled back"),
    tracker,
    checksums,
    newHere,
    lockWaitMs,
    connectTimeoutMs,
    pooler,
    others: shared ? "shared" : "refused",
    timeLimitMs: limitMs === 0 ? undefined : limitMs,
    strict,
    ownsServer,
    roles,
  };
}

const names: readonly string[] = [
  "database",
  "migrations",
  "method",
  "shared",
  "timeLimitMs",
  "stuckAfterMs",
  "strict",
  "ownsServer",
  "roles",
  "tracker",
  "checksums",
  "newHere",
  "lockWaitMs",
  "connectTimeoutMs",
  "pooler",
  "onEvent",
  "signal",
] satisfies readonly (keyof VerifyOptions)[];
