import { describe, expect, test } from "bun:test";
import { type Drift, driftBetween } from "../../src/core/drift.ts";
import { columnOrder, type SchemaObject, schemaOf } from "../../src/core/schema.ts";
import type { Circumstances } from "../../src/core/told-apart.ts";
import { migrationOf } from "./made.ts";

const same18: Circumstances = {
  expectedMajor: 18,
  actualMajor: 18,
  printedAlike: new Map(),
  unreplayed: [],
  legacy: [],
};

/** `kind name`, what it stands on, and its definition. */
type Sample = readonly [kind: string, name: string, on: string | undefined, definition: string];

function objectOf([kind, name, on, definition]: Sample): SchemaObject {
  return { kind, name, on, definition };
}

function between(
  expected: readonly Sample[],
  actual: readonly Sample[],
  circumstances: Partial<Circumstances> = {},
  ignored: readonly string[] = [],
): Drift {
  const [left, right] = [expected, actual].map((one) => schemaOf(one.map(objectOf)));
  if (left === undefined || right === undefined) throw new Error("two schemas");
  return driftBetween(left, right, { ...same18, ...circumstances }, ignored);
}

function findings(drift: Drift): readonly string[] {
  return drift.findings.map(({ finding, kind, name }) => `${finding}: ${kind} ${name}`);
}

function reasons(drift: Drift): readonly string[] {
  return drift.toldApart.map(({ kind, name, reason }) => `${kind} ${name}: ${reason}`);
}

const users: Sample = ["table", "public.users", undefined, "table"];
const email: Sample = ["column", "public.users.email", "public.users", "text"];
const emailIndex: Sample = [
  "index",
  "public.users_email_idx",
  "public.users",
  "CREATE INDEX users_email_idx ON public.users USING btree (email)",
];

describe("what differs", () => {
  test("is made by hand, missing or changed", () => {
    const other: Sample = ["column", "public.users.email", "public.users", "citext"];
    expect(findings(between([users, email], [users, email]))).toEqual([]);
    expect(findings(between([users, email], [users, email, emailIndex]))).toEqual([
      "made by hand: index public.users_email_idx",
    ]);
    expect(findings(between([users, email, emailIndex], [users, email]))).toEqual([
      "missing: index public.users_email_idx",
    ]);
    const changed = between([users, email], [users, other]);
    expect(findings(changed)).toEqual(["changed: column public.users.email"]);
    expect(changed.findings[0]).toMatchObject({ expected: "text", actual: "citext" });
  });

  test("of a whole table is one finding, which names what stands on it", () => {
    const { findings: found } = between([], [users, email, emailIndex]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      finding: "made by hand",
      name: "public.users",
      parts: ["column public.users.email", "index public.users_email_idx"],
    });
  });

  test("of a column is one finding with its NOT NULL", () => {
    const notNull: Sample = [
      "not null constraint",
      "public.users.email",
      "public.users",
      "users_email_not_null",
    ];
    const drift = between([users], [users, email, notNull]);
    expect(findings(drift)).toEqual(["made by hand: column public.users.email"]);
    expect(drift.findings[0]?.parts).toEqual(["not null constraint public.users.email"]);
  });

  test("a part that went where its table came is a finding of its own", () => {
    const drift = between([emailIndex], [users]);
    expect(findings(drift)).toEqual([
      "missing: index public.users_email_idx",
      "made by hand: table public.users",
    ]);
  });

  test("the order of columns alone is no finding", () => {
    const order = (names: string): Sample => [columnOrder, "public.users", "public.users", names];
    const swapped = between([users, order("id, email")], [users, order("email, id")]);
    expect(findings(swapped)).toEqual([]);
    expect(swapped.columnOrders).toEqual(["public.users"]);
    const longer = between([users, order("id")], [users, order("id, email"), email]);
    expect(findings(longer)).toEqual(["made by hand: column public.users.email"]);
    expect(longer.columnOrders).toEqual([]);
  });
});

