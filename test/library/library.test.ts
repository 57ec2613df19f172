/** The library on real databases: what it takes, what it gives back, and what it leaves open. */
import { describe, expect, test } from "bun:test";
import { pathToFileURL } from "node:url";
import type { PGlite } from "@electric-sql/pglite";
import postgres from "postgres";
import {
  applyMigrations,
  type ApplyOptions,
  MigrationError,
  type MigrationEvent,
  readMigrations,
} from "../../src/library.ts";
import { migratedPglite } from "../../src/testing.ts";
import { certificate, offerTls } from "../support/certificate.ts";
import { folderOf } from "../support/folders.ts";
import { freshDatabase, sharedServer, startServer } from "../support/servers.ts";

const patience = 60_000;
const major = 17;
const files = {
  "1_users.up.sql": "create table users (id int primary key)",
  "2_names.up.sql": "alter table users add name text",
};

/** The error a call ends with; anything but a MigrationError fails the test. */
async function failureOf(options: ApplyOptions): Promise<MigrationError> {
  try {
    await applyMigrations(options);
  } catch (error) {
    if (error instanceof MigrationError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

async function emptyPglite(): Promise<PGlite> {
  using folder = folderOf({});
  // The tracker is there: what is asked for below is another one.
  return await migratedPglite({ migrations: folder.path, tracker: "made.before" });
}

describe("readMigrations", () => {
  test("gives count, digest and list, in numeric order", async () => {
    using folder = folderOf({ "10_b.sql": "select 10", "009_a.up.sql": "\uFEFFselect 9" });
    const read = await readMigrations(pathToFileURL(folder.path));
    expect(read.count).toBe(2);
    expect(read.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(read.list.map(({ version, name, id, sql }) => [version, name, id, sql])).toEqual([
      ["9", "a", "009_a", "select 9"],
      ["10", "b", "10_b", "select 10"],
    ]);
    expect(read.notes).toEqual([]);
  });

  test("an empty folder is noted, a missing one is an error", async () => {
    using folder = folderOf({});
    const read = await readMigrations(folder.path);
    expect(read.notes).toEqual([{ code: "no-migrations", path: folder.path }]);
    const failure = await readMigrations(`${folder.path}/absent`).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MigrationError);
    expect((failure as MigrationError).code).toBe("no-migrations");
    expect((failure as MigrationError).message).toContain("the option migrations");
  });

  test("every problem of the files is in the error", async () => {
    using folder = folderOf({ "1_a.sql": "", "01_b.sql": "", "what.sql": "" });
    const failure = (await readMigrations(folder.path).catch((error: unknown) => error)) as Error;
    expect((failure as MigrationError).problems.map((one) => one.code)).toEqual([
      "bad-name",
      "duplicate",
    ]);
  });
});

describe("a server", () => {
  test(
    "by URL: applied once, in order, with events",
    async () => {
      using folder = folderOf(files);
      await using fresh = await freshDatabase(await sharedServer(major));
      const events: MigrationEvent[] = [];
      const options = {
        database: fresh.url,
        migrations: folder.path,
        onEvent: (event: MigrationEvent): void => void events.push(event),
      };
      const first = await applyMigrations({ ...options, to: 1 });
      expect(first.applied.map((one) => one.id)).toEqual(["1_users"]);
      expect(first.left.map((one) => one.id)).toEqual(["2_names"]);
      const read = await readMigrations(folder.path);
      const second = await applyMigrations({ ...options, database: new URL(fresh.url) });
      expect(second).toEqual({
        applied: [read.list[1]].map((one) => ({ ...one, sql: undefined })) as never,
        left: [],
        digest: read.digest,
      });
      expect(events.map((event) => event.kind)).toEqual([
        "connected",
        "applying",
        "applied",
        "connected",
        "applying",
        "applied",
      ]);
    },
    patience,
  );

  test(
    "by a postgres.js client, which stays open and as it was",
    async () => {
      using folder = folderOf(files);
      await using fresh = await freshDatabase(await sharedServer(major));
      const sql = postgres(fresh.url, { max: 1, connection: { search_path: "elsewhere" } });
      try {
        await sql`create schema elsewhere`;
        const [before] = await sql`select pg_backend_pid() as pid`;
        const { applied } = await applyMigrations({ database: sql, migrations: folder.path });
        expect(applied).toHaveLength(2);
        // The client's search_path held for the run, and its connection was not used by it.
        const [after] = await sql`
          select pg_backend_pid() as pid, to_regclass('elsewhere.users') is not null as is_there`;
        expect(after).toEqual({ pid: before?.["pid"], is_there: true });
      } finally {
        await sql.end();
      }
    },
    patience,
  );

  test(
    "TLS as the client has it: a certificate in memory, verified by name",
    async () => {
      await using server = await startServer(major, {
        hba: "hostssl all all 127.0.0.1/32 trust\nlocal all all trust\nhostnossl postgres postgres 127.0.0.1/32 trust\n",
      });
      await offerTls(server);
      using folder = folderOf({
        "1_a.sql": "create table a as select ssl from pg_stat_ssl where pid = pg_backend_pid()",
      });
      await using fresh = await freshDatabase(server);
      const run = (ssl: object | string | boolean): Promise<string> => {
        const sql = postgres(fresh.url, { ssl: ssl as never });
        const options = { database: sql, migrations: folder.path, connectTimeoutMs: 5000 };
        return applyMigrations(options).then(
          () => "connected",
          (error: MigrationError) => error.message,
        );
      };
      expect(await run({ ca: certificate })).toContain("altnames");
      expect(await run(true)).toContain("self");
      expect(await run({ ca: certificate, servername: "lacuna.test" })).toBe("connected");
      expect(await run({ rejectUnauthorized: false })).toBe("connected");
      expect(await run("require")).toBe("connected");
      expect(await run(false)).toContain("no encryption");
    },
    patience,
  );

  test(
    "a password from a function, asked for each session, and its failure",
    async () => {
      const hba = "host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
      await using server = await startServer(major, { hba });
      const admin = postgres(server.url(), { max: 1 });
      await admin.unsafe("create role guarded superuser login password 'open sesame'");
      await admin.end();
      using folder = folderOf(files);
      const run = (pass: () => string | Promise<string>): Promise<string> => {
        const sql = postgres(server.url(), { user: "guarded", pass: pass as never });
        return applyMigrations({ database: sql, migrations: folder.path, newHere: true }).then(
          ({ applied }) => `${applied.length} applied`,
          (error: MigrationError) => `${error.exitCode} ${error.message}`,
        );
      };
      expect(await run(() => Promise.reject(new Error("the vault is closed")))).toMatch(
        /^6 .*the vault is closed/,
      );
      expect(await run(() => "wrong")).toMatch(/^6 .*28P01/);
      expect(await run(() => Promise.resolve("open sesame"))).toBe("2 applied");
    },
    patience,
  );

  test(
    "a failed migration: code, exit code, place, and what was applied before it",
    async () => {
      using folder = folderOf({ ...files, "3_bad.up.sql": "select 1;\nselect nothing" });
      await using fresh = await freshDatabase(await sharedServer(major));
      const failure = await failureOf({ database: fresh.url, migrations: folder.path });
      expect(failure.name).toBe("MigrationError");
      expect(failure.code).toBe("migration-failed");
      expect(failure.exitCode).toBe(1);
      expect(failure.applied).toEqual(["1_users", "2_names"]);
      expect(failure.message).toBe(
        'Cannot apply 3_bad: column "nothing" does not exist (42703)\n' +
          `  at ${folder.path}/3_bad.up.sql:2:8\n` +
          "  hint: nothing of 3_bad was kept; fix the file and run it again",
      );
      const [problem] = failure.problems;
      expect(problem?.code === "migration-failed" && problem.error.code).toBe("42703");
    },
    patience,
  );

  test(
    "an AbortSignal cancels what runs, and nothing of it stays",
    async () => {
      using folder = folderOf({
        ...files,
        "3_slow.up.sql": "create table t (); select pg_sleep(60)",
      });
      await using fresh = await freshDatabase(await sharedServer(major));
      const controller = new AbortController();
      const reason = new Error("shutting down");
      const startMs = performance.now();
      const failure = await failureOf({
        database: fresh.url,
        migrations: folder.path,
        signal: controller.signal,
        onEvent(event) {
          if (event.kind === "applying" && event.migration.id === "3_slow") {
            setTimeout(() => controller.abort(reason), 100);
          }
        },
      });
      expect(performance.now() - startMs).toBeLessThan(20_000);
      expect([failure.code, failure.exitCode, failure.applied.length]).toEqual([
        "interrupted",
        130,
        2,
      ]);
      expect(failure.cause).toBe(reason);
      expect(failure.message).toContain("Interrupted by AbortSignal; 3_slow was rolled back");
      const late = await failureOf({
        database: fresh.url,
        migrations: folder.path,
        signal: AbortSignal.abort(reason),
      });
      expect([late.code, late.cause]).toEqual(["interrupted", reason]);
    },
    patience,
  );

  test(
    "what a listener throws stops nothing, and is thrown in the end",
    async () => {
      using folder = folderOf({ "1_a.sql": "do $$ begin raise notice 'hello'; end $$" });
      await using fresh = await freshDatabase(await sharedServer(major));
      const options = { database: fresh.url, migrations: folder.path };
      const onEvent = (event: MigrationEvent): void => {
        if (event.kind === "notice") throw new Error("not my day");
      };
      expect(applyMigrations({ ...options, onEvent })).rejects.toThrow("not my day");
      expect((await applyMigrations(options)).applied).toEqual([]);
    },
    patience,
  );
});

describe("a PGlite", () => {
  test(
    "that is given stays open, with its role, its settings and its listeners",
    async () => {
      using folder = folderOf({
        "1_a.up.sql": "create table a (); set search_path = pg_catalog; set lock_timeout = 7",
        "2_b.up.sql": "create table b ()",
      });
      await using pglite = await emptyPglite();
      await pglite.exec(
        "create role app; grant create on schema public to app; grant create on database postgres to app; create schema app authorization app; " +
          "set role app; set search_path = app; set statement_timeout = '7s'",
      );
      const heard: string[] = [];
      await pglite.listen("news", (payload) => heard.push(payload));
      const options = { database: pglite, migrations: folder.path, tracker: "app.history" };
      const { applied } = await applyMigrations({ ...options, newHere: true });
      expect(applied).toHaveLength(2);
      const shown = await pglite.query(`
        select current_user::text, current_setting('search_path') as path,
               current_setting('statement_timeout') as timeout,
               current_setting('lock_timeout') as lock`);
      expect(shown.rows).toEqual([{ current_user: "app", path: "app", timeout: "7s", lock: "0" }]);
      // A run begins like a new session: the owner's search_path is not its own.
      const made = await pglite.query(
        "select schemaname, tablename, tableowner from pg_tables where tablename in ('a', 'b')",
      );
      expect(made.rows).toEqual([
        { schemaname: "public", tablename: "a", tableowner: "app" },
        { schemaname: "public", tablename: "b", tableowner: "app" },
      ]);
      await pglite.exec("notify news, 'still here'");
      expect(heard).toEqual(["still here"]);
    },
    patience,
  );

  test(
    "keeps temporary tables and prepared statements where nothing is pending",
    async () => {
      using folder = folderOf(files);
      await using pglite = await emptyPglite();
      const options = { database: pglite, migrations: folder.path, newHere: true };
      await applyMigrations(options);
      await pglite.exec("create temp table kept (); prepare mine as select 1");
      expect((await applyMigrations(options)).applied).toEqual([]);
      await pglite.exec("select * from kept; execute mine");
    },
    patience,
  );

  test(
    "its owner's queries wait for the run, and never get into a migration's transaction",
    async () => {
      const many = Object.fromEntries(
        Array.from({ length: 20 }, (_, index) => [
          `${index + 1}_t.up.sql`,
          `create table t${index} (); select 1`,
        ]),
      );
      using folder = folderOf(many);
      await using pglite = await emptyPglite();
      const asked: Promise<unknown>[] = [];
      const { applied } = await applyMigrations({
        database: pglite,
        migrations: folder.path,
        newHere: true,
        onEvent(event) {
          if (event.kind !== "applied") return;
          asked.push(
            pglite.query("select count(*)::int as n from pg_tables where tablename ~ '^t[0-9]'"),
            pglite.transaction((tx) => tx.query("select 1 as n where false")),
          );
        },
      });
      expect(applied).toHaveLength(20);
      const answers = (await Promise.all(asked)) as { rows: unknown[] }[];
      expect(answers.flatMap(({ rows }) => rows)).toEqual(
        Array.from({ length: 20 }, () => ({ n: 20 })),
      );
    },
    patience,
  );

  test(
    "two runs at once on one client both succeed, and apply once",
    async () => {
      using folder = folderOf(files);
      await using pglite = await emptyPglite();
      const options = { database: pglite, migrations: folder.path, newHere: true };
      const done = await Promise.all([applyMigrations(options), applyMigrations(options)]);
      expect(done.map(({ applied }) => applied.length).toSorted((a, b) => a - b)).toEqual([0, 2]);
    },
    patience,
  );

  test(
    "in a transaction or closed, it is refused in words, and the transaction goes on",
    async () => {
      using folder = folderOf(files);
      const pglite = await emptyPglite();
      const options = { database: pglite, migrations: folder.path, connectTimeoutMs: 300 };
      await pglite.exec("begin; create table mine ()");
      const raw = await failureOf(options);
      expect([raw.code, raw.exitCode]).toEqual(["client-busy", 6]);
      await pglite.exec("commit; select * from mine");
      const inside = await pglite.transaction(() => failureOf({ ...options, newHere: true }));
      expect(inside.message).toContain("in a transaction");
      await pglite.close();
      expect((await failureOf(options)).message).toContain("closed");
    },
    patience,
  );
});

describe("options", () => {
  test.each([
    [{ database: 7 }, "no URL, no postgres.js client and no PGlite"],
    [{ database: "mysql://x" }, "does not begin with postgres://"],
    [{ database: "pglite:memory" }, "gone when the run is over"],
    [{ migrations: 7 }, "a path or a file: URL"],
    [{ migrations: { list: [] } }, "nor what readMigrations() gave"],
    [{ migrations: new URL("https://example.com/x") }, "a path or a file: URL"],
    [{ stricct: true }, "stricct is not known"],
    [{ lockWaitMs: "5min" }, "milliseconds"],
    [{ pooler: "transaction" }, "session"],
    [{ lockWaitMs: Number.NaN }, "milliseconds"],
    [{ checksums: "yes" }, "enforce"],
    [{ tracker: "a.b.c" }, "the tracker's name"],
    [{ to: "abc" }, "a version"],
    [{ signal: {} }, "AbortSignal"],
  ])("%o is refused", async (wrong, words) => {
    using folder = folderOf(files);
    const right = { database: "postgres://nobody@127.0.0.1:1/x", migrations: folder.path };
    const failure = await failureOf({ ...right, ...wrong } as unknown as ApplyOptions);
    expect(failure.exitCode).toBe(2);
    expect(failure.message).toContain(words);
  });

  test("a transaction's sql is no client", async () => {
    await using fresh = await freshDatabase(await sharedServer(major));
    using folder = folderOf(files);
    const sql = postgres(fresh.url, { max: 1 });
    try {
      const failure = await sql.begin((inner) =>
        failureOf({ database: inner as never, migrations: folder.path }),
      );
      expect(failure.message).toContain("not one of a transaction");
    } finally {
      await sql.end();
    }
  });

  test("a password is in no message", async () => {
    using folder = folderOf({ "1_a.sql": "select 'hunter22'::int" });
    await using fresh = await freshDatabase(await sharedServer(major));
    const database = fresh.url.replace("postgres@", "postgres:hunter22@");
    const failure = await failureOf({ database, migrations: folder.path });
    expect(failure.message).toContain("***");
    expect(failure.message).not.toContain("hunter22");
  });
});
