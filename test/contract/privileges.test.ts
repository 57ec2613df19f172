/** A role that may not do what the runner has to: named before anything is written, with the way out. */
import { expect } from "bun:test";
import { explain } from "../../src/core/explain/explain.ts";
import type { MarkChange } from "../../src/core/marking.ts";
import { databaseAt } from "../support/engines.ts";
import { contract, pgliteSkips } from "./contract.ts";
import { type Ground, groundOn, type Ran, trackerNamed } from "./ground.ts";

const one = { "1_one.up.sql": "select 1" };
const two = { ...one, "2_two.up.sql": "select 2" };
const steps = { ...one, "2_two.up.sql": "-- lacuna: no-transaction\nselect 2;" };

/** The ground as an ordinary role sees it, after a superuser ran the script. */
async function asRole(ground: Ground, script: string, options = ""): Promise<Ground> {
  await ground.sql(
    `create role contract_app login; revoke all on schema public from public; ${script}`,
  );
  const url = new URL(ground.url);
  url.username = "contract_app";
  url.search = options;
  return groundOn(ground.engine, { ...ground, database: databaseAt(url.href), url: url.href });
}

/** What the hint tells somebody to run. */
function advised({ first }: Ran): readonly string[] {
  if (first === undefined) throw new Error("there is no problem");
  return [...explain(first).hint.matchAll(/`([^`]+;)`/g)].map((match) => match[1] ?? "");
}

/** Refused with these statements as the way on; nothing written; and fine once they were run. */
async function refusedUntil(
  ground: Ground,
  run: () => Promise<Ran>,
  code: string,
  statements: readonly string[],
): Promise<void> {
  const before = await ground.snapshot();
  const refused = await run();
  expect(refused.problems).toEqual([code]);
  expect(refused.first && explain(refused.first).exitCode).toBe(2);
  expect(advised(refused)).toEqual(statements);
  expect(await ground.snapshot()).toBe(before);
  for (const statement of statements) await ground.sql(statement);
  const { problems } = await run();
  expect(problems).toEqual([]);
}

const makesTracker = "CREATE on the schema, where the tracker has to be made";
const makesSchema = "CREATE on the database, where the schema has to be made";
const makesProgress = "CREATE on the schema, where the progress has to be made";
const uses = "USAGE on the schema, and SELECT and INSERT on a tracker";
const inserts = "INSERT on a tracker that may be read";
const keeps = "what a no-transaction file needs on the progress";
const marks = "what mark needs on the tracker and the progress";
const reads = "SELECT for a command that only reads";
const columns = "a grant on the columns is as good as one on the table";
const idle = "nothing is asked for where nothing is to be written";
const policies = "row level security on the tracker is named";
const readOnly = "default_transaction_read_only is named with the place where it is set";
const startRole = "a role of the URL that the login may not take is named";
const legacy = "an old tracker that may not be read stops only a take-over";

contract(
  pgliteSkips(
    "PGlite has one login, a superuser",
    makesTracker,
    makesSchema,
    makesProgress,
    uses,
    inserts,
    keeps,
    marks,
    reads,
    columns,
    idle,
    policies,
    readOnly,
    startRole,
    legacy,
  ),
  (check) => {
    check(makesTracker, async (ground) => {
      const app = await asRole(ground, "grant usage on schema public to contract_app");
      await refusedUntil(ground, () => app.up(one), "missing-privileges", [
        'grant create on schema "public" to "contract_app";',
      ]);
      expect(await ground.versions()).toEqual(["1"]);
    });

    check(makesSchema, async (ground) => {
      const app = await asRole(ground, "");
      const { tracker, sql } = trackerNamed('we"ird', "Table");
      const database = await ground.value("select current_database()");
      await refusedUntil(ground, () => app.up(one, { tracker }), "missing-privileges", [
        `grant create on database "${database}" to "contract_app";`,
      ]);
      expect(await ground.versions(sql)).toEqual(["1"]);
      expect((await app.up(steps, { tracker })).problems).toEqual([]);
      await ground.sql(`revoke create on database "${database}" from contract_app`);
    });

    check(makesProgress, async (ground) => {
      await ground.up(one);
      const app = await asRole(
        ground,
        "grant usage on schema public to contract_app; grant select, insert on applied_migrations to contract_app",
      );
      await refusedUntil(ground, () => app.up(steps), "missing-privileges", [
        'grant create on schema "public" to "contract_app";',
      ]);
    });

    check(uses, async (ground) => {
      await ground.up(one);
      const app = await asRole(ground, "");
      await refusedUntil(ground, () => app.up(two), "missing-privileges", [
        'grant usage on schema "public" to "contract_app";',
        'grant select, insert on table "public"."applied_migrations" to "contract_app";',
      ]);
      expect(await ground.versions()).toEqual(["1", "2"]);
    });

    check(inserts, async (ground) => {
      await ground.up(one);
      const app = await asRole(
        ground,
        "grant usage on schema public to contract_app; grant select on applied_migrations to contract_app",
      );
      await refusedUntil(ground, () => app.up(two), "missing-privileges", [
        'grant insert on table "public"."applied_migrations" to "contract_app";',
      ]);
    });

    check(keeps, async (ground) => {
      await ground.up(one);
      await ground.up({ ...one, "2_two.up.sql": "-- lacuna: no-transaction\nselect nothing;" });
      const app = await asRole(
        ground,
        "grant usage on schema public to contract_app; grant select, insert on applied_migrations to contract_app; " +
          "grant select on applied_migrations_progress to contract_app",
      );
      await refusedUntil(ground, () => app.up(steps), "missing-privileges", [
        'grant insert, update, delete on table "public"."applied_migrations_progress" to "contract_app";',
      ]);
    });

    check(marks, async (ground) => {
      await ground.up(one);
      const app = await asRole(
        ground,
        "grant usage on schema public to contract_app; grant select on applied_migrations to contract_app",
      );
      const changes: readonly (readonly [MarkChange, string])[] = [
        [{ to: "applied", versions: ["2"] }, "insert"],
        [{ to: "pending", versions: ["2"] }, "delete"],
      ];
      for (const [change, privilege] of changes) {
        await refusedUntil(ground, () => app.mark(two, change), "missing-privileges", [
          `grant ${privilege} on table "public"."applied_migrations" to "contract_app";`,
        ]);
      }
      expect(await ground.versions()).toEqual(["1"]);
    });

    check(reads, async (ground) => {
      await ground.up(one);
      const app = await asRole(ground, "grant usage on schema public to contract_app");
      await refusedUntil(ground, () => app.status(one), "missing-privileges", [
        'grant select on table "public"."applied_migrations" to "contract_app";',
      ]);
    });

    check(columns, async (ground) => {
      await ground.up(one);
      const list = "(version, name, applied_at, checksum)";
      const app = await asRole(
        ground,
        "alter table applied_migrations add note text; grant usage on schema public to contract_app; " +
          `grant select ${list}, insert ${list} on applied_migrations to contract_app`,
      );
      expect((await app.up(two)).problems).toEqual([]);
    });

    check(idle, async (ground) => {
      await ground.up(one);
      const app = await asRole(
        ground,
        "grant usage on schema public to contract_app; grant select on applied_migrations to contract_app; " +
          "alter role contract_app set default_transaction_read_only = on",
      );
      const { problems, applied } = await app.up(one);
      expect(problems).toEqual([]);
      expect(applied).toEqual([]);
    });

    check(policies, async (ground) => {
      await ground.up(one);
      const app = await asRole(
        ground,
        "grant usage on schema public to contract_app; grant select, insert on applied_migrations to contract_app; " +
          "alter table applied_migrations enable row level security",
      );
      for (const run of [() => app.status(one), () => app.up(one)]) {
        expect((await run()).problems).toEqual(["row-security"]);
      }
      await refusedUntil(ground, () => app.up(two), "row-security", [
        'alter table "public"."applied_migrations" disable row level security;',
      ]);
    });

    check(readOnly, async (ground) => {
      const app = await asRole(ground, "grant usage, create on schema public to contract_app");
      const database = await ground.value("select current_database()");
      const setting = "default_transaction_read_only";
      const files: Record<string, string> = {};
      for (const place of [
        `database "${database}"`,
        'role "contract_app"',
        `role "contract_app" in database "${database}"`,
      ]) {
        await ground.sql(`alter ${place} set ${setting} = on`);
        files[`${Object.keys(files).length + 1}_x.up.sql`] = "select 1";
        await refusedUntil(ground, () => app.up(files), "read-only", [
          `alter ${place} reset ${setting};`,
        ]);
      }
      // Said by the URL, which wins, it is overruled: as the hint says.
      await ground.sql(`alter role contract_app set ${setting} = on`);
      const url = new URL(app.url);
      url.search = `options=-c%20${setting}%3Doff`;
      const overruling = groundOn(ground.engine, { ...ground, database: databaseAt(url.href) });
      expect((await overruling.up({ "9_i.up.sql": "select 9" })).problems).toEqual([]);
      url.search = `options=-c%20${setting}%3Don`;
      const asked = groundOn(ground.engine, { ...ground, database: databaseAt(url.href) });
      const { first } = await asked.up({ "10_j.up.sql": "select 10" });
      expect(first).toMatchObject({ code: "read-only", source: "client" });
    });

    check(startRole, async (ground) => {
      const options = "options=-c%20role%3Dcontract_owner";
      const app = await asRole(ground, "", options);
      expect((await app.up(one)).first).toMatchObject({
        code: "role-refused",
        role: "contract_owner",
        login: "contract_app",
      });
      await ground.sql(
        "create role contract_owner; grant create, usage on schema public to contract_owner",
      );
      await refusedUntil(ground, () => app.up(one), "role-refused", [
        'grant "contract_owner" to "contract_app";',
      ]);
      expect(
        await ground.value(
          "select tableowner from pg_tables where tablename = 'applied_migrations'",
        ),
      ).toBe("contract_owner");
    });

    check(legacy, async (ground) => {
      await ground.sql(
        "create table schema_migrations (version bigint, dirty boolean); insert into schema_migrations values (1, false)",
      );
      const app = await asRole(ground, "grant usage, create on schema public to contract_app");
      const { tracker } = trackerNamed("public", "mine");
      await refusedUntil(ground, () => app.up(two), "missing-privileges", [
        'grant select on table "public"."schema_migrations" to "contract_app";',
      ]);
      expect(await ground.versions()).toEqual(["1", "2"]);
      // Where the tracker has rows, or a person says that all is new, nobody needs to read it.
      await ground.sql("revoke select on schema_migrations from contract_app");
      expect((await app.up({ ...two, "3_c.up.sql": "select 3" })).applied).toEqual(["3_c"]);
      const fresh = await app.up(one, { tracker, newHere: true });
      expect(fresh.problems).toEqual([]);
      expect(fresh.applied).toEqual(["1_one"]);
    });
  },
);
