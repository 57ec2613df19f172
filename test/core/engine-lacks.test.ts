/** That these are PGlite's words is shown by test/adapters/engine-lacks.test.ts. */
import { describe, expect, test } from "bun:test";
import { lackOf, madeBy } from "../../src/core/engine-lacks.ts";
import type { ServerMessage } from "../../src/core/problem.ts";
import { setOf } from "./made.ts";

const nothing = { extensions: [], roles: [] };

function error(code: string, message: string, detail?: string): ServerMessage {
  return { severity: "ERROR", code, message, ...(detail === undefined ? {} : { detail }) };
}

describe("the code has to fit the words", () => {
  test.each([
    ["P0001", 'role "app" does not exist'],
    ["42601", 'extension "postgis" is not available'],
    ["42704", 'what the author calls a role "app" does not exist'],
    ["F0000", "could not open"],
    ["PGLITE_STUCK", "there was no answer within 30 s, and PGlite was stopped"],
    ["57014", "canceling statement due to user request"],
    ["53200", "out of memory"],
  ])("%s %s", (code, message) => {
    expect(lackOf(error(code, message), nothing)).toBeUndefined();
  });
});

describe("what the set makes itself", () => {
  const made = madeBy(
    setOf({
      "1_a.up.sql": 'create extension plfoo; create role app; create user "Reader"; create group g',
    }),
  );

  test("is known by name", () => {
    expect(made).toEqual({ extensions: ["plfoo"], roles: ["app", "Reader", "g"] });
  });

  test.each([
    ['role "app" does not exist', undefined],
    ['role "Reader" does not exist', undefined],
    ['role "other" does not exist', "the role other"],
    ['language "plfoo" does not exist', "the language plfoo"],
    ['foreign-data wrapper "plfoo" does not exist', "the foreign-data wrapper plfoo"],
    ['unrecognized configuration parameter "plfoo.level"', "the settings of plfoo"],
  ])("%s: %s", (message, lack) => {
    expect(lackOf(error("42704", message), made)).toBe(lack as string);
  });

  test("and what it does not make may be a slip of the pen", () => {
    for (const message of [
      'language "plfoo" does not exist',
      'foreign-data wrapper "plfoo" does not exist',
      'unrecognized configuration parameter "plfoo.level"',
    ]) {
      expect(lackOf(error("42704", message), nothing), message).toBeUndefined();
    }
  });
});

test.each([
  ["de_DE", true],
  ["de_DE.utf8", true],
  ["sr_RS@latin", true],
  ["C.UTF-8", false],
  ["de-x-icu", true],
  ["zh-Hant-TW-x-icu", true],
  ["my_collation", false],
  ["german", false],
  ["de", false],
])("collation %s looks like a system's: %s", (name, isSystems) => {
  const message = `collation "${name}" for encoding "UTF8" does not exist`;
  expect(lackOf(error("42704", message), nothing) !== undefined).toBe(isSystems);
});

test("a dead engine is a lack, whatever it said", () => {
  expect(lackOf(error("PGLITE_DIED", "PGlite broke down"), nothing)).toBeString();
});
