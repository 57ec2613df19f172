import { expect, test } from "bun:test";
import { postgresParser } from "../../src/adapters/parser.ts";
import { makesMatchOperators, regexesIn } from "../../src/core/regexes.ts";
import { readScript } from "../../src/core/script.ts";
import { migrationOf, valueOf } from "./made.ts";

const parse = await postgresParser.load();

function found(text: string): readonly string[] {
  const script = valueOf(readScript(migrationOf(text), parse));
  return regexesIn(script, parse, makesMatchOperators(text)).map(
    ({ pattern, place, statement }) => `${statement} ${place.line}:${place.column} ${pattern}`,
  );
}

test.each<readonly [string, readonly string[]]>([
  ["select a ~ '^x'", ["1 1:12 ^x"]],
  ["select a !~* 'x'::text", ["1 1:14 x"]],
  ["select a ~ E'\\\\d'", ["1 1:12 \\d"]],
  ["select a operator(pg_catalog.~) 'x'", ["1 1:33 x"]],
  ["select a ~ any (array['x', 'y'])", ["1 1:23 x", "1 1:28 y"]],
  ["select 1;\nalter table t add check (\n  é ~ '😀' and b ~ 'z')", ["2 3:7 😀", "2 3:19 z"]],
  ["create domain d as text check (value ~ '^a$')", ["1 1:40 ^a$"]],
  ["select regexp_replace(a, 'x', 'y', 'g')", ["1 1:26 x"]],
  ["select regexp_matches(a, 'x')", ["1 1:26 x"]],
  ["-- lacuna: no-transaction\nselect a ~ 'x'", ["1 2:12 x"]],
])("%p", (text, regexes) => {
  expect(found(text)).toEqual([...regexes]);
});

test.each([
  "select a like 'x'",
  "select a ~ b",
  "select path ~ '*.x.*'::lquery",
  "select regexp_replace(a, '(', 'y', 'q')",
  "select replace(a, '(', 'y')",
  "create extension ltree; select path ~ '*.x.*'",
])("%p has none", (text) => {
  expect(found(text)).toEqual([]);
});
