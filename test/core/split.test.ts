import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { loadModule, parseSync } from "libpg-query";
import { hasStatement, split, type SplitText } from "../../src/core/split.ts";
import { runs } from "./made.ts";

await loadModule();

const partsOf = (text: string): string[] =>
  split(text)
    .statements.toArray()
    .map(({ start, end }) => text.slice(start, end));

describe("statements end at semicolons", () => {
  test.each([
    { name: "no text", text: "", parts: [] },
    { name: "white space", text: " \t\r\n\f\v", parts: [] },
    { name: "comments alone", text: "-- a;\n/* b; */", parts: [] },
    { name: "semicolons alone", text: ";; ;", parts: [] },
    { name: "one without a semicolon", text: "select 1", parts: ["select 1"] },
    { name: "one with a semicolon", text: "select 1;", parts: ["select 1"] },
    { name: "two", text: "select 1;select 2;", parts: ["select 1", "select 2"] },
    { name: "empty ones between", text: "a;;\n;b", parts: ["a", "b"] },
    { name: "comments around", text: "/*x*/ a /*y*/ ; --z\n b --w", parts: ["a", "b"] },
    { name: "comments inside", text: "a /*;*/ b -- ;\n c;", parts: ["a /*;*/ b -- ;\n c"] },
    {
      name: "a no-break space, which is a letter to the server",
      text: "\u00a0;a",
      parts: ["\u00a0", "a"],
    },
    { name: "a lone semicolon behind a comment without an end", text: "a; /* b;", parts: ["a"] },
  ])("$name", ({ text, parts }) => {
    expect(partsOf(text)).toEqual([...parts]);
  });
});

describe("a semicolon that ends nothing", () => {
  test.each([
    { name: "in a string", text: "select ';'" },
    { name: "behind a doubled quote", text: "select 'it''s;'" },
    { name: "behind a backslash in a plain string", text: "select ';\\' , ';'" },
    { name: "behind an escaped quote", text: "select E'\\';'" },
    { name: "behind an escaped backslash", text: "select e'\\\\', ';'" },
    { name: "behind a doubled quote of an escape string", text: "select E'a'';'" },
    { name: "in an escape string that goes on in the next line", text: "select E'a'\n'\\';'" },
    { name: "in one that goes on behind a comment", text: "select E'a' -- b;'\n\t'\\';'" },
    {
      name: "in one that goes on behind two comments",
      text: "select E'a'\r\n-- b;'\n  -- c;\n'\\';'",
    },
    { name: "in a national string", text: "select N';'" },
    { name: "in a bit string", text: "select b';', X';'" },
    { name: "in a Unicode string", text: "select U&';\\' uescape '!'" },
    { name: "in a quoted name", text: 'select ";"' },
    { name: "behind a doubled quote of a name", text: 'select "a"";"' },
    { name: "in a Unicode name", text: 'select U&"a;"' },
    { name: "between dollars", text: "select $$;$$" },
    { name: "between dollars with a tag", text: "select $a$; $$ ; $b$ ; $a$" },
    { name: "between dollars with a tag of other letters", text: "select $é_1$;$é$;$é_1$" },
    { name: "before a dollar that closes late", text: "select $a$ $a ; $a$" },
    { name: "behind a parameter", text: "select $1, ';'" },
    { name: "in a line comment", text: "select 1 -- ;\n + 1" },
    { name: "in a block comment", text: "select /* ; */ 1" },
    { name: "in a nested comment", text: "select /* /* ; */ ; */ 1" },
    { name: "in a comment with quotes", text: "select /* ' ; */ 1 -- ' ;\n + 1" },
    { name: "in a comment behind an operator", text: "select 1 +/* ; */ 1 +-- ;\n 1" },
    { name: "in a comment that begins oddly", text: "select 1 //* ; */ 1" },
    { name: "in a comment of stars", text: "select 1 /***;***/ + 1" },
    { name: "in a comment that closes in a comment", text: "select 1 /*/*;*/;/*/**/*/;*/ + 1" },
    { name: "in parentheses", text: "create rule r as on insert to t do also (a; b)" },
    {
      name: "in nested parentheses",
      text: "create rule r as on insert to t do also (a(1); (b); c)",
    },
  ])("$name", ({ text }) => {
    expect(partsOf(`${text};x`)).toEqual([text, "x"]);
  });

  test.each([
    {
      name: "a dollar inside a name opens nothing",
      text: "select a$$;select $$b",
      parts: ["select a$$", "select $$b"],
    },
    {
      name: "a tag that begins with a digit opens nothing",
      text: "select $1a$;b;$1a$",
      parts: ["select $1a$", "b", "$1a$"],
    },
    {
      name: "e behind a letter opens no escape string",
      text: "select some'\\';b",
      parts: ["select some'\\'", "b"],
    },
    {
      name: "e behind a blank opens no escape string",
      text: "select e '\\';b",
      parts: ["select e '\\'", "b"],
    },
    {
      name: "an escape string does not go on in the same line",
      text: "select E'a' '\\';b",
      parts: ["select E'a' '\\'", "b"],
    },
    { name: "nothing closes a parenthesis that was not opened", text: "a);b", parts: ["a)", "b"] },
    {
      name: "tags differ in case",
      text: "select $a$;$A$;$a$;b",
      parts: ["select $a$;$A$;$a$", "b"],
    },
  ])("$name", ({ text, parts }) => {
    expect(partsOf(text)).toEqual([...parts]);
  });
});

