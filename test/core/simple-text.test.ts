import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { splitSimple } from "../../src/core/simple-text.ts";
import { split } from "../../src/core/split.ts";
import { runs } from "./made.ts";

const spansOf = (text: string, keep: "comments too" | "statements"): string[] => {
  const { statements, open } = split(text, keep);
  const spans = statements
    .toArray()
    .map(({ start, end }, index) => `${start} ${end} ${statements.isClear(index)}`);
  return open === undefined ? spans : [...spans, `open at ${open.start}`];
};

test.each([
  "",
  "select 1",
  " \n select 1 ;\n",
  "create table t (a numeric(12, 2) default (1 + (2)), b text default 'x');\ncreate index on t (a);",
  "insert into t values (1, 'it''s'), (2, 'é');;update t set a = a - 1 where b ~ '^[a-z]+$'",
])("%p is simple, and split as the scanner splits it", (text) => {
  expect(splitSimple(text)).toBeDefined();
  expect(spansOf(text, "statements")).toEqual(spansOf(text, "comments too"));
});

test.each([
  "select ';'",
  "select '('; select 1",
  "select 1 -- one",
  "select 1 /* one */",
  "select $$a;b$$",
  'select "a;b"',
  "select e'\\'; commit; --'",
  "create rule r as on insert to t do (select 1; select 2)",
  "create function f() returns int begin atomic select 1; end",
  "create index concurrently i on t (a)",
  "create temp table t ()",
  "select set_config('a', 'b', false)",
  "select 'no end",
  "select (1; select 2)",
  "select ((((((1))))))",
])("%p needs the scanner", (text) => {
  expect(splitSimple(text)).toBeUndefined();
});

test("a long text needs the scanner", () => {
  expect(splitSimple(`select 1${" ".repeat(20_000)}`)).toBeUndefined();
});

test("whatever is simple is split as the scanner splits it", () => {
  const units = [
    ...Array.from("abeE1 ;'()\"$\\/*-&\n\t\f\v\r\u00a0é"),
    "--",
    "/*",
    "*/",
    "$$",
    "$a$",
    "e'",
    "U&'",
    "''",
    " begin ",
    " atomic ",
    " end ",
    "create function f ",
    " case ",
    "select 1;",
    "temp",
    "'x'",
    "(1)",
  ];
  let simple = 0;
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...units), { maxLength: 14 }), (parts) => {
      const text = parts.join("");
      if (splitSimple(text) === undefined) return;
      simple++;
      expect(spansOf(text, "statements")).toEqual(spansOf(text, "comments too"));
    }),
    runs(30_000),
  );
  expect(simple).toBeGreaterThan(500);
});
