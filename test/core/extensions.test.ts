import { expect, test } from "bun:test";
import { extensionsAskedFor } from "../../src/core/extensions.ts";
import { setOf } from "./made.ts";

test.each([
  ["create extension pgcrypto", ["pgcrypto"]],
  ["CREATE EXTENSION IF NOT EXISTS PgCrypto with schema x cascade;", ["pgcrypto"]],
  ['create extension "uuid-ossp"', ["uuid-ossp"]],
  ['create extension if not exists"uuid-ossp"', ["uuid-ossp"]],
  ['create extension "a""b"', ['a"b']],
  [
    "create extension citext; create extension hstore; create extension citext",
    ["citext", "hstore"],
  ],
  ["create -- why\n extension /* a * comment */ if/**/not exists\nltree", ["ltree"]],
  ["do $$ begin execute 'create extension cube'; end $$", ["cube"]],
  ["-- create extension of_a_comment", ["of_a_comment"]],
  ["create extension if not exists", ["if"]],
  ["create extensions pgcrypto", []],
  ["recreate extension pgcrypto", []],
  ["create extension 'pgcrypto'", []],
  ["drop extension pgcrypto", []],
])("%s", (text, names) => {
  expect(extensionsAskedFor(setOf({ "1_a.up.sql": text }))).toEqual(names);
});

test("those of all files, down files too, each once and in order", () => {
  const set = setOf({
    "1_a.up.sql": "create extension pg_trgm",
    "1_a.down.sql": "create extension lo",
    "2_b.up.sql": "create extension btree_gin; create extension pg_trgm",
  });
  expect(extensionsAskedFor(set)).toEqual(["btree_gin", "lo", "pg_trgm"]);
});

test("a text that almost asks for one is read in a moment", () => {
  const startMs = performance.now();
  for (const part of ["/**/", "-- a -- b ", " \t", '"', "create "]) {
    extensionsAskedFor(setOf({ "1_a.up.sql": `create ${part.repeat(5000)} 1;${'"'.repeat(1)}"` }));
  }
  expect(performance.now() - startMs).toBeLessThan(1000);
});