describe("what is left open goes on to the end", () => {
  test.each(["select 'a;b", 'select "a;b', "select $$a;b", "select E'a\\", "select (1; b", "a E'"])(
    "%s",
    (text) => {
      expect(partsOf(text)).toEqual([text]);
    },
  );
});

test.each([
  { text: "select 'a;b", open: { start: 7, what: "string" } },
  { text: "select E'a\\'b", open: { start: 7, what: "string" } },
  { text: "select E'a'\n'b", open: { start: 7, what: "string" } },
  { text: 'select "a""b', open: { start: 7, what: "quoted identifier" } },
  { text: "do $a$ $$ $A$ $a", open: { start: 3, what: "dollar-quoted string" } },
  { text: "a; /* /* */ b", open: { start: 3, what: "comment" } },
  { text: "/*/", open: { start: 0, what: "comment" } },
  { text: "select ' a', $1, E'\\\\', \"b\"\"\", $$ ' $$ /* ' */ -- '", open: undefined },
  { text: "select (1", open: undefined },
] satisfies readonly { text: string; open: SplitText["open"] }[])(
  "what is left open in $text is told",
  ({ text, open }: { text: string; open: SplitText["open"] }) => {
    expect(split(text).open).toEqual(open);
  },
);

const atomicBodies: readonly { readonly name: string; readonly text: string }[] = [
  {
    name: "two statements",
    text: "create function f() returns int begin atomic select 1; select 2; end",
  },
  {
    name: "OR REPLACE",
    text: "create or replace function f() returns int begin atomic select 1; end",
  },
  {
    name: "a procedure",
    text: "CREATE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); DELETE FROM t; END",
  },
  {
    name: "a CASE",
    text: "create function f() returns int begin atomic select case when true then 1 end; select 2; end",
  },
  {
    name: "nested CASEs",
    text: "create function f() returns int begin atomic select case when true then case 1 when 1 then 1 end else 2 end; select 2; end",
  },
  {
    name: "a CASE in parentheses",
    text: "create function f() returns int begin atomic select (case when true then 1 end); select 2; end",
  },
  {
    name: "comments between the words",
    text: "create /* ; */ function f() returns int -- ;\n begin /* ; */ atomic select 1; end",
  },
  { name: "nothing inside", text: "create procedure p() begin atomic end" },
  {
    name: "a name like the words",
    text: "create function f() returns int begin atomic select begin_at, end_at from t; select 2; end",
  },
  {
    name: "quoted names",
    text: 'create function f() returns int begin atomic select "begin", "end", "case" from t; select 2; end',
  },
  {
    name: "a column named begin",
    text: "create function f() returns date begin atomic select p.begin from p; select begin from p; end",
  },
  {
    name: "a column that is called end",
    text: "create function f() returns int begin atomic select 1 as end; select p.end from p; end",
  },
  {
    name: "a CASE behind AS and a quoted name",
    text: 'create function f() returns int begin atomic select 1 as "x", case when true then 2 end as "y"; select 3; end',
  },
  {
    name: "a quoted name behind AS at the end",
    text: 'create function f() returns int begin atomic select 1 as "x"; end',
  },
  {
    name: "a column that is called case",
    text: "create function f() returns int begin atomic select 1 as case; select p.case from p; end",
  },
  {
    name: "a function named begin",
    text: "create function begin() returns int language sql as 'select 1'",
  },
  {
    name: "a function named begin in a schema",
    text: "create function app.begin() returns int language sql as 'select 1'",
  },
  {
    name: "a function without a block",
    text: "create function f() returns int language sql return case when true then 1 end",
  },
  { name: "a trigger", text: "create trigger begin before insert on t execute function f()" },
];

