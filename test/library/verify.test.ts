/** verifyMigrations: findings are thrown, and nothing is changed. */
import { describe, expect, test } from "bun:test";
import postgres from "postgres";
import {
  applyMigrations,
  MigrationError,
  type MigrationEvent,
  VerifyError,
  type VerifyOptions,
} from "../../src/library.ts";
import { runVerify } from "../../src/library/verify.ts";
import type { VerifyReport } from "../../src/library.ts";
import { pgliteImage } from "../support/engines.ts";
import { PGlite } from "@electric-sql/pglite";
import { folderOf } from "../support/folders.ts";
import { freshDatabase, sharedServer } from "../support/servers.ts";

const patience = 60_000;
const major = 17;
const good = {
  "1_users.up.sql": "create table users (id int primary key, name text)",
  "2_names.up.sql": "alter table users alter column name set default 'x'",
};
const bad = {
  ...good,
  "3_regex.up.sql": "alter table users add check (name ~ '(unclosed')",
  "4_role.up.sql": "grant select on users to reader",
};

/** As verifyMigrations() does it, but for the seconds that a new cluster takes. */
async function verifyMigrations(options: VerifyOptions): Promise<VerifyReport> {
  return runVerify(options, new Uint8Array(await (await pgliteImage()).arrayBuffer()));
}

async function failureOf(options: VerifyOptions): Promise<MigrationError> {
  try {
    await verifyMigrations(options);
  } catch (error) {
    if (error instanceof MigrationError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

const told = (failure: MigrationError): readonly string[] =>
  failure instanceof VerifyError
    ? failure.report.results.map(({ migration, result }) => `${migration.id} ${result}`)
    : [`no findings: ${failure.message}`];

describe("without a database", () => {
  test(
    "what passes is reported, and told while it goes on",
    async () => {
      using folder = folderOf(good);
      const events: MigrationEvent[] = [];
      const report = await verifyMigrations({
        migrations: folder.path,
        onEvent: (event) => events.push(event),
      });
      expect(report.method).toBe("embedded");
      expect(report.results.map((one) => one.result)).toEqual(["passed", "passed"]);
      const verified = events.flatMap((one) =>
        one.kind === "verified" ? [one.result.migration.id] : [],
      );
      expect(verified).toEqual(["1_users", "2_names"]);
    },
    patience,
  );

  test(
    "findings are thrown, with the report",
    async () => {
      using folder = folderOf(bad);
      const failure = await failureOf({ migrations: folder.path });
      expect(failure).toBeInstanceOf(VerifyError);
      expect([failure.code, failure.exitCode]).toEqual(["verify-found", 7]);
      expect(told(failure)).toEqual([
        "1_users passed",
        "2_names passed",
        "3_regex failed",
        "4_role not verified",
      ]);
      expect(failure.problems.map((one) => one.code)).toEqual(["verify-found", "migration-failed"]);
      expect(failure.message).toContain("3_regex.up.sql:1:");
      expect(failure.message).not.toContain("`lacuna verify`");
      const ways =
        failure instanceof VerifyError ? failure.report.results.map((one) => one.way) : [];
      expect(ways.at(-1)).toBe("name it in the option roles, or give a database");
      const strict = { migrations: folder.path, roles: ["reader"], strict: true };
      expect(told(await failureOf(strict)).at(-1)).toBe("4_role passed");
    },
    patience,
  );
});

describe("on a database", () => {
  test(
    "a late migration that leaves something else than a new database gets",
    async () => {
      const body = (value: number): string =>
        `create or replace function f() returns int language sql as 'select ${value}'`;
      await using fresh = await freshDatabase(await sharedServer(major));
      using applied = folderOf({ "1_f.sql": body(1), "3_f.sql": body(3) });
      using folder = folderOf({ "1_f.sql": body(1), "2_f.sql": body(2), "3_f.sql": body(3) });
      await applyMigrations({ database: fresh.url, migrations: applied.path });
      const failure = await failureOf({ database: fresh.url, migrations: folder.path });
      expect([failure.code, failure.exitCode]).toEqual(["order-found", 7]);
      expect(told(failure)).toEqual(["2_f passed"]);
      const order = failure instanceof VerifyError ? failure.report.order : undefined;
      expect(order).toMatchObject({
        result: "different",
        gaps: [{ id: "2_f" }],
        findings: [{ what: "function public.f()", gaps: [{ id: "2_f" }], others: [{ id: "3_f" }] }],
      });
    },
    patience,
  );

  test(
    "it is rolled back, in a scratch database done for real, and the client stays open",
    async () => {
      await using fresh = await freshDatabase(await sharedServer(major));
      using folder = folderOf(bad);
      using first = folderOf({ "1_users.up.sql": good["1_users.up.sql"] });
      await applyMigrations({ database: fresh.url, migrations: first.path });
      const sql = postgres(fresh.url, { max: 1, onnotice: () => undefined });
      await sql`select 1`;
      const others = await failureOf({ database: sql, migrations: folder.path });
      expect(others.code).toBe("other-clients");
      const shared = { database: sql, migrations: folder.path, shared: true } as const;
      expect(told(await failureOf(shared))).toEqual([
        "2_names passed",
        "3_regex failed",
        "4_role failed",
      ]);
      expect(told(await failureOf({ ...shared, method: "scratch" }))[0]).toBe("1_users passed");
      const [row] = await sql`select count(*)::int as n from applied_migrations`;
      expect(row?.["n"]).toBe(1);
      await sql.end();
    },
    patience,
  );

  test(
    "a PGlite of the caller is as before",
    async () => {
      using folder = folderOf({ "1_users.up.sql": good["1_users.up.sql"] });
      using all = folderOf(good);
      await using pglite = await PGlite.create({ loadDataDir: await pgliteImage() });
      await applyMigrations({ database: pglite, migrations: folder.path });
      await pglite.exec("set search_path = public, pg_catalog");
      const report = await verifyMigrations({ database: pglite, migrations: all.path });
      expect(report.results.map((one) => one.migration.id)).toEqual(["2_names"]);
      const { rows } = await pglite.query(
        "select count(*)::int as n, current_setting('search_path') as path from applied_migrations",
      );
      expect(rows).toEqual([{ n: 1, path: "public, pg_catalog" }]);
    },
    patience,
  );
});

test.each<readonly [string, Record<string, unknown>]>([
  ["method", { method: "rolled back" }],
  ["shared", { shared: true }],
  ["stricct", { stricct: true }],
  ["roles", { roles: "reader" }],
  ["to", { to: 3 }],
])("the option %s is refused as it is given", async (name, options) => {
  const failure = await failureOf({ migrations: "nowhere", ...options });
  expect(failure.code).toBe("usage");
  expect(failure.message).toContain(name);
});