describe("--ignore", () => {
  test.each([
    ["index public.users_email_idx", 1],
    ["index public.users_*", 1],
    ["index *", 1],
    ["* public.users_email_idx", 1],
    ["index public.users_email", 0],
    ["index publicXusers_email_idx", 0],
    ["table public.users_email_idx", 0],
  ])("%s leaves out %i", (pattern, ignored) => {
    const drift = between([users], [users, emailIndex], {}, [pattern]);
    expect(drift.ignored).toBe(ignored);
    expect(drift.findings).toHaveLength(1 - ignored);
    expect(drift.idlePatterns).toEqual(ignored === 0 ? [pattern] : []);
  });

  test("a table goes with what stands on it", () => {
    const drift = between([], [users, email, emailIndex], {}, ["table public.*"]);
    expect(findings(drift)).toEqual([]);
    expect(drift.ignored).toBe(1);
  });

  test("a part of a table can be left out of its finding", () => {
    const drift = between([], [users, email, emailIndex], {}, ["index *"]);
    expect(drift.findings[0]?.parts).toEqual(["column public.users.email"]);
  });
});

describe("told apart", () => {
  const notNull: Sample = ["not null constraint", "public.users.id", "public.users", "users_id_nn"];

  test.each([
    [18, 14, [notNull], []],
    [14, 18, [], [notNull]],
  ] as const)("NOT NULL: %i against %i", (expectedMajor, actualMajor, expected, actual) => {
    const drift = between(expected, actual, { expectedMajor, actualMajor });
    expect(reasons(drift)).toEqual([
      "not null constraint public.users.id: before PostgreSQL 18 a NOT NULL is the column's, and no object of its own",
    ]);
    expect(drift.findings).toEqual([]);
  });

  test.each([
    [18, 18, [notNull], []],
    // The other way round it is something else.
    [18, 14, [], [notNull]],
  ] as const)("no NOT NULL: %i against %i", (expectedMajor, actualMajor, expected, actual) => {
    expect(reasons(between(expected, actual, { expectedMajor, actualMajor }))).toEqual([]);
  });

  test("what one engine prints alike", () => {
    const [left, right]: readonly Sample[] = [
      ["view", "public.v", undefined, "as\n SELECT id\n   FROM users;"],
      ["view", "public.v", undefined, "as\n SELECT users.id\n   FROM users;"],
    ];
    if (left === undefined || right === undefined) throw new Error("two views");
    const printed = (expected: string, actual: string): Partial<Circumstances> => ({
      actualMajor: 15,
      printedAlike: new Map([["view public.v", { expected, actual }]]),
    });
    expect(reasons(between([left], [right], printed("SELECT id", "SELECT id")))).toEqual([
      "view public.v: PostgreSQL 15 prints it otherwise than 18",
    ]);
    const changed = between([left], [right], printed("SELECT id", "SELECT name"));
    expect(changed.findings[0]).toMatchObject({ expected: "SELECT id", actual: "SELECT name" });
    // The engine could not read it.
    expect(findings(between([left], [right]))).toEqual(["changed: view public.v"]);
  });

  test.each([
    ["version 1.6 schema public", "version 1.8 schema public", 1],
    ["version 1.6 schema public", "version 1.8 schema app", 0],
  ])("an extension's version: %s, %s", (left, right, toldApart) => {
    const drift = between(
      [["extension", "citext", undefined, left]],
      [["extension", "citext", undefined, right]],
    );
    expect([drift.toldApart.length, drift.findings.length]).toEqual([toldApart, 1 - toldApart]);
  });

  test("the copies of a foreign key to a partitioned table", () => {
    const copy = (name: string, to: string): Sample => [
      "constraint",
      `public.t.${name}`,
      "public.t",
      `FOREIGN KEY (id) REFERENCES public.${to}(id) inherited from 1`,
    ];
    const majors = { actualMajor: 17 };
    const renamed = between([copy("fk_1", "p1")], [copy("fk1", "p1")], majors);
    expect([renamed.findings.length, renamed.toldApart.length]).toEqual([0, 2]);
    expect(between([copy("fk_1", "p1")], [copy("fk1", "p1")]).findings).toHaveLength(2);
    expect(between([copy("fk_1", "p1")], [copy("fk1", "p2")], majors).findings).toHaveLength(2);
  });

  test.each([
    ["table public.t", "a: DELETE, MAINTAIN, SELECT from a", "a: DELETE, SELECT from a", 16, 1],
    ["table public.t", "a: DELETE, MAINTAIN, SELECT from a", "a: DELETE, SELECT from a", 17, 0],
    ["table public.t", "a: MAINTAIN, SELECT from a", "a: DELETE, SELECT from a", 16, 0],
    ["schema public", "owner pg_database_owner", "owner a", 14, 1],
    ["schema public", "owner pg_database_owner", "owner a", 15, 0],
    ["schema app", "owner b", "owner a", 14, 0],
  ])("privileges of %s: %s, %s in %i", (name, left, right, actualMajor, toldApart) => {
    const drift = between(
      [["privileges", name, undefined, left]],
      [["privileges", name, undefined, right]],
      { actualMajor },
    );
    expect([drift.toldApart.length, drift.findings.length]).toEqual([toldApart, 1 - toldApart]);
  });

  test("the trackers of others, with what stands on them", () => {
    const legacy = [{ schema: "public", table: "Old one" }];
    const drift = between(
      [],
      [
        ["table", 'public."Old one"', undefined, "table"],
        ["constraint", 'public."Old one".old_pkey', 'public."Old one"', "PRIMARY KEY (version)"],
        ["table", "public.other", undefined, "table"],
      ],
      { legacy },
    );
    expect(findings(drift)).toEqual(["made by hand: table public.other"]);
    expect(drift.toldApart).toHaveLength(2);
  });
});