describe("BEGIN ATOMIC … END is one statement", () => {
  test.each(atomicBodies)("$name", ({ text }) => {
    expect(statementsOfServer(`${text};select 3`)).toHaveLength(2);
    expect(partsOf(`${text};select 3`)).toEqual([text, "select 3"]);
  });

  test("begin and end outside of a routine are statements", () => {
    expect(partsOf("begin; select 1; end; select 2")).toEqual([
      "begin",
      "select 1",
      "end",
      "select 2",
    ]);
  });
});

test("line comments are found inside and outside of statements", () => {
  const text = "-- a\nselect 1 -- b\r\n, '-- no' /* -- no */; --c";
  const comments = split(text).lineComments.map(({ start, end }) => text.slice(start, end));
  expect(comments).toEqual(["-- a", "-- b", "--c"]);
});

test.each([
  { text: "", has: false },
  { text: " ; -- a\n /* b */ ;", has: false },
  { text: "\ufeff", has: true },
  { text: "/* b */ a", has: true },
])("'$text' holds a statement: $has", ({ text, has }) => {
  expect(hasStatement(text)).toBe(has);
});

// A pattern that tries every way to cut white space in pieces needs 2^60 steps for these.
describe("what follows an escape string is read in no time", () => {
  test.each([
    { name: "a deep indent", between: `\n${" ".repeat(60)}` },
    { name: "many empty lines", between: "\n".repeat(60) },
    { name: "a ruler of dashes", between: ` ${"-".repeat(60)}\n` },
    { name: "rulers in several lines", between: `\n${`${"-".repeat(30)}\n`.repeat(4)}` },
    { name: "a comment of comments", between: ` ${"-- ".repeat(30)}\n` },
  ])("$name", ({ between }) => {
    // A short one first: if it takes long already, the long one would hang the whole run.
    const short = `select E'a'${between.replace(/(.)\1{8,}/gs, (run) => run.slice(0, 22)).slice(0, 32)}, 1`;
    const startMs = performance.now();
    split(short);
    expect(performance.now() - startMs).toBeLessThan(20);
    expect(partsOf(`select E'a'${between}, 1;b`)).toEqual([`select E'a'${between}, 1`, "b"]);
  });
});

// ---- against the server's own scanner and grammar ----

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where PostgreSQL's grammar finds the statements of a whole text; their ends may be blank. */
function statementsOfServer(text: string): { start: number; end: number }[] {
  const bytes = encoder.encode(text);
  const unitsBefore = (byte: number): number => decoder.decode(bytes.subarray(0, byte)).length;
  const { stmts = [] } = parseSync(`${text} `) as {
    stmts?: readonly { stmt_location?: number; stmt_len?: number }[];
  };
  return stmts.map(({ stmt_location: start = 0, stmt_len: length = 0 }) => ({
    start: unitsBefore(start),
    end: length === 0 ? text.length : unitsBefore(start + length),
  }));
}

function expectSameSplit(text: string): void {
  const statements = split(text).statements.toArray();
  const theirs = statementsOfServer(text);
  expect(statements.map((span) => span.start)).toEqual(theirs.map((span) => span.start));
  for (const [index, { start, end }] of statements.entries()) {
    const part = text.slice(start, end);
    expect(statementsOfServer(part)).toHaveLength(1);
    // Behind its last token there is nothing but what the server passes over …
    expect(end).toBeLessThanOrEqual(theirs[index]?.end ?? 0);
    expect(statementsOfServer(text.slice(end, theirs[index]?.end))).toEqual([]);
    // … and none of that belongs to it: no white space, no comment.
    expect(part).toBe(part.trimEnd());
    expect(part).not.toEndWith("*/");
    expect(isValid(`${part} )(`)).toBe(false);
  }
}

