/** A database that another tool has migrated so far, or that nobody knows anything about. */
import { expect } from "bun:test";
import { contract, databaseSettings, pgliteSkips } from "./contract.ts";
import { type Ground, lastRows, planned, trackerNamed } from "./ground.ts";

const files = Object.fromEntries(
  [1, 2, 3, 4].map((version) => [`00${version}_v${version}.up.sql`, `create table v${version} ()`]),
);

/** What golang-migrate leaves: its table at a version, and the objects up to there. */
async function golang(ground: Ground, table: string, rows: string): Promise<void> {
  await ground.sql(
    `create table ${table} (version bigint not null primary key, dirty boolean not null); insert into ${table} values ${rows}`,
  );
}

async function madeUpTo2(ground: Ground): Promise<void> {
  await ground.sql("create table v1 (); create table v2 ()");
}

/** What `up` refuses, `plan` and `status` refuse as well, and none of them writes anything. */
async function refuses(ground: Ground, code: string): Promise<unknown> {
  const before = await ground.snapshot();
  const first = await upRefuses(ground, code);
  expect((await ground.plan(files)).problems).toEqual([code]);
  expect((await ground.status(files)).problems).toEqual([code]);
  expect(await ground.snapshot()).toBe(before);
  return first;
}

async function upRefuses(ground: Ground, code: string, newHere = false): Promise<unknown> {
  const { problems, first } = await ground.up(files, { newHere });
  expect(problems).toEqual([code]);
  return first;
}

const skips = pgliteSkips(
  databaseSettings,
  "golang-migrate at N is taken over: in the current schema",
);

