import { describe, expect, test } from "bun:test";
import { allProblems } from "../../../src/cli/problem-text.ts";
import { explain } from "../../../src/core/explain/explain.ts";
import { offsetOfPosition, placeOf } from "../../../src/core/locate.ts";
import type { Problem, ServerMessage } from "../../../src/core/problem.ts";
import { versionOf } from "../made.ts";

const problemLines = (problem: Problem, appliedBefore: readonly string[]): readonly string[] =>
  allProblems([problem], appliedBefore);

const path = "m/007_a.up.sql";
const error: ServerMessage = {
  severity: "ERROR",
  code: "42P01",
  message: 'relation "t" does not exist',
};
const failed: Extract<Problem, { code: "migration-failed" }> = {
  code: "migration-failed",
  id: "007_a",
  path,
  error,
  place: undefined,
  stage: { kind: "statement", number: 1, of: 1 },
  kept: { kind: "nothing" },
  attempts: 1,
};

test("a failed migration is told in full", () => {
  const text = "create table a ();\n  select * from t;\n";
  const problem: Problem = {
    ...failed,
    place: placeOf(text, text.indexOf("t;")),
    stage: { kind: "statement", number: 2, of: 2 },
    error: {
      ...error,
      detail: "one\ntwo",
      hint: "three",
      constraint: "c",
      where: "PL/pgSQL function f() line 3\nSQL statement",
      internalQuery: "select 1",
    },
  };
  expect(problemLines(problem, ["005_x", "006_y"])).toEqual([
    'error: Cannot apply 007_a: relation "t" does not exist (42P01)',
    "  m/007_a.up.sql:2:17",
    "  2 |   select * from t;",
    "    |                 ^",
    "  statement 2 of 2",
    "  detail: one",
    "    two",
    "  server's hint: three",
    "  constraint: c",
    "  context: PL/pgSQL function f() line 3",
    "    SQL statement",
    "  inside: select 1",
    "  applied before it: 005_x, 006_y",
    "",
    `hint: ${explain(failed).hint}`,
  ]);
});

test("what is not known is not said", () => {
  expect(problemLines(failed, [])).toEqual([
    'error: Cannot apply 007_a: relation "t" does not exist (42P01)',
    "  in m/007_a.up.sql",
    "",
    `hint: ${explain(failed).hint}`,
  ]);
});

/** How many cells of a terminal a text takes, its tabs at every eighth. */
function widthOf(text: string): number {
  let width = 0;
  for (const part of text.split(/(\t)/)) {
    width = part === "\t" ? width + 8 - (width % 8) : width + Bun.stringWidth(part);
  }
  return width;
}

describe("the caret stands below the character that the server means", () => {
  test.each([
    { name: "at the beginning of the line", line: "!" },
    { name: "behind letters", line: "select 1 !" },
    { name: "behind tabs", line: "\t\t!" },
    { name: "behind letters and tabs", line: "ab\tc\t!" },
    { name: "behind é", line: "select 'é' !" },
    { name: "behind é in two parts", line: "select 'e\u0301' !" },
    { name: "behind 😀", line: "select '😀' !" },
    { name: "behind tabs, é and 😀", line: "\té\t😀 !" },
    { name: "behind 漢字", line: "select '漢字' !" },
    { name: "far to the right", line: `${"x".repeat(300)}!` },
    { name: "far to the right of é", line: `${"é".repeat(300)}!` },
  ])("$name", ({ line }) => {
    const text = `-- 😀 é\n${line} and more\n`;
    const position = Array.from(text.slice(0, text.indexOf("!"))).length + 1;
    const offset = offsetOfPosition(text, position + 20, 20) ?? -1;
    const [, , code = "", caret = ""] = problemLines(
      { ...failed, place: placeOf(text, offset) },
      [],
    );
    expect(code).toStartWith("  2 | ");
    expect(caret).toStartWith("    | ");
    expect(caret).toEndWith("^");
    const before = code.slice(0, code.indexOf("!"));
    expect(code).toContain("!");
    expect(widthOf(caret.slice(0, -1))).toBe(widthOf(before));
  });

  test("below a line whose number has several digits", () => {
    const text = `${"\n".repeat(1233)}ab`;
    expect(
      problemLines({ ...failed, place: placeOf(text, text.length - 1) }, []).slice(1, 4),
    ).toEqual(["  m/007_a.up.sql:1234:2", "  1234 | ab", "       |  ^"]);
  });
});

describe("several problems", () => {
  const at = (version: string): Problem => ({
    code: "not-in-set",
    version,
    asked: "mark",
  });
  const hint = "hint: `lacuna status` lists the versions there are";

  test("share a hint that is the same", () => {
    expect(allProblems([at("8"), at("9")], [])).toEqual([
      "error: Cannot mark version 8: it is not in the set",
      "",
      "error: Cannot mark version 9: it is not in the set",
      "",
      hint,
    ]);
  });

  test("keep their hints where they differ", () => {
    const lines = allProblems([at("8"), { code: "no-database" }, at("9")], []);
    expect(lines.filter((line) => line.startsWith("hint: "))).toHaveLength(3);
    expect(lines.filter((line) => line === hint)).toHaveLength(2);
  });

  test("are no lines where there are none", () => {
    expect(allProblems([], ["007_a"])).toEqual([]);
  });
});

describe("other problems", () => {
  test("a refused statement has its place, and nothing of a server", () => {
    const text = "select 1;\ncommit;";
    const problem: Problem = {
      code: "refused-statement",
      path,
      place: placeOf(text, 10),
      reason: "transaction control",
      what: "COMMIT",
    };
    expect(problemLines(problem, []).slice(1, -2)).toEqual([
      "  m/007_a.up.sql:2:1",
      "  2 | commit;",
      "    | ^",
    ]);
  });

  test("one without a place is a title and a hint", () => {
    const lines = problemLines({ code: "renamed", version: versionOf("7"), was: "a", is: "b" }, []);
    expect(lines.map((line) => line.split(":")[0])).toEqual(["error", "", "hint"]);
  });

  test("a proof that is missing shows the end of the server's reply", () => {
    const reply = ["A", "B", "C", "D", "E", "F", "INSERT 0 0", "COMMIT"];
    const lines = problemLines(
      { code: "not-proven", id: "007_a", path, broken: "reply", reply },
      [],
    );
    expect(lines).toContain("  reply: C, D, E, F, INSERT 0 0, COMMIT");
    expect(
      problemLines({ code: "not-proven", id: "007_a", path, broken: "row", reply: [] }, []).join(
        "\n",
      ),
    ).not.toContain("reply:");
  });
});
