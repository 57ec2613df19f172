/** Late migrations, compared with a new database: what differs is found, and what does not passes. */
import { describe, expect, test } from "bun:test";
import type { Files } from "../support/worlds.ts";
import { patience, type Told, told, verifyOn } from "./late.ts";

/** Each of these numbers a gap, with one newer migration that is applied and touches the same. */
const files: Files = {
  "1_base.sql": `
create type mood as enum ('glad');
create function f() returns int language sql as 'select 1';
create table checked (a int constraint positive check (a > 0));
create table settings (name text primary key, value int);
create table indexed (a int);
create table named (a int);
create table names (name text); insert into names values ('x');
create sequence counter;
create table source (a int);
create table parents (id serial primary key, name text);
create table children (label text, parent_id int references parents (id));
create table pairs (a int, b text);`,
  "201_label.sql": "alter type mood add value 'sad'",
  "301_label.sql": "alter type mood add value 'calm'",
  "202_replace.sql": "create or replace function f() returns int language sql as 'select 2'",
  "302_replace.sql": "create or replace function f() returns int language sql as 'select 3'",
  "203_not_valid.sql":
    "alter table checked drop constraint positive, add constraint positive check (a > 0) not valid",
  "303_validate.sql": "alter table checked validate constraint positive",
  "204_seed.sql": "insert into settings values ('a', 1), ('b', 1)",
  "304_raise.sql": "update settings set value = 2",
  "205_index.sql": "create index on indexed (a) where a > 0",
  "305_index.sql": "create index on indexed (a)",
  "206_check.sql": "alter table named add check (a > 0)",
  "306_check.sql": "alter table named add check (a < 9)",
  "207_name.sql": "update names set name = 'y'",
  "307_make.sql": `do $$ begin
  execute format('create table %I (a int)', 'made_' || (select name from names));
end $$`,
  "208_hundred.sql": "select setval('counter', 100)",
  "308_thousand.sql": "select setval('counter', 1000)",
  "210_source.sql": "insert into source values (1)",
  "310_summary.sql": "create materialized view summary as select count(*) as many from source",
  "211_parent.sql": "insert into parents (name) values ('basic')",
  "311_parent.sql":
    "insert into parents (name) values ('pro'); insert into children values ('default', 1)",
  "212_rights.sql": "grant select on all tables in schema public to public",
  "312_rights.sql": "create table rights (a int)",
  "209_pairs.sql": "insert into pairs values (1, 'x'), (2, 'y')",
  "309_pairs.sql":
    "insert into pairs select * from (values (1, 'y'), (2, 'x')) as swapped where not exists (select from pairs)",
};

const applied = [1, 301, 302, 303, 304, 305, 306, 307, 308, 309, 310, 311, 312];

/** The columns of `pairs` hold the same, and its rows do not. */
const differing: readonly Told[] = [
  ["object", "constraint public.named.named_a_check", "206_check", "306_check"],
  ["object", "constraint public.named.named_a_check1", "206_check", "306_check"],
  ["object", "constraint public.checked.positive", "203_not_valid", "303_validate"],
  ["object", "enum public.mood", "201_label", "301_label"],
  ["object", "function public.f()", "202_replace", "302_replace"],
  ["object", "index public.indexed_a_idx", "205_index", "305_index"],
  ["object", "index public.indexed_a_idx1", "205_index", "305_index"],
  // The late grant does not reach what is made behind it on a new database.
  ["object", "privileges table public.rights", "212_rights", "312_rights"],
  // The child holds the same number, and another parent has it.
  ["rows", "rows of public.children", "211_parent", "311_parent"],
  ["rows", "rows of public.pairs", "209_pairs", "309_pairs"],
  ["rows", "rows of public.settings", "204_seed", "304_raise"],
  ["rows", "sequence public.counter", "208_hundred", "308_thousand"],
].map(([kind = "", what = "", gap = "", other = ""]) => ({
  kind,
  what,
  gaps: [gap],
  others: [other],
}));

