import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { codePointsIn, offsetOfPosition, placeOf } from "../../src/core/locate.ts";
import { runs } from "./made.ts";

describe("a place in a text", () => {
  test.each([
    { name: "the beginning", text: "select 1", at: 0, line: 1, column: 1, excerpt: "select 1" },
    { name: "an empty text", text: "", at: 0, line: 1, column: 1, excerpt: "" },
    { name: "the end", text: "ab", at: 2, line: 1, column: 3, excerpt: "ab" },
    { name: "behind the end", text: "ab", at: 99, line: 1, column: 3, excerpt: "ab" },
    { name: "before the beginning", text: "ab", at: -1, line: 1, column: 1, excerpt: "ab" },
    { name: "a second line", text: "a\nbc\nd", at: 3, line: 2, column: 2, excerpt: "bc" },
    {
      name: "a line end belongs to its line",
      text: "a\nb",
      at: 1,
      line: 1,
      column: 2,
      excerpt: "a",
    },
    { name: "behind the last line end", text: "a\n", at: 2, line: 2, column: 1, excerpt: "" },
    {
      name: "line ends of Windows",
      text: "a\r\nbc\r\nd",
      at: 4,
      line: 2,
      column: 2,
      excerpt: "bc",
    },
    { name: "line ends of old Macs", text: "a\rbc", at: 3, line: 2, column: 2, excerpt: "bc" },
    { name: "empty lines", text: "\n\n\nx", at: 3, line: 4, column: 1, excerpt: "x" },
    { name: "behind é", text: "é x", at: 2, line: 1, column: 3, excerpt: "é x" },
    {
      name: "behind 😀, which is one character",
      text: "😀 x",
      at: 3,
      line: 1,
      column: 3,
      excerpt: "😀 x",
    },
    {
      name: "behind tabs, which are characters",
      text: "\t\tx",
      at: 2,
      line: 1,
      column: 3,
      excerpt: "\t\tx",
    },
  ])("$name", ({ text, at, line, column, excerpt }) => {
    expect(placeOf(text, at)).toMatchObject({ line, column, excerpt });
  });

  test.each([
    { name: "letters", head: "select ", indent: "       " },
    { name: "tabs stay tabs", head: "\ta\t", indent: "\t \t" },
    { name: "é", head: "é ", indent: "  " },
    { name: "e and an accent of its own, which share a cell", head: "e\u0301 ", indent: "  " },
    { name: "😀, which takes two cells", head: "😀 ", indent: "   " },
    { name: "漢字, which take two cells each", head: "漢字 ", indent: "     " },
    { name: "nothing", head: "", indent: "" },
  ])("the caret stands below the column behind $name", ({ head, indent }) => {
    expect(placeOf(`a\n${head}x`, head.length + 2).indent).toBe(indent);
  });

  test("of a line that is long, a window is shown", () => {
    const long = "x".repeat(1000);
    const place = placeOf(`${long}!${long}`, 1000);
    expect(place.column).toBe(1001);
    expect(place.excerpt).toBe(`…${"x".repeat(120)}!${"x".repeat(79)}`);
    expect(place.indent).toBe(" ".repeat(121));
  });

  test("a window cuts no character in half", () => {
    for (const shift of [0, 1]) {
      const { excerpt } = placeOf(`${"a".repeat(shift)}${"😀".repeat(200)}`, 200 + shift);
      expect(excerpt.isWellFormed()).toBe(true);
      expect(excerpt).toMatch(/^…(?:😀)+$/u);
    }
  });

  test("a long line in front of it takes no time", () => {
    const startMs = performance.now();
    expect(placeOf(`${"x".repeat(20_000)}\ny`, 20_001)).toMatchObject({ line: 2, column: 1 });
    // A pattern that looks for the last line end from every character on needs seconds for a few of these.
    expect(performance.now() - startMs).toBeLessThan(50);
  });
});

test.each([
  { name: "the first character", text: "abc", position: 1, prefix: 0, offset: 0 },
  { name: "a later one", text: "abc", position: 3, prefix: 0, offset: 2 },
  { name: "behind é", text: "éb", position: 2, prefix: 0, offset: 1 },
  { name: "behind 😀", text: "😀b", position: 2, prefix: 0, offset: 2 },
  { name: "behind a prefix", text: "😀b", position: 12, prefix: 10, offset: 2 },
  { name: "the last of the prefix", text: "abc", position: 10, prefix: 10, offset: undefined },
  { name: "behind the end", text: "abc", position: 99, prefix: 0, offset: 3 },
])("the server's position of $name is found in the text", ({ text, position, prefix, offset }) => {
  expect(offsetOfPosition(text, position, prefix)).toBe(offset);
});

const unicode = fc.string({ unit: "binary", maxLength: 60 });
const lines = fc.string({
  unit: fc.constantFrom("a", "é", "😀", "\n", "\r\n", "\t", "漢"),
  maxLength: 60,
});

test("a position and its offset are one place, whatever the characters and the prefix", () => {
  fc.assert(
    fc.property(fc.oneof(unicode, lines), fc.nat(), fc.nat(50), (text, seed, prefix) => {
      const characters = Array.from(text);
      const index = seed % (characters.length + 1);
      const offset = characters.slice(0, index).join("").length;
      expect(codePointsIn(text)).toBe(characters.length);
      expect(offsetOfPosition(text, prefix + index + 1, prefix)).toBe(offset);
    }),
    runs(500),
  );
});

test("line and column lead back to the offset", () => {
  fc.assert(
    fc.property(lines, fc.nat(), (text, seed) => {
      const characters = Array.from(text);
      const offset = characters.slice(0, seed % (characters.length + 1)).join("").length;
      // Between CR and LF there is no place of its own.
      if (text[offset - 1] === "\r" && text[offset] === "\n") return;
      const { line, column, excerpt } = placeOf(text, offset);
      const split = text.split(/\r\n|\n/);
      const before = split.slice(0, line - 1).reduce((sum, one) => sum + one.length, 0);
      const ends = (text.match(/\r\n|\n/g) ?? []).slice(0, line - 1).join("").length;
      const found = Array.from(split[line - 1] ?? "")
        .slice(0, column - 1)
        .join("").length;
      expect(before + ends + found).toBe(offset);
      expect(excerpt).toBe(split[line - 1] ?? "");
    }),
    runs(500),
  );
});
