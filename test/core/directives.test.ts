import { describe, expect, test } from "bun:test";
import { mayHaveDirectives, noDirectives, readDirectives } from "../../src/core/directives.ts";
import { bytesOf, setOf, valueOf } from "./made.ts";

const read = (text: string): ReturnType<typeof readDirectives> => readDirectives("m/7_a.sql", text);

describe("directives that are understood", () => {
  test.each([
    { name: "none", text: "select 1", asks: {} },
    { name: "an empty file", text: "", asks: {} },
    { name: "a word that only looks like one", text: "-- see lacuna: the gap\nselect 1", asks: {} },
    { name: "no-transaction", text: "-- lacuna: no-transaction\n", asks: { noTransaction: true } },
    { name: "no blanks", text: "--lacuna:no-transaction", asks: { noTransaction: true } },
    {
      name: "blanks and tabs",
      text: "--\t lacuna :\tno-transaction \t\r\n",
      asks: { noTransaction: true },
    },
    {
      name: "LACUNA in capitals",
      text: "-- LACUNA: no-transaction",
      asks: { noTransaction: true },
    },
    {
      name: "all four among other comments",
      text: "-- why\n\n-- lacuna: no-transaction\n/* b */ -- lacuna: rerunnable\n-- lacuna: lock-timeout 10s\n--lacuna: statement-timeout 5min\nselect 1;",
      asks: {
        noTransaction: true,
        rerunnable: true,
        lockTimeoutMs: 10_000,
        statementTimeoutMs: 300_000,
      },
    },
    {
      name: "one behind a lone semicolon",
      text: ";\n-- lacuna: no-transaction\nselect 1",
      asks: { noTransaction: true },
    },
    {
      name: "one in a block comment",
      text: "/* \n-- lacuna: no-transaction\n*/ select 1",
      asks: {},
    },
    { name: "one in a string", text: "select '\n-- lacuna: no-transaction\n'", asks: {} },
    { name: "one in a function's body", text: "do $$\n-- lacuna: late\n$$", asks: {} },
    { name: "one in a quoted name", text: 'select "\n-- lacuna: x\n"', asks: {} },
    {
      name: "line ends of old Macs",
      text: "-- lacuna: no-transaction\rselect 1",
      asks: { noTransaction: true },
    },
  ])("$name", ({ text, asks }) => {
    expect(valueOf(read(text))).toEqual({ ...noDirectives, ...asks });
  });
});

describe("directives that are refused, with their place", () => {
  test.each([
    { name: "an unknown one", text: "-- lacuna: no-transactions", fault: "unknown", line: 1 },
    { name: "an empty one", text: "select", header: "-- lacuna:\n", fault: "unknown", line: 1 },
    { name: "another case", text: "-- lacuna: No-Transaction", fault: "unknown", line: 1 },
    { name: "prose", text: "-- lacuna: the gap", fault: "unknown", line: 1 },
    {
      name: "a value that is not taken",
      text: "-- lacuna: no-transaction yes",
      fault: "bad value",
      line: 1,
    },
    {
      name: "a value for rerunnable",
      text: "-- lacuna: no-transaction\n-- lacuna: rerunnable 1",
      fault: "bad value",
      line: 2,
      also: 0,
    },
    {
      name: "a timeout without a value",
      text: "\n-- lacuna: lock-timeout",
      fault: "bad value",
      line: 2,
    },
    {
      name: "a timeout of zero",
      text: "-- lacuna: lock-timeout 0s",
      fault: "bad value",
      line: 1,
    },
    {
      name: "a timeout without a unit",
      text: "-- lacuna: statement-timeout 10",
      fault: "bad value",
      line: 1,
    },
    { name: "two values", text: "-- lacuna: lock-timeout 1 s", fault: "bad value", line: 1 },
    {
      name: "the same twice",
      text: "-- lacuna: lock-timeout 1s\n-- lacuna: lock-timeout 1s",
      fault: "repeated",
      line: 2,
    },
    {
      name: "one behind the first statement",
      text: "select 1;\n-- lacuna: no-transaction",
      fault: "late",
      line: 2,
    },
    {
      name: "one inside the first statement",
      text: "select\n-- lacuna: no-transaction\n1",
      fault: "late",
      line: 2,
    },
    {
      name: "one behind BEGIN",
      text: "BEGIN;\n\n-- lacuna: lock-timeout 1s\nselect 1; COMMIT",
      fault: "late",
      line: 3,
    },
    {
      name: "rerunnable without no-transaction",
      text: "-- lacuna: rerunnable\ndo ''",
      fault: "without no-transaction",
      line: 1,
    },
    {
      name: "rerunnable below another comment",
      text: "-- why\n-- lacuna: rerunnable\ndo ''",
      fault: "without no-transaction",
      line: 2,
    },
  ])("$name", ({ text, header = "", fault, line }) => {
    const result = read(header + text);
    expect(result.ok).toBe(false);
    const [problem] = result.ok ? [] : result.problems;
    expect(problem).toMatchObject({
      code: "bad-directive",
      path: "m/7_a.sql",
      fault,
      place: { line, column: 1 },
    });
  });

  test("all of a file's faults are reported together", () => {
    const result = read("-- lacuna: a\n-- lacuna: lock-timeout\nselect 1; -- lacuna: rerunnable");
    const faults = result.ok
      ? []
      : result.problems.map((one) => one.code === "bad-directive" && one.fault);
    expect(faults).toEqual(["unknown", "bad value", "late"]);
  });
});

describe("most files are never made a text of", () => {
  test.each([
    { text: "-- lacuna: no-transaction", may: true },
    { text: "select 1 -- Lacuna : a", may: true },
    { text: "---- lacuna: a", may: true },
    { text: "--\t \flacuna:", may: true },
    { text: "--\u00a0lacuna:", may: true },
    { text: "--\ufeffLACUNA:", may: true },
    { text: "-- later", may: true },
    { text: "", may: false },
    { text: "-", may: false },
    { text: "--", may: false },
    { text: "-- ", may: false },
    { text: "- - lacuna: a", may: false },
    { text: "-- a lacuna: a", may: false },
    { text: "-- \u00e9lacuna: a", may: false },
    { text: "/* lacuna: a */", may: false },
  ])("$text: $may", ({ text, may }) => {
    expect(mayHaveDirectives(bytesOf(text))).toBe(may);
  });

  test("the dashes are found wherever they stand, and a directive behind them is read", () => {
    for (const head of ["", "-", "- ", "-- a\n", "select '-', '--' --\n;", "\u00e9 -- \u00e9\n"]) {
      const text = `${head}\n--\u2003lacuna: nonsense`;
      expect(mayHaveDirectives(bytesOf(text))).toBe(true);
      expect(() => setOf({ "1_a.sql": text })).toThrow();
    }
  });
});
