/**
 * A fresh, migrated database on a real server: `CREATE DATABASE … TEMPLATE`, which copies files.
 *
 * The template is made once for a set of migrations, whoever comes first: under an advisory lock,
 * under another name, and renamed when it is finished. A process that is killed meanwhile leaves
 * a name behind that nobody takes for a template.
 */
import { resolve } from "node:path";
import { connectNode } from "../adapters/node-channel.ts";
import { serverDatabase } from "../adapters/postgres.ts";
import { systemClock } from "../adapters/system.ts";
import { redactor } from "../cli/output.ts";
import { connect } from "../connect.ts";
import { createHash } from "../core/hash.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import { pollMs } from "../core/retry.ts";
import type { ServerTarget } from "../core/target.ts";
import { displayTracker } from "../core/tracker.ts";
import { releaseLock, takeLock } from "../ledger/lock.ts";
import { readServerUrl } from "../library/database.ts";
import { asMigrationError } from "../library/error.ts";
import { type Migrations, resolveMigrations } from "../library/migrations.ts";
import { checkNames, readRunOptions } from "../library/options.ts";
import { interruptionOf, runMigrations, worldOf } from "../library/run.ts";
import { type Clock, Refusal, type Reporter, type Session, SqlError } from "../ports.ts";
import { readSet } from "../read-set.ts";
import type { MigrateRequest } from "../request.ts";

export interface MigratedDatabaseOptions {
  /**
   * `postgres://…` of a database on the server, whose user may create databases. The database
   * itself is only connected to; its name gives way to the fresh one's in the result.
   */
  readonly server: string | URL;
  /** A folder, as a path or a `file:` URL, or what readMigrations() gave. */
  readonly migrations: string | URL | Migrations;
  /** `table` or `schema.table`, quoted as in SQL. Default: `public.applied_migrations`. */
  readonly tracker?: string;
  /** How long to wait for another process that makes the template. Default: 5 minutes. */
  readonly lockWaitMs?: number;
  /** How long to wait for a server that is not there yet, in milliseconds. Default: 60 s. */
  readonly connectTimeoutMs?: number;
}

