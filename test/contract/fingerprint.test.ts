/** The fingerprint of a schema is the same where the schema is, whatever else differs. */
import { describe, expect, test } from "bun:test";
import { fingerprint } from "../../src/commands/fingerprint.ts";
import { directorySource } from "../../src/adapters/directory.ts";
import { readSchema } from "../../src/catalog/schema.ts";
import { type Schema, schemaDifferences, schemaDigest } from "../../src/core/schema.ts";
import { defaultTracker, type TrackerName } from "../../src/core/tracker.ts";
import { type Session, SqlError } from "../../src/ports.ts";
import { engines, type FreshDatabase, sessionOptions } from "../support/engines.ts";
import { everyKind } from "../support/every-kind.ts";
import { databaseRequest, runUp, worldOf } from "../support/worlds.ts";
import { contractSideBySide, databaseSettings, everyday, pgliteSkips } from "./contract.ts";

interface Reading {
  readonly grants?: boolean;
  readonly tracker?: TrackerName;
  /** What is set in the session before it reads. */
  readonly sets?: string;
}

function schemaIn(fresh: Pick<FreshDatabase, "database">, reading: Reading = {}): Promise<Schema> {
  const { grants = true, tracker = defaultTracker, sets } = reading;
  return fresh.database.session(sessionOptions, async (session) => {
    if (sets !== undefined) await session.run(sets);
    return readSchema(session, { tracker, grants });
  });
}

/** Fails with the objects that differ, and not with two digests. */
function expectSame(one: Schema, other: Schema): void {
  expect(schemaDifferences(one, other)).toEqual([]);
  expect(schemaDigest(one)).toBe(schemaDigest(other));
}

/** Settings that change how values and definitions are printed. */
const otherSettings: Readonly<Record<string, string>> = {
  timezone: "'Asia/Tokyo'",
  datestyle: "'SQL, DMY'",
  intervalstyle: "iso_8601",
  bytea_output: "escape",
  extra_float_digits: "-3",
  quote_all_identifiers: "on",
  search_path: "app, public",
  xmlbinary: "hex",
};

/** Values whose texts depend on settings, in definitions. */
const valuesOfTime = `
create table app.times (
  at timestamptz default '2024-01-02 03:04:05+00', day date default '2024-02-01', took interval default '1 year 2 days 03:04',
  bytes bytea default '\\x00ff', f float8 default 0.1::float8, check (at > '2020-01-01 00:00:00+00'), check (f <> 1e-7::float8));
create table app.parts (at timestamptz) partition by range (at);
create table app.part partition of app.parts for values from ('2024-01-01 00:00:00+00') to ('2025-01-01 00:00:00+00');`;