// bun gives a test five seconds, which a busy machine may need for a property alone.
const patienceMs = 60_000;

const blank = fc.constantFrom(
  " ",
  "\n",
  "\t",
  "\r\n",
  "\f ",
  "\r",
  "  \n  ",
  " /* ; */ ",
  "/* a /* ' ; */ $$ \" b */",
  " -- ; ' $$ \" /*\n",
  "--\r",
  "/*/**/;*/",
  "/***;***/",
  " -- é 😀 ;\r\n",
  "--;\n--;\n",
);

// A string that goes on behind a comment is left to the tables: the server takes comments for white
// space there, and libpg-query, which makes tokens of them, does not.
const literal = fc.constantFrom(
  "''",
  "'it''s; -- no'",
  "'a\\'",
  "'/* ;'",
  "'a'\n';b'",
  "E'it\\'s; \\\\'",
  "e'\\\\'",
  "E'a'';b'",
  "E'a'\n'\\';'",
  "e'a;'\r\n \f\t'\\';'",
  "E'a'\n'\\';'\n'\\\\'",
  "E'\\n\\t\\x41\\101\\u0041;'",
  "U&'d\\0061t\\+000061;'",
  "U&'d!0061;\\' UESCAPE '!'",
  "N'x;'",
  "B'01'",
  "X'1F'",
  "$$a;b$$",
  "$$a'b;\"c$$",
  "$$$$",
  "$$ $ ;$a$ ;$ $$",
  "$tag$ $$;$$ ; -- $tag$",
  "$x$ $tag$ ; $tag $tagx$ $x ;$x$",
  "$é1$;'$é$;$é1$",
  "$_$ /* ; $_$",
  "$a$ $$a$",
  "'😀;é'",
  "'\n;\n'",
);

const name = fc.constantFrom(
  "a",
  "t.b",
  "a$b$c",
  "a$$",
  "é_x",
  "😀",
  "_x1",
  "e",
  "ee",
  "x",
  "n",
  '"id;""x"',
  '"/*"',
  '"é;"',
  'U&"d\\0061;"',
  "U&\"d!0061;\" UESCAPE '!'",
  "begin",
  "t.begin",
  "atomic",
  "t.end",
  "t.case",
);

const number = fc.constantFrom(
  "1",
  "1.5",
  ".5",
  "1.",
  "1e10",
  "1.5E-3",
  "0x1F",
  "0b1",
  "1_000",
  "$1",
  "$2",
);

const atom = fc.oneof(literal, name, number);

/** Operators that hide the beginning of a comment, or end before one. */
const operator = fc.constantFrom(
  "+",
  "- ",
  "*",
  "/",
  "<<",
  "&&",
  "||",
  "@>",
  "?|",
  "->>",
  "+/* ; */",
  "//* ; */",
  "*/* ; */",
  "@--;\n",
  "/--*;\n",
  "-/*;*/- ",
  "#-- ;'\n",
);

const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    atom,
    fc.tuple(atom, blank, operator, blank, tie("expression")).map((parts) => parts.join("")),
    fc.tuple(blank, tie("expression"), blank).map(([a, b, c]) => `(${a}${b}${c})`),
    fc.tuple(tie("expression"), blank).map(([a, b]) => `f(${a},${b}1)`),
    fc
      .tuple(blank, tie("expression"), blank, tie("expression"))
      .map(([a, b, c, d]) => `case${a} when ${b}${c} then ${d} end`),
    fc.tuple(tie("expression"), blank).map(([a, b]) => `(select${b} ${a})`),
    fc.tuple(atom, blank).map(([a, b]) => `(${a})${b}::text`),
    tie("expression").map((a) => `array[${a}]`),
  ),
}));

