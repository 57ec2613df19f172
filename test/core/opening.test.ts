import { describe, expect, test } from "bun:test";
import { postgresParser } from "../../src/adapters/parser.ts";
import { judgeByOpening } from "../../src/core/opening.ts";
import { needsParser, readScript } from "../../src/core/script.ts";
import { split } from "../../src/core/split.ts";
import type { Statement } from "../../src/core/statements.ts";
import { everyOpening } from "../fuzz/openings.ts";
import { opensAsParsed } from "../fuzz/properties.ts";
import { migrationOf, valueOf } from "./made.ts";

const parse = await postgresParser.load();

function judged(text: string): Statement | undefined {
  const { statements } = split(text);
  const { start, end } = statements.at(0);
  return statements.isClear(0) ? judgeByOpening(text, start, end) : undefined;
}

const plain: Statement = { kind: "plain", index: undefined };

describe("the first words are enough", () => {
  test.each([
    "insert into t values (1, 'it''s; nothing')",
    "INSERT INTO t VALUES (1)",
    "update t set a = '/* ; */' where b = 'c'",
    'delete from "a;b"',
    "select 1 -- ; commit",
    "select $1, E'\\'', $a$ it's $a$, U&'\\0061'",
    "create table t (id int, name text)",
    "create or replace view v as select 1",
    "create function f() returns int language sql as 'select 1; select 2'",
    "alter table t add column a int",
    "drop index if exists a, b",
    "comment on table t is 'a; b'",
    "set local lock_timeout = '5s'",
  ])("plain: %s", (text) => {
    expect(judged(text)).toEqual(plain);
  });

  test.each([
    { text: "set search_path = a", kind: "setting" },
    { text: "reset statement_timeout", kind: "setting" },
    { text: "Begin", kind: "begin" },
    { text: "COMMIT", kind: "commit" },
  ])("$text: $kind", ({ text, kind }) => {
    expect(judged(text)?.kind as string).toBe(kind);
  });

  test.each([
    { text: "create index on t (a)", schema: undefined, table: "t", name: undefined },
    { text: "CREATE UNIQUE INDEX I_1 ON S.T USING gin (a)", schema: "s", table: "t", name: "i_1" },
    { text: 'create index "I" on "S"."T"(a)', schema: "S", table: "T", name: "I" },
  ])("an index: $text", ({ text, ...index }) => {
    const statement: Statement = {
      kind: "plain",
      index: { ...index, onlyParent: false, ifNotExists: false },
    };
    expect(judged(text)).toEqual(statement);
  });
});

describe("the parser is asked", () => {
  test.each([
    { name: "a word that changes all: TEMP", text: "create temp table t (a int)" },
    { name: "TEMPORARY behind INTO", text: "select 1 as a into TEMPORARY t" },
    { name: "CONCURRENTLY", text: "drop index concurrently i" },
    { name: "CONCURRENTLY at the end", text: "alter table t detach partition p concurrently" },
    { name: "a setting of lacuna's", text: "alter role r set Lacuna.marker = 'a'" },
    { name: "the same in quotes", text: "alter role r set \"LACUNA.marker\" = 'a'" },
    { name: "a name by numbers", text: "alter role r set U&\"\\006cacuna.a\" = 'b'" },
    { name: "set_config()", text: "select set_config('a.b', 'c', false)" },
    { name: "set_config() in quotes", text: "select \"set_config\"('a.b', 'c', false)" },
    { name: "a semicolon in parentheses", text: "create rule r as on insert to t do (a; b)" },
    { name: "a semicolon in a block", text: "create function f() begin atomic select 1; end" },
    { name: "a semicolon between dollars", text: "select $$;$$" },
    { name: "a semicolon in an escape string", text: "select E'\\';'" },
    { name: "a semicolon beside a backslash", text: "select \\ ';'" },
    { name: "a semicolon behind a letter beyond ASCII", text: "select \u00e9, ';'" },
    { name: "something of the whole server", text: "create database d" },
    { name: "the end of a transaction", text: "commit and chain" },
    { name: "its beginning, with a wish", text: "begin read only" },
    { name: "another end", text: "rollback" },
    { name: "a setting that changes how strings are read", text: "set client_encoding = 'latin1'" },
    { name: "a setting called local", text: "set local to 1" },
    { name: "all settings", text: "reset all" },
    { name: "COPY", text: "copy t from stdin" },
    { name: "DO", text: "do 'begin end'" },
    { name: "an index that may be there", text: "create index if not exists i on t (a)" },
    { name: "an index of a parent alone", text: "create index i on only t (a)" },
    { name: "a name that is cut", text: `create index ${"i".repeat(64)} on t (a)` },
    { name: "a name beyond ASCII", text: "create index i\u00e9 on t (a)" },
    { name: "a blank that is none", text: "create index\u00a0i on t (a)" },
  ])("$name", ({ text }) => {
    expect(judged(text)).toBeUndefined();
  });
});

test("what first words say is what the tree says, with every word in every gap", () => {
  let told = 0;
  let count = 0;
  for (const text of everyOpening()) {
    count++;
    told += opensAsParsed(text, parse);
  }
  expect(count).toBeGreaterThan(15_000);
  expect(told).toBeGreaterThan(count / 5);
}, 60_000);

describe("the parser is loaded and called only for what needs it", () => {
  const calls: string[] = [];
  const counted: typeof parse = (sql) => {
    calls.push(sql);
    return parse(sql);
  };

  test("a file of simple statements costs none", () => {
    const rows = Array.from({ length: 500 }, (_, row) => `insert into t values (${row}, 'a;b');`);
    const migration = migrationOf(`create table t (a int, b text);\n${rows.join("\n")}`);
    expect(needsParser(migration)).toBe(false);
    const script = valueOf(readScript(migration, counted));
    expect(script.mode === "transaction" && script.statements.length).toBe(501);
    expect(calls).toEqual([]);
  });

  test("the others cost one each", () => {
    const migration = migrationOf("select 1; do 'begin end'; select 2; drop index concurrently i");
    expect(needsParser(migration)).toBe(true);
    readScript(migration, counted);
    expect(calls).toEqual(["do 'begin end'", "drop index concurrently i"]);
  });

  test("what cannot be a migration costs none", () => {
    expect(needsParser(migrationOf("do 'begin end'; select '"))).toBe(false);
  });
});
