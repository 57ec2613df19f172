import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { embeddedDatabase } from "../../src/adapters/pglite.ts";
import { threadedPglite } from "../../src/adapters/pglite-thread.ts";
import { type Database, type NoticeListener, type Session, SqlError } from "../../src/ports.ts";
import { pgliteImage, sessionOptions } from "../support/engines.ts";
import { runUp } from "../support/worlds.ts";

// A loop that leaves WebAssembly now and then: in the other kind the thread could not be ended.
const endless = "do $$ begin loop perform count(*) from pg_catalog.pg_class; end loop; end $$";
// Its reply has no ReadyForQuery.
const deadly = "copy (select 1) to program 'true'";

let image: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  image = new Uint8Array(await (await pgliteImage()).arrayBuffer());
}, 60_000);

function threaded(stuckAfterMs = 30_000): Database {
  return threadedPglite({ stuckAfterMs, image });
}

function within<T>(database: Database, work: (session: Session) => Promise<T>): Promise<T> {
  return database.session(sessionOptions, work);
}

async function failureOf(work: Promise<unknown>): Promise<SqlError> {
  const failure = await work.then(
    () => new Error("no failure"),
    (error: unknown) => error,
  );
  if (failure instanceof SqlError) return failure;
  throw failure;
}

async function isThere(session: Session, table: string): Promise<boolean> {
  const [rows] = await session.rows(`select to_regclass('${table}') is not null as answer`);
  return rows?.[0]?.["answer"] === "t";
}