const query = fc.oneof(
  fc.tuple(blank, expression).map(([a, b]) => `select${a} ${b}`),
  fc.tuple(expression, blank, expression).map(([a, b, c]) => `select ${a} as x${b},${c} as end`),
  fc.tuple(expression, blank).map(([a, b]) => `insert into t values (${a})${b}`),
  fc.tuple(blank, expression).map(([a, b]) => `update t set a =${a} ${b}`),
  fc.tuple(blank, expression).map(([a, b]) => `delete from t${a} where ${b}`),
);

const queries = fc
  .array(fc.tuple(query, blank), { minLength: 1, maxLength: 3 })
  .map((all) => all.map(([one, space]) => `${one}${space};`).join(" "));

const routine = fc.constantFrom(
  "create function f(a text default 'x;') returns int",
  "create or replace function s.f() returns table (a int)",
  "CREATE PROCEDURE p(begin int)",
  'create /* ; */ or -- ;\n replace /* \' */ procedure "begin"()',
  "create function begin() returns int",
);

const statement = fc.oneof(
  query,
  query,
  fc
    .tuple(blank, query, blank, query)
    .map(([a, b, c, d]) => `create rule r as on insert to t do also${a}(${b};${c}${d})`),
  fc
    .tuple(routine, blank, blank, queries, blank)
    .map(([a, b, c, d, e]) => `${a}${b} begin${c} atomic ${d}${e} end`),
  fc
    .tuple(routine, blank)
    .map(([a, b]) => `${a}${b} language sql as $f$ begin; select ';'; end; $f$`),
  fc.tuple(routine, blank, expression).map(([a, b, c]) => `${a}${b} return ${c}`),
  blank.map((a) => `do${a}$$ begin perform ';'; end $$`),
  literal.map((a) => `do ${/^(?:[BXUN]|e')/i.test(a) ? "''" : a}`),
  fc.constantFrom(
    "begin",
    "commit",
    "begin isolation level serializable, read only",
    "end",
    "create table t (a int default 1, b text check (b <> ';'))",
    "comment on table t is 'a;b'",
    "create schema s create table a (b int) create view v as select ';'",
    "copy t to stdout with (delimiter ';')",
    "create trigger begin before insert on t for each row execute function f(';')",
    "set search_path = 'a;b', c",
    "create index on t using gin (a) where b = ';'",
    "create operator +/ (leftarg = int, function = f)",
  ),
);

const script = fc
  .array(fc.tuple(blank, statement, blank), { minLength: 1, maxLength: 5 })
  .chain((parts) =>
    fc
      .tuple(
        fc.constant(parts.map((part) => part.join("")).join(";")),
        fc.constantFrom("", ";", ";;", "; -- the end", ";\n/* ; */"),
        blank,
      )
      .map((all) => all.join("")),
  );

describe("split agrees with the server", () => {
  test(
    "about any script that is put together from tricky pieces",
    () => {
      fc.assert(fc.property(script, expectSameSplit), runs(1000));
    },
    patienceMs,
  );

  test(
    "about the line ends of any string, comment and dollar quote",
    () => {
      const piece = fc.constantFrom(
        "'",
        "''",
        "E'",
        "\\",
        "\n",
        "\r",
        " ",
        "--",
        "/*",
        "*/",
        "$$",
        "$a$",
        ";",
        "a",
        '"',
        "(",
        ")",
        "1",
        "+",
        "é",
      );
      let compared = 0;
      fc.assert(
        fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
          const text = `select ${pieces.join("")}`;
          if (!isValid(text)) return;
          compared++;
          expectSameSplit(text);
        }),
        runs(10_000),
      );
      expect(compared).toBeGreaterThan(150);
    },
    patienceMs,
  );

  const folder = `${import.meta.dirname}/../../migrations`;
  const files = readdirSync(folder).filter((file) => file.endsWith(".sql"));

  test.each(files)("about the example migration %s", (file) => {
    expectSameSplit(readFileSync(`${folder}/${file}`, "utf8"));
  });

  test("about all example migrations in one text", () => {
    const texts = files.map((file) => readFileSync(`${folder}/${file}`, "utf8"));
    expect(files.length).toBeGreaterThan(20);
    expectSameSplit(texts.join("\n;\n"));
  });
});

function isValid(text: string): boolean {
  try {
    parseSync(text);
    return true;
  } catch {
    return false;
  }
}