contractSideBySide(
  [...pgliteSkips(databaseSettings, "settings of the database and the role change nothing")],
  (check, engine) => {
    check("each kind of object is there", async (ground) => {
      await ground.sql(everyKind);
      const schema = await schemaIn(ground);
      const kinds = new Set([...schema.values()].map(({ kind }) => kind));
      const constraint = engine.major >= 17 ? ["not null constraint"] : [];
      expect([...kinds].toSorted()).toEqual([...kindsOfEveryKind, ...constraint].toSorted());
      const hidden = [...schema.values()].filter(({ definition }) =>
        definition.includes("hidden-"),
      );
      expect(hidden).toEqual([]);
      const blank = [...schema.values()].filter(
        ({ name, definition }) => name === "" || definition === "",
      );
      expect(blank).toEqual([]);
    });

    check("settings of the session change nothing, and stay", async (ground) => {
      await ground.sql(everyKind + valuesOfTime);
      const plain = await schemaIn(ground);
      expectSame(plain, await schemaIn(ground));
      const sets = Object.entries(otherSettings).map(([name, value]) => `set ${name} = ${value}`);
      const shown = Object.keys(otherSettings).map(
        (name) => `current_setting('${name}') as ${name}`,
      );
      await ground.database.session(sessionOptions, async (session) => {
        await session.run(sets.join("; "));
        const look = `select ${shown.join(", ")}`;
        const [before] = await session.rows(look);
        const read = await readSchema(session, { tracker: defaultTracker, grants: true });
        expectSame(plain, read);
        expect((await session.rows(look))[0]).toEqual(before);
      });
    });

    check("settings of the database and the role change nothing", async (ground) => {
      await ground.sql(everyKind + valuesOfTime);
      const plain = await schemaIn(ground);
      for (const [name, value] of Object.entries({ ...otherSettings, lc_monetary: "'C'" }))
        await ground.configure(`${name} = ${value.replaceAll("'", "''")}`);
      expectSame(plain, await schemaIn(ground));
    });

    check("the same schema made in another way is the same", async (ground) => {
      await ground.sql(everyKind);
      const plain = await schemaIn(ground);
      await using other = await engine.fresh();
      // Other numbers, other files, holes where something was.
      await other.sql(`
        create table public.gone (a integer, b text); insert into public.gone select n, 'x' from generate_series(1, 50) n;
        create type public.gone_too as enum ('x'); drop type public.gone_too;
        alter table public.gone drop column b; drop table public.gone; create sequence s; drop sequence s;`);
      await other.sql(everyKind);
      await other.sql(`
        alter table app.scratch add column later text; alter table app.scratch drop column later;
        alter table app.children add column more integer default 3; alter table app.children drop column more;
        create index renamed on app.scratch (id); drop index app.renamed;
        insert into app.parents (name, code) values ('a', 'b'), ('c', 'd'); insert into app.children (parent) select id from app.parents;
        insert into app.logs values (1, '2024-02-02', 'x'); delete from app.logs;
        select nextval('app.numbers');`);
      await other.sql("analyze");
      await other.sql("vacuum");
      await other.sql("vacuum full app.parents");
      await other.sql("reindex table app.parents");
      expectSame(plain, await schemaIn(other));
    });

    check(
      "the order in which things are made matters where it has a meaning alone",
      async (ground) => {
        const parts = [
          "create table a (x integer, y text)",
          "create table b (id integer primary key)",
          "create function f() returns integer language sql as 'select 1'",
          "create type m as enum ('x', 'y')",
          "create view v as select 1 as one",
          "create publication p",
          "comment on schema public is 'ours'",
        ];
        await ground.sql(parts.join("; "));
        await ground.sql(
          "alter publication p add table a; alter publication p add table b; alter table a add check (x > 0); create index on a (x); create index on a (y)",
        );
        await using other = await engine.fresh();
        await other.sql(parts.toReversed().join("; "));
        await other.sql(
          "create index a_y_idx on a (y); alter table a add check (x > 0); create index on a (x); alter publication p add table b; alter publication p add table a",
        );
        const [one, another] = [await schemaIn(ground), await schemaIn(other)];
        expectSame(one, another);
        await other.sql(
          "drop table a cascade; create table a (y text, x integer); create index on a (x); create index on a (y); alter table a add check (x > 0); alter publication p add table a",
        );
        expect(schemaDifferences(one, await schemaIn(other)).map(({ kind }) => kind)).toEqual([
          "column order",
        ]);
      },
    );

    check("the tracker's name changes nothing", async () => {
      const files = {
        "1_a.up.sql": "create table a (id integer primary key)",
        "2_b.up.sql": "-- lacuna: no-transaction\ncreate index concurrently i on a (id)",
      };
      const digests = [];
      for (const tracker of [
        defaultTracker,
        { schema: "ops", table: "History" },
        { schema: "public", table: "done" },
      ]) {
        await using fresh = await engine.fresh();
        const world = worldOf(fresh.database, files);
        expect((await runUp(fresh.database, files, { tracker })).problems).toEqual([]);
        const outcome = await fingerprint(world, {
          command: "fingerprint",
          ...databaseRequest,
          tracker,
          grants: true,
        });
        if (outcome.kind !== "fingerprint") throw new Error(outcome.kind);
        digests.push(outcome.digest);
        expect(outcome.schema.size).toBeGreaterThan(4);
        // A schema that holds something else is told, and the tracker is not.
        await fresh.sql(`create schema if not exists ops; create sequence ops.other`);
        const told = [...(await schemaIn(fresh, { tracker })).values()].map(({ name }) => name);
        expect(told).toContain("ops");
        expect(told.filter((name) => /history|done|applied/i.test(name))).toEqual([]);
      }
      expect(new Set(digests).size).toBe(1);
    });

    check(
      "a role that owns nothing reads the same, but for the options of user mappings",
      async (ground) => {
        await ground.sql(`${everyKind} create role contract_reader nosuperuser`);
        const owners = await schemaIn(ground);
        const readers = await schemaIn(ground, {
          sets: "set role contract_reader; set default_transaction_read_only = on",
        });
        expect(
          schemaDifferences(owners, readers).map(({ kind, name, right }) => [kind, name, right]),
        ).toEqual([["user mapping", "public server app_server", "user mapping"]]);
      },
    );

    check("nothing is written, and a temporary table hides no catalog", async (ground) => {
      await ground.sql(everyKind);
      const plain = await schemaIn(ground);
      const sets =
        "create temporary table pg_class (oid oid); create temporary table pg_depend (x text); set default_transaction_read_only = on";
      expectSame(plain, await schemaIn(ground, { sets }));
    });
  },
  everyday,
);

