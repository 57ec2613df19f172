/**
 * One suite for every engine. A test that an engine cannot run stands in the file's table with
 * the reason, which the test's name then shows; an entry that names no test fails the file.
 */
import { describe, expect, test } from "bun:test";
import type { Row, Session } from "../../src/ports.ts";
import { type Engine, engines, type FreshDatabase, sessionOptions } from "../support/engines.ts";
import { type Ground, groundOn } from "./ground.ts";

export interface Skip {
  readonly engine: string;
  readonly test: string;
  readonly reason: string;
}

type Declare = (name: string, body: (ground: Ground) => Promise<void>) => void;

/** For what asks nothing of a server that a version could change: the oldest, the newest, PGlite. */
export const oldestAndNewest: readonly Engine[] = engines.filter(
  ({ kind, major }) => kind === "pglite" || major === 14 || major === 18,
);

/** Every day on the oldest, the newest and PGlite; by `npm run majors` on all that there are. */
export const everyday: readonly Engine[] =
  process.env["EVERY_MAJOR"] === "1"
    ? engines
    : process.env["EVERY_MAJOR"] === "others"
      ? engines.filter((engine) => !oldestAndNewest.includes(engine))
      : oldestAndNewest;

/** A server may have to start first, on a machine that is busy. */
const patience = 60_000;

/**
 * Declares tests that share one database an engine, wiped before each of them. On one engine
 * they run one after the other, on all engines at the same time.
 */
export function contract(
  skips: readonly Skip[],
  define: Define,
  on: readonly Engine[] = everyday,
): void {
  declareAll(on, skips, define, async (engine, body) => {
    const before = queues.get(engine.name) ?? Promise.resolve();
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    queues.set(
      engine.name,
      before.then(() => done),
    );
    await before;
    try {
      await body(await cleanGround(engine));
    } finally {
      finish();
    }
  });
}

/** Declares tests that mostly wait: each has a database of its own, and all run at once. */
export function contractSideBySide(
  skips: readonly Skip[],
  define: Define,
  on: readonly Engine[] = everyday,
): void {
  declareAll(on, skips, define, async (engine, body) => {
    await using fresh = await engine.fresh();
    await body(groundOn(engine, fresh));
  });
}

/** Declares tests that measure: nothing else runs meanwhile. */
export function contractInTurn(define: Define): void {
  describe.each(everyday)("$name", (engine) => {
    define((name, body) => {
      test(
        name,
        async () => {
          await body(await cleanGround(engine));
        },
        patience,
      );
    }, engine);
  });
}

type Define = (check: Declare, engine: Engine) => void;
type Body = Parameters<Declare>[1];

const queues = new Map<string, Promise<void>>();

/**
 * bun starts twenty tests at a time, in the order in which they were declared: declared engine
 * by engine, each engine would be waited for alone.
 */
function declareAll(
  on: readonly Engine[],
  skips: readonly Skip[],
  define: Define,
  run: (engine: Engine, body: Body) => Promise<void>,
): void {
  const isAsked = ({ engine }: Skip): boolean => on.some(({ name }) => name === engine);
  // An engine that does not exist is named in vain wherever it is.
  const isKnown = ({ engine }: Skip): boolean => engines.some(({ name }) => name === engine);
  const unused = new Set(skips.filter((one) => isAsked(one) || !isKnown(one)));
  const rounds: (() => void)[][] = [];
  for (const engine of on) {
    let round = 0;
    define((name, body) => {
      const title = `${engine.name} > ${name}`;
      const skip = skips.find((one) => one.engine === engine.name && one.test === name);
      if (skip !== undefined) unused.delete(skip);
      const declare = (): void => {
        if (skip === undefined) test.concurrent(title, () => run(engine, body), patience);
        else test.skip(`${title} [${skip.reason}]`, () => undefined);
      };
      (rounds[round++] ??= []).push(declare);
    }, engine);
  }
  for (const declare of rounds.flat()) declare();
  if (skips.length > 0) {
    test("every skip names a test", () => {
      expect([...unused]).toEqual([]);
    });
  }
}

/** The same reason for several tests of PGlite. */
export function pgliteSkips(reason: string, ...names: readonly string[]): readonly Skip[] {
  return names.map((name) => ({ engine: "PGlite", test: name, reason }));
}

export const oneBackend = "PGlite has one backend: there is no session beside it";
export const databaseSettings = "PGlite reads the settings of a database once, when it is opened";

interface Held {
  readonly fresh: FreshDatabase;
  /** A session that stays open: a new one for each look would take longer than the look. */
  readonly sql: (script: string) => Promise<readonly (readonly Row[])[]>;
}

// One database an engine for all files of the process; it ends with its server.
const heldKey = Symbol.for("lacuna.test.contract.held");
const shared = globalThis as { [heldKey]?: Map<string, Promise<Held>> };
const held = (shared[heldKey] ??= new Map<string, Promise<Held>>());

async function hold(engine: Engine): Promise<Held> {
  const fresh = await engine.fresh();
  if (engine.kind === "pglite") return { fresh, sql: (script) => fresh.sql(script) };
  const session = await new Promise<Session>((resolve, reject) => {
    const options = { ...sessionOptions, applicationName: "contract" };
    fresh.database
      .session(options, (opened) => {
        resolve(opened);
        return opened.lost;
      })
      .catch(reject);
  });
  return {
    fresh,
    async sql(script) {
      try {
        return await session.rows(script);
      } catch (error) {
        await session.run("rollback").catch(() => undefined);
        throw error;
      }
    },
  };
}

async function cleanGround(engine: Engine): Promise<Ground> {
  const holding = held.get(engine.name) ?? hold(engine);
  held.set(engine.name, holding);
  const { fresh, sql } = await holding;
  await sql(wipe);
  return groundOn(engine, { ...fresh, sql });
}

// A database takes five times as long to make as to empty.
const wipe = `
set session authorization postgres; reset role; reset all; set client_min_messages = error; set search_path = pg_catalog;
do $wipe$
declare one name;
begin
  for one in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
    execute format('drop schema %I cascade', one);
  end loop;
  create schema public;
  grant usage, create on schema public to public;
  for one in select rolname from pg_roles where rolname ~ '^contract_' loop
    execute format('drop owned by %I cascade', one);
    execute format('drop role %I', one);
  end loop;
  execute format('alter database %I reset all', current_database());
end
$wipe$;
reset all; select pg_advisory_unlock_all(); set client_min_messages = warning`;