describe("a thread of its own", () => {
  let database: Database;
  beforeAll(() => {
    database = threaded();
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  test("gives tags, rows, NULLs and what the opening said", async () => {
    await within(database, async (session) => {
      expect(session.opening).toEqual([[{ one: "1" }]]);
      expect(session.backendPid).toBeGreaterThan(0);
      expect(
        await session.run("create table kept (a int); insert into kept values (1), (2)"),
      ).toEqual([{ tag: "CREATE TABLE" }, { tag: "INSERT 0 2" }]);
      expect(await session.rows("select a, null as b from kept; select 'ü' as c")).toEqual([
        [
          { a: "1", b: null },
          { a: "2", b: null },
        ],
        [{ c: "ü" }],
      ]);
    });
    expect(await within(database, (session) => isThere(session, "kept"))).toBe(true);
  });

  test("tells notices in order, before the reply, and to the session that they are for", async () => {
    const heard: string[] = [];
    const onNotice: NoticeListener = ({ message }) => {
      heard.push(message);
    };
    await within(database, (session) =>
      session
        .run("do $$ begin for i in 1..100 loop raise notice '%', i; end loop; end $$", onNotice)
        .then(() => heard.push("reply")),
    );
    await within(database, (session) =>
      session.run("do $$ begin raise notice 'not heard'; end $$"),
    );
    expect(heard).toEqual([
      ...Array.from({ length: 100 }, (_, index) => String(index + 1)),
      "reply",
    ]);
  });

  test("an error says where and behind how many statements; undo takes back what is open", async () => {
    await within(database, async (session) => {
      const failure = await failureOf(session.run("begin; create table gone (); select nothing"));
      expect(failure).toMatchObject({ kind: "server", tags: ["BEGIN", "CREATE TABLE"] });
      expect(failure.server).toMatchObject({ code: "42703", position: 37 });
      await session.undo();
      expect(await isThere(session, "gone")).toBe(false);
    });
  });

  test("what a session leaves behind does not reach the next", async () => {
    await within(database, (session) =>
      session.run("begin; set search_path = pg_catalog; create temp table mine ()"),
    );
    await within(database, async (session) => {
      expect(await isThere(session, "mine")).toBe(false);
      expect(await session.rows("show search_path")).toEqual([[{ search_path: "public" }]]);
    });
  });

  test("a failed opening fails the session, and no other", async () => {
    const options = { ...sessionOptions, opening: "select nothing" };
    const failure = await failureOf(database.session(options, () => Promise.resolve()));
    expect(failure).toMatchObject({ kind: "server", server: { code: "42703" } });
    expect(await within(database, (session) => session.run("select 1"))).toHaveLength(1);
  });
});

describe("the watchdog", () => {
  test.concurrent("a migration that is stuck is reported, and the next session finds a new, empty database", async () => {
    await using database = threaded(2000);
    const files = { "001_good.up.sql": "create table good ();", "002_stuck.up.sql": endless };
    const startMs = performance.now();
    const { outcome, applied } = await runUp(database, files);
    expect(performance.now() - startMs).toBeLessThan(15_000);
    expect(applied).toEqual(["001_good"]);
    expect(outcome).toMatchObject({
      kind: "up",
      problems: [
        {
          code: "outcome-unknown",
          id: "002_stuck",
          error: { message: "there was no answer within 2 s, and PGlite was stopped" },
        },
      ],
    });
    expect(await within(database, (session) => isThere(session, "good"))).toBe(false);
    expect((await runUp(database, { "001_good.up.sql": "create table good ();" })).applied).toEqual(
      ["001_good"],
    );
  }, 60_000);

  test.concurrent("every later call of that session fails in the same way, at once", async () => {
    await using database = threaded(500);
    await within(database, async (session) => {
      const stuck = { kind: "lost", server: { code: "PGLITE_STUCK" } };
      expect(await failureOf(session.run(endless))).toMatchObject(stuck);
      const startMs = performance.now();
      expect(await failureOf(session.rows("select 1"))).toMatchObject(stuck);
      expect(await failureOf(session.undo())).toMatchObject(stuck);
      expect(await session.lost).toMatchObject(stuck);
      expect(performance.now() - startMs).toBeLessThan(100);
    });
  }, 60_000);
});

describe("the end of an engine", () => {
  test.concurrent("cancel ends what runs, and all that comes behind it, as a server's cancel would", async () => {
    await using database = threaded();
    await within(database, async (session) => {
      const running = failureOf(session.run(endless));
      await session.cancel();
      await session.cancel();
      const canceled = { kind: "server", server: { code: "57014" } };
      expect(await running).toMatchObject(canceled);
      expect(await failureOf(session.run("select 1"))).toMatchObject(canceled);
    });
  }, 60_000);

  test.concurrent("it can be closed while it runs, and before it was opened", async () => {
    const database = threaded();
    await within(database, async (session) => {
      const running = failureOf(session.run(endless));
      const startMs = performance.now();
      await database[Symbol.asyncDispose]();
      expect(performance.now() - startMs).toBeLessThan(2000);
      expect(await running).toMatchObject({ kind: "lost", server: { code: "PGLITE_CLOSED" } });
    });
    await threaded()[Symbol.asyncDispose]();
  }, 60_000);

  test.concurrent.each([
    ["in a thread", (): Database => threaded()],
    [
      "in this thread",
      (): Database =>
        embeddedDatabase({ engine: "pglite", folder: undefined }, { image: new Blob([image]) }),
    ],
  ])(
    "one that answers nothing any more is lost, %s",
    async (_where, open) => {
      await using database = open();
      await within(database, async (session) => {
        await session.run("create table before ()");
        const died = { kind: "lost", server: { code: "PGLITE_DIED" } };
        expect(await failureOf(session.run(`select 1; ${deadly}; select 2`))).toMatchObject({
          ...died,
          tags: ["SELECT 1"],
        });
        expect(await failureOf(session.run("select 1"))).toMatchObject(died);
        expect(await session.lost).toMatchObject(died);
      });
    },
    60_000,
  );

  test.concurrent("a cluster that is none is told", async () => {
    const noCluster = new Uint8Array(512);
    await using database = threadedPglite({ stuckAfterMs: 1000, image: noCluster });
    expect(await failureOf(within(database, () => Promise.resolve()))).toMatchObject({
      kind: "refused",
      server: { code: "PGLITE_FAILED" },
    });
  }, 60_000);
});

describe("extensions", () => {
  test.concurrent("those that the files ask for are there, with what they need", async () => {
    await using database = threaded();
    const { problems, applied } = await runUp(database, {
      "001_all.up.sql": `
        create extension pgcrypto;
        create extension if not exists "uuid-ossp";
        create extension earthdistance cascade;
        create extension moddatetime;
        create extension pg_stat_statements;
        create table ids (id uuid default uuid_generate_v4(), hash bytea default digest('a', 'md5'));
        insert into ids default values;
        select * from pg_stat_statements;`,
    });
    expect(problems).toEqual([]);
    expect(applied).toEqual(["001_all"]);
  }, 60_000);

  test.concurrent("one that PGlite does not have is not available; one that comes late is refused", async () => {
    await using database = threaded();
    const { outcome } = await runUp(database, { "001_gis.up.sql": "create extension postgis" });
    expect(outcome).toMatchObject({
      problems: [{ code: "migration-failed", error: { code: "0A000" } }],
    });
    const late = { ...sessionOptions, extensions: ["citext"] };
    expect(await failureOf(database.session(late, () => Promise.resolve()))).toMatchObject({
      kind: "refused",
      server: {
        message: "PGlite was started without the extension citext, which is asked for now",
      },
    });
  }, 60_000);
});