const kindsOfEveryKind: readonly string[] = [
  "access method",
  "aggregate",
  "cast",
  "collation",
  "column",
  "column order",
  "comment",
  "composite type",
  "constraint",
  "conversion",
  "domain",
  "enum",
  "event trigger",
  "extension",
  "foreign table",
  "foreign-data wrapper",
  "function",
  "index",
  "language",
  "materialized view",
  "operator",
  "operator class",
  "operator family",
  "policy",
  "privileges",
  "procedure",
  "publication",
  "range type",
  "rule",
  "schema",
  "sequence",
  "server",
  "statistics object",
  "table",
  "text search configuration",
  "text search dictionary",
  "text search parser",
  "text search template",
  "transform",
  "trigger",
  "type",
  "user mapping",
  "view",
  "window function",
];

describe("PGlite and PostgreSQL 18", () => {
  const both = engines.filter(({ major }) => major === 18);

  test("give one fingerprint to the example history", async () => {
    const files: Record<string, Uint8Array> = {};
    for (const { name, bytes } of await directorySource("migrations").list()) files[name] = bytes;
    const read = await Promise.all(
      both.map(async (engine) => {
        await using fresh = await engine.fresh();
        const { problems, applied } = await runUp(fresh.database, files);
        expect(problems).toEqual([]);
        expect(applied.length).toBeGreaterThan(20);
        return await schemaIn(fresh);
      }),
    );
    const [one, other] = read;
    if (one === undefined || other === undefined) throw new Error("two engines have 18");
    expect(one.size).toBeGreaterThan(100);
    expectSame(one, other);
  }, 60_000);

  test("give one fingerprint to every kind of object", async () => {
    const [one, other] = await Promise.all(
      both.map(async (engine) => {
        await using fresh = await engine.fresh();
        await fresh.sql(everyKind + valuesOfTime);
        return await schemaIn(fresh);
      }),
    );
    if (one === undefined || other === undefined) throw new Error("two engines have 18");
    expectSame(one, other);
  }, 60_000);
});

describe("a catalog that changes meanwhile", () => {
  const failing = (failures: number, code: string): { session: Session; asked: () => number } => {
    let asked = 0;
    const rows: Session["rows"] = () => {
      asked++;
      const server = { severity: "ERROR", code, message: "cache lookup failed for relation 1" };
      return asked <= failures
        ? Promise.reject(new SqlError("server", server))
        : Promise.resolve([[{ kind: "schema", name: "a", on: null, definition: "schema" }]]);
    };
    return { session: { rows } as Session, asked: () => asked };
  };
  const options = { tracker: defaultTracker, grants: false };

  test("is asked again", async () => {
    const { session } = failing(2, "XX000");
    expect((await readSchema(session, options)).size).toBe(1);
  });

  test("is asked three times at most", async () => {
    const { session, asked } = failing(3, "XX000");
    expect(await readSchema(session, options).catch(String)).toContain("cache lookup failed");
    expect(asked()).toBe(3);
  });

  test("another error is told at once", async () => {
    const { session, asked } = failing(1, "42501");
    expect(await readSchema(session, options).catch(String)).toContain("cache lookup failed");
    expect(asked()).toBe(1);
  });
});
