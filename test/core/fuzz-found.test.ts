/** What the fuzz run (test/fuzz/) found, each in its smallest form, by number. */
import { describe, expect, test } from "bun:test";
import { postgresParser } from "../../src/adapters/parser.ts";
import type { ParseNode } from "../../src/core/parse-node.ts";
import { readScript } from "../../src/core/script.ts";
import { split } from "../../src/core/split.ts";
import { classify } from "../../src/core/statements.ts";
import { codesOf, migrationOf } from "./made.ts";

const parse = await postgresParser.load();
const longest = "x".repeat(140_000);

const routine = (body: string): string =>
  `create function f() returns int begin atomic ${body} end`;

describe("passed, and it left the transaction", () => {
  test.each([
    {
      name: "1: COMMIT behind a column called case, in a file whose rest is too long to be parsed",
      text: `${routine("select 1 case;")}; commit; select '${longest}'`,
    },
    {
      name: "2: PREPARE TRANSACTION around a comment that is too long to be parsed",
      text: `prepare /*${longest}*/ transaction 'g'`,
    },
    {
      name: "3: PREPARE TRANSACTION around a comment in a comment, where the parser gives up",
      text: "prepare /* /* */ a */ transaction nonsense",
    },
    {
      name: "10: COMMIT behind a column called begin with the alias atomic",
      text: `${routine("(select 1) union select begin atomic;")}; commit; select '${longest}'`,
    },
  ])("$name", ({ text }) => {
    expect(codesOf(readScript(migrationOf(text), parse))).toEqual(["refused-statement"]);
  });
});

describe("refused, and it was legal", () => {
  test.each([
    { name: "4: a column called end without AS", text: routine("select 1 end; select 2;") },
    { name: "5: a column called case without AS", text: routine("select 1 case; select 2;") },
    {
      name: "6: both, beside a CASE",
      text: routine("select 1 case, case when true then 2 end end, 3 end; select 4;"),
    },
    {
      name: "7: a column called atomic before END",
      text: routine("select case when a then atomic end from t;"),
    },
    {
      name: "9: a routine in a routine, which the server refuses in its own words",
      text: routine(`${routine("select 1;")}; select begin atomic;`),
    },
  ])("$name", ({ text }) => {
    expect(codesOf(readScript(migrationOf(`${text}; select 5`), parse))).toEqual([]);
    expect(split(`${text}; select 5`).statements).toHaveLength(2);
  });
});

test("8: a sum of many terms is a tree too deep for recursion", () => {
  let sum: ParseNode = {};
  for (let depth = 0; depth < 200_000; depth++) sum = { A_Expr: { lexpr: sum } };
  expect(classify({ SelectStmt: sum })).toEqual({ kind: "plain", index: undefined });
});
