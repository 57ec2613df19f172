import { describe, expect, test } from "bun:test";
import { quoteIdentifier, quoteLiteral } from "../../src/core/quote.ts";
import {
  defaultTracker,
  displayTracker,
  parseTracker,
  quoteProgress,
  quoteTracker,
} from "../../src/core/tracker.ts";
import { codesOf, valueOf } from "./made.ts";

describe("a tracker's name is read as SQL reads it", () => {
  test.each([
    { text: "t", schema: "public", table: "t" },
    { text: "ops.t", schema: "ops", table: "t" },
    { text: "Ops.T", schema: "ops", table: "t" },
    { text: '"Ops"."T"', schema: "Ops", table: "T" },
    { text: '"a.b"', schema: "public", table: "a.b" },
    { text: '"a.b".c', schema: "a.b", table: "c" },
    { text: '"say ""hi"""', schema: "public", table: 'say "hi"' },
    { text: "_t$1", schema: "public", table: "_t$1" },
    { text: "straße", schema: "public", table: "straße" },
    { text: "x".repeat(54), schema: "public", table: "x".repeat(54) },
    // The server folds ASCII letters alone (downcase_identifier, multi-byte encodings).
    { text: "ÄB", schema: "public", table: "Äb" },
  ])("$text", ({ text, schema, table }) => {
    expect(valueOf(parseTracker(text))).toEqual({ schema, table });
  });

  test.each([
    { name: "nothing", text: "" },
    { name: "three parts", text: "a.b.c" },
    { name: "an empty table", text: "a." },
    { name: "an empty schema", text: ".a" },
    { name: "an empty quoted name", text: '""' },
    { name: "an open quote", text: '"a' },
    { name: "a quote inside", text: 'a"b"' },
    { name: "a digit in front", text: "1a" },
    { name: "a blank", text: "a b" },
    { name: "SQL behind it", text: "a; drop table b" },
    { name: "55 bytes, which leave no room for _progress", text: "x".repeat(55) },
    { name: "54 characters of more bytes", text: "é".repeat(54) },
    { name: "a schema that is too long", text: `${"s".repeat(64)}.t` },
  ])("$name is refused", ({ text }) => {
    expect(codesOf(parseTracker(text))).toEqual(["usage"]);
  });
});

test("names are always quoted in SQL, and only where needed in messages", () => {
  const name = { schema: "ops", table: 'A"b' };
  expect(quoteTracker(name)).toBe('"ops"."A""b"');
  expect(quoteProgress(name)).toBe('"ops"."A""b_progress"');
  expect(displayTracker(name)).toBe('ops."A""b"');
  expect(displayTracker(defaultTracker)).toBe("public.applied_migrations");
});

test("what is displayed reads back as the same name", () => {
  for (const table of ["t", "T", "a.b", 'q"q', "1", "ä", "a b"]) {
    const name = { schema: "S", table };
    expect(valueOf(parseTracker(displayTracker(name)))).toEqual(name);
  }
});

test("a literal keeps backslashes and doubles quotes", () => {
  expect(quoteLiteral("it's \\ $1")).toBe("'it''s \\ $1'");
  expect(quoteIdentifier("")).toBe('""');
});
