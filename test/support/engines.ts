/** The engines that the contract suites run against: PGlite, and every major of the real server. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import manifest from "../../package.json" with { type: "json" };
import { connectBun } from "../../src/adapters/bun-channel.ts";
import { connectNode } from "../../src/adapters/node-channel.ts";
import { databaseOver } from "../../src/adapters/pglite.ts";
import { serverDatabase } from "../../src/adapters/postgres.ts";
import { findDatabase } from "../../src/cli/database-url.ts";
import type { Database, Row, Session, SessionOptions } from "../../src/ports.ts";
import { freshDatabase, type Major, majors, sharedServer } from "./servers.ts";

export interface FreshDatabase extends AsyncDisposable {
  readonly database: Database;
  /** What --database-url would say; undefined for PGlite, which lives in this process. */
  readonly url: string | undefined;
  /** Runs a script beside lacuna, in a session of its own, and gives the rows of each statement. */
  sql(script: string): Promise<readonly (readonly Row[])[]>;
}

export interface Engine {
  readonly name: string;
  readonly kind: "pglite" | "server";
  /** PGlite is a PostgreSQL 18. */
  readonly major: Major;
  /** A new, empty database. */
  fresh(): Promise<FreshDatabase>;
}

export const engines: readonly Engine[] = [
  { name: "PGlite", kind: "pglite", major: 18, fresh: freshPglite },
  ...majors.map((major): Engine => ({
    name: `PostgreSQL ${major}`,
    kind: "server",
    major,
    fresh: () => freshOnServer(major),
  })),
];

export const sessionOptions: SessionOptions = {
  opening: "select 1 as one",
  applicationName: "lacuna/test",
  connectTimeoutMs: 10_000,
  extensions: [],
};

/** A Database for a URL, as main makes one. */
export function databaseAt(url: string): Database {
  const sources = {
    flag: url,
    environment: {},
    userName: (): string => "postgres",
    readFile: (): undefined => undefined,
  };
  const target = findDatabase(sources);
  if (!target.ok || target.value.engine !== "server") throw new Error(`no server's URL: ${url}`);
  return serverDatabase(target.value, connectBun ?? connectNode);
}

async function freshOnServer(major: Major): Promise<FreshDatabase> {
  const fresh = await freshDatabase(await sharedServer(major));
  const database = databaseAt(fresh.url);
  return {
    database,
    url: fresh.url,
    sql: (script) => database.session(sessionOptions, (session: Session) => session.rows(script)),
    async [Symbol.asyncDispose]() {
      await fresh[Symbol.asyncDispose]();
    },
  };
}

/** A cluster takes PGlite seconds to make: one is made a process, and copied for each test. */
async function freshPglite(): Promise<FreshDatabase> {
  const image = await pgliteImage();
  const database = databaseOver("pglite:memory", () => PGlite.create({ loadDataDir: image }));
  return {
    database,
    url: undefined,
    sql: (script) => database.session(sessionOptions, (session: Session) => session.rows(script)),
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
    },
  };
}

// bun evaluates modules anew for each test file; the process is one.
const imageKey = Symbol.for("lacuna.test.pglite-image");

export function pgliteImage(): Promise<Blob> {
  const shared = globalThis as { [imageKey]?: Promise<Blob> };
  shared[imageKey] ??= keptImage();
  return shared[imageKey];
}

/** initdb takes PGlite seconds of both cores: it is kept until node_modules is laid anew. */
async function keptImage(): Promise<Blob> {
  const root = join(import.meta.dirname, "../../node_modules");
  const kept = join(
    root,
    `.cache/lacuna/tests-${manifest.dependencies["@electric-sql/pglite"]}.tar`,
  );
  if (!existsSync(kept)) {
    await using template = await PGlite.create();
    const image = await template.dumpDataDir("none");
    mkdirSync(dirname(kept), { recursive: true });
    writeFileSync(`${kept}.${process.pid}`, new Uint8Array(await image.arrayBuffer()));
    renameSync(`${kept}.${process.pid}`, kept);
  }
  return new Blob([readFileSync(kept)]);
}