test(
  "what a late migration changes is found, with both files",
  async () => {
    const { order, problems, verdicts } = await verifyOn(files, applied);
    // One at a time each of them passes.
    expect(new Set(verdicts.map((one) => one.result))).toEqual(new Set(["passed"]));
    expect(order?.result).toBe("different");
    const found = told(order).filter(({ what }) => !/made_|summary/.test(what));
    expect(found.toSorted(byWhat)).toEqual(differing.toSorted(byWhat));
    const enumFound = order?.findings.find(({ what }) => what === "enum public.mood");
    expect([enumFound?.inOrder, enumFound?.late]).toEqual([
      "'glad', 'sad', 'calm'",
      "'glad', 'calm', 'sad'",
    ]);
    // No late migration touches it: all of them are named.
    const summary = told(order).find(({ what }) => what === "rows of public.summary");
    expect(summary).toMatchObject({ kind: "rows", others: ["310_summary"] });
    expect(summary?.gaps).toContain("210_source");
    // The table's name stands in no text: all of them are looked at.
    const made = told(order).filter(({ what }) => /^table .*made_/.test(what));
    expect(made.map(({ what, others }) => [what, ...others])).toEqual([
      ["table public.made_x", "307_make"],
      ["table public.made_y", "307_make"],
    ]);
    expect(problems.map((one) => one.code)).toEqual(["order-found"]);
  },
  patience,
);

const failing: Readonly<Record<string, readonly [Files, readonly number[], Told]>> = {
  "a late index on a table that a newer one dropped": [
    {
      "1_t.sql": "create table t (a int)",
      "2_index.sql": "create index t_a on t (a)",
      "3_drop.sql": "drop table t",
      "4_other.sql": "create table other (a int)",
    },
    [1, 3, 4],
    { kind: "fails late", what: "2_index", gaps: ["2_index"], others: ["3_drop"] },
  ],
  "a late one that a new database cannot run": [
    {
      "1_t.sql": "create table t (a int)",
      "2_view.sql": "create view v as select b from t",
      "3_column.sql": "alter table t add column b int",
    },
    [1, 3],
    { kind: "fails in order", what: "2_view", gaps: ["2_view"], others: ["3_column"] },
  ],
  "a late one that keeps a newer one from running on a new database": [
    {
      "1_t.sql": "create table t (a int)",
      "2_drop.sql": "alter table t drop column a",
      "3_index.sql": "create index t_a on t (a)",
    },
    [1, 3],
    { kind: "fails in order", what: "3_index", gaps: ["2_drop"], others: ["3_index"] },
  ],
};

describe("one of both orders does not come to its end", () => {
  test.each(Object.entries(failing))(
    "%s",
    async (_name, [set, versions, found]) => {
      const { order, problems } = await verifyOn(set, versions);
      expect(told(order)).toEqual([found]);
      expect(order?.findings[0]?.problem?.code).toBe("migration-failed");
      expect(problems.map((one) => one.code)).toContain("order-found");
    },
    patience,
  );
});

test(
  "what harms nobody passes, and what is another order or number is a note",
  async () => {
    const harmless: Files = {
      "1_base.sql": `
create table t (a int); create table u (a int);
create table numbered (id bigint generated always as identity, name text);
create table timed (id uuid default gen_random_uuid(), at timestamptz default clock_timestamp(), name text);
create function f() returns int language sql as 'select 1';`,
      "201_table.sql": "create table late (id serial primary key, at timestamptz default now())",
      "202_column.sql": "alter table t add column b int",
      "302_column.sql": "alter table t add column c int",
      "203_function.sql": "create function g() returns int language sql as 'select f()'",
      "303_function.sql": "create function h() returns int language sql as 'select f()'",
      // With a statement between two that are stopped and resumed.
      "204_index.sql":
        "-- lacuna: no-transaction\ncreate index concurrently u_a on u (a);\nselect 1",
      "205_timed.sql": "insert into timed (name) values ('a')",
      "305_timed.sql":
        "insert into timed (name) values ('b'); insert into timed values (gen_random_uuid(), now(), 'c')",
      "206_numbered.sql": "insert into numbered (name) values ('a')",
      "306_numbered.sql": "insert into numbered (name) values ('b')",
    };
    const { order, problems } = await verifyOn(harmless, [1, 302, 303, 305, 306]);
    expect(told(order)).toEqual([]);
    expect(order?.result).toBe("same");
    expect(order?.gaps.map((gap) => gap.id)).toHaveLength(6);
    expect(order?.notes).toEqual([
      "column order public.t: a, c, b; on a new database: a, b, c",
      "rows of public.numbered have other numbers from their sequence than on a new database",
      "others each time, and compared only by where they are null: public.timed.id",
    ]);
    expect(problems).toEqual([]);
  },
  patience,
);

function byWhat(left: Told, right: Told): number {
  return left.what < right.what ? -1 : 1;
}