export interface MigratedDatabase {
  /** The server's URL with the fresh database in it. */
  readonly url: string;
  readonly name: string;
  /** Drops the database, connections or not. A second time it does nothing. */
  drop(): Promise<void>;
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A new database with all migrations applied. The first call with a set of migrations makes
 * a template of them, which stays on the server (`lacuna_template_…`, the last four of a folder);
 * each call after that, from whichever process, copies it.
 *
 * @throws MigrationError as applyMigrations() does.
 */
export async function migratedDatabase(
  options: MigratedDatabaseOptions,
): Promise<MigratedDatabase> {
  let target: ServerTarget | undefined;
  try {
    checkNames(options, ["server", "migrations", "tracker", "lockWaitMs", "connectTimeoutMs"]);
    const { server, migrations: given, ...running } = options;
    // The template is ours, and so is what it inherits from template1.
    const request = readRunOptions({ ...running, newHere: true });
    target = readServerUrl(server);
    const migrations = await resolveMigrations(given);
    const maker = { target, request, migrations, ...templateOf(migrations, request) };
    const name = `lacuna_test_${crypto.randomUUID().replaceAll("-", "")}`;
    await onServer(maker, (session) => copyTemplate(session, maker, name));
    const drop = async (): Promise<void> => {
      try {
        await onServer(maker, (session) =>
          session.run(`drop database if exists ${quoteIdentifier(name)} with (force)`),
        );
      } catch (error) {
        throw asMigrationError(error, { cut: redactor(maker.target) });
      }
    };
    const url = withDatabase(String(server), name);
    return { url, name, drop, [Symbol.asyncDispose]: drop };
  } catch (error) {
    throw asMigrationError(error, { cut: redactor(target) });
  }
}

interface Maker {
  readonly target: ServerTarget;
  readonly request: MigrateRequest;
  readonly migrations: Migrations;
  readonly template: string;
  /** What the names of all templates of this folder and tracker begin with. */
  readonly family: string;
}

/** Tells folders apart too, so that one project's templates do not push another's out. */
function templateOf(
  { folder, digest }: Migrations,
  { tracker }: MigrateRequest,
): Pick<Maker, "template" | "family"> {
  const hash = createHash("sha256").update(`${resolve(folder)}\0${displayTracker(tracker)}`);
  const family = `lacuna_template_${hash.digest("hex").slice(0, 10)}_`;
  return { family, template: `${family}${digest.slice(0, 24)}` };
}

async function copyTemplate(session: Session, maker: Maker, name: string): Promise<void> {
  const { template } = maker;
  const startMs = clock.nowMs();
  for (let attempt = 1; ; attempt++) {
    try {
      await session.run(
        `create database ${quoteIdentifier(name)} template ${quoteIdentifier(template)}`,
      );
      return;
    } catch (error) {
      if (!(error instanceof SqlError) || error.kind !== "server") throw error;
      const { code } = error.server;
      const isOver = clock.nowMs() - startMs > patienceMs;
      // Absent: never made, or pushed out a moment ago by newer ones.
      if (code === invalidCatalogName && !isOver) await makeTemplate(session, maker);
      // Somebody looks at it, or a copy of it is being made.
      else if (code === objectInUse && !isOver) await clock.sleep(pollMs(attempt, clock.random()));
      else throw error;
    }
  }
}

/** Exactly one process makes it; the others find it when they get the lock. */
async function makeTemplate(session: Session, maker: Maker): Promise<void> {
  const { template, request } = maker;
  const key = createHash("sha256").update(`lacuna\0${template}`).digest().readBigInt64BE(0);
  const taken = await takeLock(session, {
    key,
    waitMs: request.lockWaitMs,
    clock,
    interruption,
    reporter: silent,
  });
  if (!taken.held) throw new Refusal([{ code: "lock-unavailable", ...taken }]);
  try {
    const family = await databasesLike(session, template);
    if (family.includes(template)) return;
    // Nobody else is at it: whoever made these died of it.
    await dropAll(session, family);
    await fill(session, maker, `${template}_${crypto.randomUUID().slice(0, 8)}`);
    await dropOlder(session, maker);
  } finally {
    await releaseLock(session, taken.lock).catch(() => undefined);
  }
}

async function fill(session: Session, maker: Maker, making: string): Promise<void> {
  const { target, migrations, request, template } = maker;
  const name = quoteIdentifier(making);
  await session.run(`create database ${name}`);
  try {
    await using database = serverDatabase({ ...target, database: making }, connectNode);
    await runMigrations(
      { database, sibling: undefined, cut: redactor(target) },
      migrations,
      request,
      {},
    );
    // Nobody is to change what others copy.
    await session.run(`alter database ${name} with allow_connections false`);
    await renamed(session, making, template);
  } catch (error) {
    await dropAll(session, [making]).catch(() => undefined);
    throw error;
  }
}

/** The backend of the run may need a moment to end after its client is gone. */
async function renamed(session: Session, from: string, to: string): Promise<void> {
  const startMs = clock.nowMs();
  for (let attempt = 1; ; attempt++) {
    try {
      await session.run(`alter database ${quoteIdentifier(from)} rename to ${quoteIdentifier(to)}`);
      return;
    } catch (error) {
      const isInUse = error instanceof SqlError && error.server.code === objectInUse;
      if (!isInUse || clock.nowMs() - startMs > patienceMs) throw error;
      await clock.sleep(pollMs(attempt, clock.random()));
    }
  }
}

/** Every edit of a migration is another set: without an end to it a developer's disk fills up. */
async function dropOlder(session: Session, { family, template }: Maker): Promise<void> {
  const isFinished = (name: string): boolean => name.length === template.length;
  const finished = (await databasesLike(session, family)).filter(isFinished);
  await dropAll(session, finished.slice(mostKept));
}

/** The youngest first. */
async function databasesLike(session: Session, start: string): Promise<readonly string[]> {
  const [rows = []] = await session.rows(
    "select datname as name from pg_catalog.pg_database " +
      `where pg_catalog.starts_with(datname, ${quoteLiteral(start)}) order by oid desc`,
  );
  return rows.map((row) => row["name"] ?? "");
}

/** Without FORCE: what is in use stays, and goes another time. */
async function dropAll(session: Session, names: readonly string[]): Promise<void> {
  for (const name of names) {
    try {
      await session.run(`drop database if exists ${quoteIdentifier(name)}`);
    } catch (error) {
      if (!(error instanceof SqlError) || error.kind !== "server") throw error;
    }
  }
}

/** As every run connects: it waits for a server that is not there yet. */
async function onServer<T>(
  { target, request, migrations }: Maker,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  await using database = serverDatabase(target, connectNode);
  const world = worldOf(database, migrations, silent, interruption);
  const { tracker, pooler, connectTimeoutMs: timeoutMs } = request;
  const set = await readSet(world.source, silent);
  return await connect(world, { tracker, set, timeoutMs, purpose: "writing", pooler }, (session) =>
    work(session),
  );
}

/** The rest of the URL stays as it was written: parameters, several hosts. */
function withDatabase(url: string, name: string): string {
  const [, start = "", query = ""] = /^([^:]+:\/\/[^/?]*)(?:\/[^?]*)?(\?.*)?$/s.exec(url) ?? [];
  const parameters = query
    .slice(1)
    .split("&")
    .filter((one) => one !== "" && !one.startsWith("dbname="));
  return `${start}/${name}${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`;
}

const silent: Reporter = { report: () => undefined };
const interruption = interruptionOf(undefined);
const clock: Clock = systemClock(interruption);

const invalidCatalogName = "3D000";
const objectInUse = "55006";
const patienceMs = 60_000;
/** Beside the one that is needed now: those of other branches. */
const mostKept = 4;