describe("what a file names that could not be replayed", () => {
  const text = `create extension postgis;
create table places (id int primary key, name text unique, at geometry);
alter table users add column home geometry;
create index on users (home);
create function near(a geometry) returns int language sql as 'select 1';`;
  const unreplayed = [{ migration: migrationOf(text, "5_geo.up.sql"), reason: "no postgis" }];

  test.each<Sample>([
    ["extension", "postgis", undefined, "version 3 schema public"],
    ["table", "public.places", undefined, "table"],
    ["column", "public.users.home", "public.users", "geometry"],
    ["comment", "table column public.users.home", "public.users", "where"],
    ["index", "public.users_home_idx", "public.users", "CREATE INDEX"],
    ["constraint", "public.places.places_pkey", "public.places", "PRIMARY KEY (id)"],
    ["constraint", "public.places.places_name_key", "public.places", "UNIQUE (name)"],
    ["function", "public.near(geometry)", undefined, "CREATE FUNCTION"],
  ])("%s %s is told apart", (kind, name, on, definition) => {
    expect(reasons(between([], [[kind, name, on, definition]], { unreplayed }))).toEqual([
      `${kind} ${name}: 5_geo could not be replayed: no postgis`,
    ]);
  });

  test.each<Sample>([
    ["extension", "hstore", undefined, "version 1"],
    ["table", "public.other", undefined, "table"],
    ["column", "public.users.phone", "public.users", "text"],
    // The name stands there, and of another table.
    ["column", "public.orders.home", "public.orders", "text"],
    ["index", "public.users_phone_idx", "public.users", "CREATE INDEX"],
    ["constraint", "public.users.users_email_key", "public.users", "UNIQUE (email)"],
    ["function", "public.nearest(geometry)", undefined, "CREATE FUNCTION"],
  ])("%s %s is a finding", (kind, name, on, definition) => {
    expect(between([], [[kind, name, on, definition]], { unreplayed }).findings).toHaveLength(1);
  });
});