contract(skips, (check) => {
  for (const [what, table, prepare] of [
    ["under its own name", "public.schema_migrations", ""],
    ["under another name", "public.app_schema_migrations", ""],
    ["under a name that needs quotes", 'public."Old ""one""."', ""],
    ["in the tracker's schema", "app.schema_migrations", "create schema app"],
    ["in the current schema", "current.schema_migrations", "create schema current"],
  ] as const) {
    check(`golang-migrate at N is taken over: ${what}`, async (ground) => {
      await ground.sql(prepare);
      if (what === "in the current schema") await ground.configure("search_path = current, public");
      await madeUpTo2(ground);
      await golang(ground, table, "(2, false)");
      const tracker =
        what === "in the tracker's schema"
          ? trackerNamed("app", "applied_migrations")
          : trackerNamed("public", "applied_migrations");
      const request = { tracker: tracker.tracker };

      const before = await ground.snapshot();
      expect(planned(await ground.plan(files, request))).toEqual(["003_v3", "004_v4"]);
      expect(await ground.states(files, request)).toEqual([
        "1: adopted",
        "2: adopted",
        "3: pending",
        "4: pending",
      ]);
      const checked = await ground.status(files, { ...request, check: true });
      expect(checked.problems).toEqual(["not-in-sync"]);
      expect(await ground.snapshot()).toBe(before);

      const { problems, applied, world } = await ground.up(files, request);
      expect(problems).toEqual([]);
      expect(applied).toEqual(["003_v3", "004_v4"]);
      expect(world.events).toContainEqual(
        expect.objectContaining({
          kind: "adopted",
          adoption: expect.objectContaining({ version: "2" }),
        }),
      );
      expect(
        await lastRows(
          ground,
          `select version::text as version, name, checksum is null as adopted from ${tracker.sql} order by 1`,
        ),
      ).toEqual([
        { version: "1", name: "v1", adopted: "t" },
        { version: "2", name: "v2", adopted: "t" },
        { version: "3", name: "v3", adopted: "f" },
        { version: "4", name: "v4", adopted: "f" },
      ]);
      expect(await ground.value(`select version || ' ' || dirty from ${table}`)).toBe("2 false");

      const again = await ground.up(files, request);
      expect(again.applied).toEqual([]);
      expect(again.problems).toEqual([]);

      await ground.sql(`update ${table} set version = 3`);
      const moved = await ground.up({ ...files, "5_v5.sql": "create table v5 ()" }, request);
      expect(moved.problems).toEqual(["legacy-moved"]);
      expect(moved.first).toMatchObject({ was: "2", is: "3" });
      expect((await ground.status(files, request)).problems).toEqual(["legacy-moved"]);
      expect(await ground.exists("v5")).toBe(false);

      // Its owner may drop it, and so may a migration.
      const drops = { ...files, "5_v5.sql": `drop table ${table}` };
      await ground.sql(`update ${table} set version = 2`);
      expect((await ground.up(drops, request)).problems).toEqual([]);
      expect((await ground.up(drops, request)).problems).toEqual([]);
    });
  }

  check("a gap below an adopted version is not seen, and one above it is", async (ground) => {
    await madeUpTo2(ground);
    await golang(ground, "schema_migrations", "(2, false)");
    const { "003_v3.up.sql": third, ...others } = files;
    expect((await ground.up(others)).applied).toEqual(["004_v4"]);
    const whole = { ...others, "003_v3.up.sql": third ?? "" };
    expect(planned(await ground.plan(whole))).toEqual(["003_v3 (gap)"]);
    expect((await ground.up(whole)).applied).toEqual(["003_v3"]);
  });

  check("nothing pending is an adoption too", async (ground) => {
    await golang(ground, "schema_migrations", "(4, false)");
    const { applied, problems } = await ground.up(files);
    expect(problems).toEqual([]);
    expect(applied).toEqual([]);
    expect(await ground.versions()).toEqual(["1", "2", "3", "4"]);
  });

  check("an adoption stays when the first migration fails", async (ground) => {
    await golang(ground, "schema_migrations", "(2, false)");
    const broken = { ...files, "003_v3.up.sql": "select nothing" };
    expect((await ground.up(broken)).problems).toEqual(["migration-failed"]);
    expect(await ground.versions()).toEqual(["1", "2"]);
    expect((await ground.up(files)).applied).toEqual(["003_v3", "004_v4"]);
  });

  check("two trackers at one version are taken over with both names", async (ground) => {
    await ground.sql("create schema app");
    await golang(ground, "app.app_schema_migrations", "(2, false)");
    await golang(ground, "public.app_schema_migrations", "(2, false)");
    const { tracker, sql } = trackerNamed("app", "applied_migrations");
    const { problems, world } = await ground.up(files, { tracker });
    expect(problems).toEqual([]);
    expect(world.events).toContainEqual(
      expect.objectContaining({
        kind: "adopted",
        adoption: expect.objectContaining({
          from: ["app.app_schema_migrations", "public.app_schema_migrations"],
        }),
      }),
    );
    expect(await ground.versions(sql)).toEqual(["1", "2", "3", "4"]);
    for (const schema of ["app", "public"]) {
      await ground.sql(`update ${schema}.app_schema_migrations set version = 3`);
      expect((await ground.up(files, { tracker })).problems).toContain("legacy-moved");
      await ground.sql(`update ${schema}.app_schema_migrations set version = 2`);
    }
    expect((await ground.up(files, { tracker })).problems).toEqual([]);
  });

  check("two trackers at two versions are refused", async (ground) => {
    await golang(ground, "one_migrations", "(1, false)");
    await golang(ground, "two_migrations", "(2, false)");
    expect(await refuses(ground, "legacy-conflict")).toMatchObject({
      found: [
        { legacy: "public.one_migrations", version: "1" },
        { legacy: "public.two_migrations", version: "2" },
      ],
    });
    // It is not a question of being new here.
    await upRefuses(ground, "legacy-conflict", true);
  });

  check("a dirty tracker is refused", async (ground) => {
    await golang(ground, "schema_migrations", "(2, true)");
    expect(await refuses(ground, "legacy-dirty")).toMatchObject({
      legacy: "public.schema_migrations",
      version: "2",
    });
    await upRefuses(ground, "legacy-dirty", true);
  });

  check("a version that the set does not have is refused", async (ground) => {
    for (const version of ["7", "-1", "0"]) {
      await golang(ground, "schema_migrations", `(${version}, false)`);
      expect(await upRefuses(ground, "legacy-version-unknown")).toMatchObject({ version });
      await ground.sql("drop table schema_migrations");
    }
  });

  check("a tracker of several rows is refused", async (ground) => {
    await golang(ground, "schema_migrations", "(1, false), (2, false)");
    expect(await refuses(ground, "legacy-rows")).toMatchObject({ rows: 2 });
  });

  check("an empty tracker adopts nothing, and only its table is no obstacle", async (ground) => {
    await golang(ground, "schema_migrations", "(1, false)");
    await ground.sql("delete from schema_migrations");
    expect((await ground.up({ "1_v1.sql": "select 1" })).applied).toEqual(["1_v1"]);
    expect(await ground.value("select checksum is null from applied_migrations")).toBe("f");
    await ground.sql("drop table applied_migrations; create table theirs ()");
    await refuses(ground, "not-a-new-database");
  });

  check("an old runner that goes dirty after the take-over is noticed", async (ground) => {
    await golang(ground, "schema_migrations", "(2, false)");
    await ground.up(files);
    await ground.sql("update schema_migrations set version = 3, dirty = true");
    expect((await ground.up(files)).problems).toEqual(["legacy-dirty"]);
  });

  check("the take-over is remembered when every adopted row has a checksum", async (ground) => {
    await golang(ground, "schema_migrations", "(2, false)");
    await ground.up(files);
    await ground.mark(files, { to: "changed", versions: "all adopted" });
    await ground.sql("update schema_migrations set version = 3");
    expect((await ground.up(files)).problems).toEqual(["legacy-moved"]);
  });

  check("a tracker that is found later, beside rows, is left alone", async (ground) => {
    await ground.up(files);
    await golang(ground, "schema_migrations", "(2, true)");
    expect((await ground.up(files)).problems).toEqual([]);
  });

  check("other tools' tables of that name are not taken for golang-migrate's", async (ground) => {
    for (const [tool, columns] of [
      ["dbmate", "version varchar(128) primary key"],
      ["Rails", "version varchar not null primary key"],
      ["Ecto", "version bigint not null primary key, inserted_at timestamp(0)"],
      ["a relative", "version bigint not null, dirty boolean not null, extra int"],
      ["another type", "version int not null, dirty boolean not null"],
    ] as const) {
      await ground.sql(
        `create table schema_migrations (${columns}); insert into schema_migrations (version) select 2 where false`,
      );
      const problem = await upRefuses(ground, "not-a-new-database");
      expect({ tool, problem }).toEqual({
        tool,
        problem: expect.objectContaining({ count: 1, examples: ["public.schema_migrations"] }),
      });
      await ground.sql("drop table schema_migrations");
    }
    await ground.sql(
      "create view schema_migrations as select 2::bigint as version, false as dirty",
    );
    await refuses(ground, "not-a-new-database");
  });

  check("a database with objects and no tracker is not new", async (ground) => {
    for (const [what, make, drop] of [
      ["a table", "create table theirs ()", "drop table theirs"],
      ["a view", "create view theirs as select 1 as one", "drop view theirs"],
      [
        "a materialized view",
        "create materialized view theirs as select 1 as one",
        "drop materialized view theirs",
      ],
      ["a sequence", "create sequence theirs", "drop sequence theirs"],
      [
        "a partitioned table",
        "create table theirs (a int) partition by list (a)",
        "drop table theirs",
      ],
      [
        "a function",
        "create function theirs() returns int language sql as 'select 1'",
        "drop function theirs()",
      ],
      ["an enum", "create type theirs as enum ('a')", "drop type theirs"],
      ["a domain", "create domain theirs as int", "drop domain theirs"],
      ["a composite type", "create type theirs as (a int)", "drop type theirs"],
    ] as const) {
      await ground.sql(make);
      const ran = await ground.up(files);
      expect({ what, problems: ran.problems }).toEqual({ what, problems: ["not-a-new-database"] });
      expect(ran.first).toMatchObject({ count: 1 });
      await ground.sql(drop);
    }
    await ground.sql("create table theirs (a int); insert into theirs values (1)");
    expect(await refuses(ground, "not-a-new-database")).toMatchObject({
      count: 1,
      examples: ["public.theirs"],
    });
    expect((await ground.up(files, { newHere: true })).applied).toHaveLength(4);
    // Asked once: from then on the tracker says that it is ours.
    expect((await ground.up({ ...files, "5_v5.sql": "select 1" })).applied).toEqual(["5_v5"]);
  });

  check("objects in schemas that up does not look at are no obstacle", async (ground) => {
    await ground.sql("create schema elsewhere; create table elsewhere.theirs ()");
    expect((await ground.up(files)).applied).toHaveLength(4);
  });

  check("objects of extensions do not count", async (ground) => {
    await ground.sql(
      "create table of_extension (); create function of_extension() returns int language sql as 'select 1'; " +
        "alter extension plpgsql add table of_extension; alter extension plpgsql add function of_extension()",
    );
    try {
      expect((await ground.up(files)).problems).toEqual([]);
      expect(await ground.versions()).toEqual(["1", "2", "3", "4"]);
    } finally {
      await ground.sql(
        "alter extension plpgsql drop table of_extension; alter extension plpgsql drop function of_extension()",
      );
    }
  });

  check("a baseline by mark is the third way on", async (ground) => {
    await madeUpTo2(ground);
    await refuses(ground, "not-a-new-database");
    expect((await ground.mark(files, { to: "applied", upTo: "2" })).problems).toEqual([]);
    expect((await ground.up(files)).applied).toEqual(["003_v3", "004_v4"]);
  });

  check("a database whose first migration failed is still new", async (ground) => {
    expect((await ground.up({ "1_v1.sql": "select nothing" })).problems).toEqual([
      "migration-failed",
    ]);
    expect((await ground.up(files)).applied).toHaveLength(4);
  });

  check("reading commands never write on an empty database", async (ground) => {
    const before = await ground.snapshot();
    expect(planned(await ground.plan(files))).toEqual(["001_v1", "002_v2", "003_v3", "004_v4"]);
    expect(await ground.states(files)).toEqual([
      "1: pending",
      "2: pending",
      "3: pending",
      "4: pending",
    ]);
    await ground.plan(files, { tracker: { schema: "nowhere", table: "t" } });
    expect(await ground.snapshot()).toBe(before);
  });
});
