import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { postgresParser } from "../../src/adapters/parser.ts";
import { checksumOf } from "../../src/core/checksum.ts";
import type { Problem } from "../../src/core/problem.ts";
import { type Executable, indexesOf, readScript } from "../../src/core/script.ts";
import { bytesOf, codesOf, migrationOf, runs, valueOf } from "./made.ts";

const parse = await postgresParser.load();

const read = (text: string | Uint8Array): ReturnType<typeof readScript> =>
  readScript(migrationOf(text), parse);

function bodyOf(script: Executable): string {
  if (script.mode !== "transaction") throw new Error("it runs statement by statement");
  return script.body;
}

function partsOf(script: Executable): string[] {
  if (script.mode === "statements") return script.steps.map((step) => step.sql);
  return script.statements.map(({ start, end }) => script.body.slice(start, end));
}

/** What a problem says and where: `line:column reason what`. */
function tellings(text: string | Uint8Array): string[] {
  const result = read(text);
  return result.ok ? [] : result.problems.map(tell);
}

function tell(problem: Problem): string {
  const where =
    "place" in problem && problem.place !== undefined
      ? `${problem.place.line}:${problem.place.column} `
      : "";
  switch (problem.code) {
    case "refused-statement":
      return `${where}${problem.reason}: ${problem.what}`;
    case "needs-no-transaction":
    case "not-resumable":
    case "open-quote":
      return `${where}${problem.what}`;
    case "not-text":
      return problem.found;
    default:
      return problem.code;
  }
}

const control = "transaction control";
const noTransaction = "-- lacuna: no-transaction\n";

describe("a file runs in one transaction", () => {
  test.each([
    { name: "nothing", text: "", parts: [] },
    { name: "comments alone", text: "-- nothing\n", parts: [] },
    { name: "plain statements", text: "select 1;\nselect 2;", parts: ["select 1", "select 2"] },
    {
      name: "BEGIN in a function's body",
      text: "do $$ begin commit; end $$",
      parts: ["do $$ begin commit; end $$"],
    },
    { name: "COMMIT in a string", text: "select 'commit;'", parts: ["select 'commit;'"] },
    { name: "COMMIT in a comment", text: "select 1 /* ; commit; */;", parts: ["select 1"] },
    {
      name: "an SQL body",
      text: "create function f() returns int begin atomic select 1; end",
      parts: ["create function f() returns int begin atomic select 1; end"],
    },
    {
      name: "a syntax error, which the server reports",
      text: "creat table a ();\nselect 1",
      parts: ["creat table a ()", "select 1"],
    },
    {
      name: "a parenthesis without an end",
      text: "select (1; select 2",
      parts: ["select (1; select 2"],
    },
    {
      name: "syntax that is newer than the parser",
      text: "create property graph g vertex tables (a); select 1",
      parts: ["create property graph g vertex tables (a)", "select 1"],
    },
    {
      name: "COPY from a file",
      text: "copy t from '/data/t.csv' csv",
      parts: ["copy t from '/data/t.csv' csv"],
    },
    {
      name: "COPY from a program",
      text: "copy t from program 'cat'",
      parts: ["copy t from program 'cat'"],
    },
    {
      name: "a temporary table",
      text: "create temp table t (a int)",
      parts: ["create temp table t (a int)"],
    },
    { name: "an index", text: "create index on t (a)", parts: ["create index on t (a)"] },
    {
      name: "SET LOCAL",
      text: "set local lock_timeout = '1s'",
      parts: ["set local lock_timeout = '1s'"],
    },
    {
      name: "SET for the session",
      text: "set search_path = a; reset search_path",
      parts: ["set search_path = a", "reset search_path"],
    },
    {
      name: "SET TRANSACTION",
      text: "set transaction isolation level serializable",
      parts: ["set transaction isolation level serializable"],
    },
    {
      name: "a setting of somebody else",
      text: "set app.tenant = '1'; set lacunae.x = '1'",
      parts: ["set app.tenant = '1'", "set lacunae.x = '1'"],
    },
    {
      name: "PREPARE of a statement",
      text: "prepare p as select 1",
      parts: ["prepare p as select 1"],
    },
    { name: "ANALYZE", text: "analyze t", parts: ["analyze t"] },
    { name: "CLUSTER of one table", text: "cluster t using i", parts: ["cluster t using i"] },
    { name: "REINDEX of one table", text: "reindex table t", parts: ["reindex table t"] },
    {
      name: "DETACH PARTITION",
      text: "alter table t detach partition p",
      parts: ["alter table t detach partition p"],
    },
    {
      name: "ALTER DATABASE … SET",
      text: "alter database d set work_mem = '1MB'",
      parts: ["alter database d set work_mem = '1MB'"],
    },
    {
      name: "ATTACH behind a replacement character",
      text: "select '\ufffd'",
      parts: ["select '\ufffd'"],
    },
  ])("$name", ({ text, parts }) => {
    const script = valueOf(read(text));
    expect(script.mode).toBe("transaction");
    expect(bodyOf(script)).toBe(text);
    expect(partsOf(script)).toEqual([...parts]);
  });

  test("one leading byte order mark is cut, and a second is the server's to refuse", () => {
    expect(bodyOf(valueOf(read("\ufeffselect 1")))).toBe("select 1");
    expect(bodyOf(valueOf(read("\ufeff\ufeffselect 1")))).toBe("\ufeffselect 1");
    expect(tellings("\ufeffselect 1; commit")).toEqual(["1:11 transaction control: COMMIT"]);
  });

  test("line ends stay as they are", () => {
    expect(bodyOf(valueOf(read("select 1;\r\nselect 2\r")))).toBe("select 1;\r\nselect 2\r");
  });
});

describe("one BEGIN … COMMIT around the whole file is overwritten with blanks", () => {
  test.each([
    {
      name: "BEGIN",
      text: "BEGIN; select 1; COMMIT;",
      body: "     ; select 1;       ;",
      asks: undefined,
    },
    {
      name: "START TRANSACTION",
      text: "start transaction;select 1;commit",
      body: "                 ;select 1;      ",
      asks: undefined,
    },
    { name: "END", text: "begin;select 1;end;", body: "     ;select 1;   ;", asks: undefined },
    {
      name: "WORK and TRANSACTION",
      text: "begin work;select 1;commit transaction",
      body: "          ;select 1;                  ",
      asks: undefined,
    },
    {
      name: "AND NO CHAIN",
      text: "begin;select 1;commit and no chain",
      body: "     ;select 1;                   ",
      asks: undefined,
    },
    {
      name: "comments around",
      text: "-- é\nbegin; select 1;\ncommit; -- 😀\n",
      body: "-- é\n     ; select 1;\n      ; -- 😀\n",
      asks: undefined,
    },
    {
      name: "a comment inside BEGIN",
      text: "begin/*\n*/work;select 1;commit",
      body: `${" ".repeat(14)};select 1;      `,
      asks: undefined,
    },
    {
      name: "semicolons before and behind",
      text: ";begin;;select 1;commit;;",
      body: ";     ;;select 1;      ;;",
      asks: undefined,
    },
    { name: "nothing between", text: "begin; commit", body: "     ;       ", asks: undefined },
    {
      name: "an isolation level",
      text: "begin isolation level serializable; commit",
      body: `${" ".repeat(34)};       `,
      asks: "ISOLATION LEVEL serializable",
    },
    {
      name: "an isolation level of two words",
      text: "begin transaction isolation level repeatable read; commit",
      body: `${" ".repeat(49)};       `,
      asks: "ISOLATION LEVEL repeatable read",
    },
    {
      name: "READ ONLY and DEFERRABLE",
      text: "begin read only, deferrable; commit",
      body: `${" ".repeat(27)};       `,
      asks: "READ ONLY, DEFERRABLE",
    },
    {
      name: "READ WRITE and NOT DEFERRABLE",
      text: "start transaction read write not deferrable; commit",
      body: `${" ".repeat(43)};       `,
      asks: "READ WRITE, NOT DEFERRABLE",
    },
    {
      name: "all of them",
      text: "begin isolation level read committed, read write, not deferrable;commit",
      body: `${" ".repeat(64)};      `,
      asks: "ISOLATION LEVEL read committed, READ WRITE, NOT DEFERRABLE",
    },
  ])("$name", ({ text, body, asks }) => {
    const script = valueOf(read(text));
    expect(bodyOf(script)).toBe(body);
    expect(script.mode === "transaction" && script.characteristics).toBe(asks);
    expect(partsOf(script).join()).not.toMatch(/begin|commit/i);
  });

  test("every position stays where it was", () => {
    const piece = fc.constantFrom(
      "select 'é😀';",
      "-- begin;\n",
      "do $$ begin end $$;",
      "\r\n",
      "/* commit; */",
      "select 1;",
      "\ufeff'commit';",
    );
    const pair = fc.tuple(
      fc.constantFrom("begin", "BEGIN\tWORK", "start/**/transaction", "begin read write"),
      fc.constantFrom("commit", "END", "commit -- é"),
    );
    fc.assert(
      fc.property(
        pair,
        fc.array(piece, { maxLength: 6 }),
        fc.boolean(),
        ([begin, commit], pieces, isLast) => {
          const text = `/* é */${begin};${pieces.join("")}${commit}${isLast ? "" : "\n;"}`;
          const script = valueOf(read(text));
          const body = bodyOf(script);
          expect(body).toHaveLength(text.length);
          for (let at = 0; at < text.length; at++) {
            if (body[at] !== text[at]) expect(body[at]).toBe(" ");
          }
          expect(body).toContain(pieces.join(""));
          expect(body.replace(pieces.join(""), "")).not.toMatch(/begin|start|commit\b(?! -)|end/i);
        },
      ),
      runs(300),
    );
  });

  // What is blanked out must be the two statements alone: a lost CREATE FUNCTION would be recorded as applied.
  test.each([
    {
      name: "a function named begin",
      body: "create function begin() returns int language sql as 'select 1'",
    },
    {
      name: "a column named begin",
      body: "create function f() returns date begin atomic select p.begin from p; end",
    },
    {
      name: "a column called end",
      body: "create function f() returns int begin atomic select 1 as end; select 2; end",
    },
    {
      name: "a column called case",
      body: "create function f() returns int begin atomic select 1 as case; end",
    },
    {
      name: "a procedure whose parameter is begin",
      body: "create procedure p(begin int) begin atomic select 1; end",
    },
  ])("$name between them is kept", ({ body }) => {
    const result = read(`BEGIN; ${body}; COMMIT;`);
    expect(codesOf(result)).toEqual([]);
    expect(bodyOf(valueOf(result))).toBe(`     ; ${body};       ;`);
  });
});

// Should split ever be wrong, what it took for one statement must not be overwritten for its COMMIT.
test("a part in which the parser finds a COMMIT behind something else is refused, not blanked", () => {
  const readsMore = (sql: string): ReturnType<typeof parse> =>
    parse(sql === "call p()" ? "call p(); commit" : sql);
  const result = readScript(migrationOf("begin; call p()"), readsMore);
  expect(codesOf(result)).toEqual(["refused-statement", "refused-statement"]);
});

describe("refused before anything runs, with the place", () => {
  test.each([
    {
      name: "COMMIT in the middle",
      text: "select 1;\n  commit;\nselect 2",
      found: [`2:3 ${control}: COMMIT`],
    },
    {
      name: "COMMIT behind a body between dollars",
      text: "do $a$ begin; $$ ; end $a$;\ncommit; select 1",
      found: [`2:1 ${control}: COMMIT`],
    },
    {
      name: "COMMIT behind a comment in a comment",
      text: "/* /* */ commit; */ commit",
      found: [`1:21 ${control}: COMMIT`],
    },
    {
      name: "COMMIT behind é and 😀",
      text: "select 'é😀'; commit",
      found: [`1:14 ${control}: COMMIT`],
    },
    {
      name: "COMMIT behind an escape string",
      text: "select E'\\''; commit; select ''",
      found: [`1:15 ${control}: COMMIT`],
    },
    {
      name: "COMMIT behind a backslash that escapes nothing",
      text: "select '\\'; commit; --'",
      found: [`1:13 ${control}: COMMIT`],
    },
    {
      name: "COMMIT behind an SQL body",
      text: "create function f() returns int begin atomic select 1; end; commit",
      found: [`1:61 ${control}: COMMIT`],
    },
    {
      name: "COMMIT behind a function named begin",
      text: "create function begin() returns int language sql as 'select 1'; commit",
      found: [`1:65 ${control}: COMMIT`],
    },
    { name: "END", text: "select 1; end", found: [`1:11 ${control}: COMMIT`] },
    { name: "BEGIN alone", text: "begin; select 1", found: [`1:1 ${control}: BEGIN`] },
    {
      name: "a statement behind the pair",
      text: "BEGIN; select 1; COMMIT; select 1",
      found: [`1:1 ${control}: BEGIN`, `1:18 ${control}: COMMIT`],
    },
    {
      name: "a statement before the pair",
      text: "select 1; begin; commit",
      found: [`1:11 ${control}: BEGIN`, `1:18 ${control}: COMMIT`],
    },
    {
      name: "two pairs",
      text: "begin; commit; begin; commit",
      found: [`1:8 ${control}: COMMIT`, `1:16 ${control}: BEGIN`],
    },
    {
      name: "a pair in a pair",
      text: "begin; begin; commit; commit",
      found: [`1:8 ${control}: BEGIN`, `1:15 ${control}: COMMIT`],
    },
    {
      name: "COMMIT AND CHAIN",
      text: "begin; select 1; commit and chain",
      found: [`1:1 ${control}: BEGIN`, `1:18 ${control}: COMMIT AND CHAIN`],
    },
    { name: "ROLLBACK", text: "select 1; rollback", found: [`1:11 ${control}: ROLLBACK`] },
    { name: "ABORT", text: "abort", found: [`1:1 ${control}: ROLLBACK`] },
    {
      name: "a pair that rolls back",
      text: "begin; rollback",
      found: [`1:1 ${control}: BEGIN`, `1:8 ${control}: ROLLBACK`],
    },
    {
      name: "SAVEPOINT, ROLLBACK TO and RELEASE",
      text: "savepoint a;\nrollback to a;\nrelease a",
      found: [
        `1:1 ${control}: SAVEPOINT`,
        `2:1 ${control}: ROLLBACK TO`,
        `3:1 ${control}: RELEASE`,
      ],
    },
    {
      name: "SAVEPOINT inside the pair",
      text: "begin; savepoint a; commit",
      found: [`1:8 ${control}: SAVEPOINT`],
    },
    {
      name: "PREPARE TRANSACTION",
      text: "prepare transaction 'a'",
      found: [`1:1 ${control}: PREPARE TRANSACTION`],
    },
    {
      name: "COMMIT PREPARED",
      text: "commit prepared 'a'",
      found: [`1:1 ${control}: COMMIT PREPARED`],
    },
    {
      name: "ROLLBACK PREPARED",
      text: "rollback prepared 'a'",
      found: [`1:1 ${control}: ROLLBACK PREPARED`],
    },
    {
      name: "COPY FROM STDIN",
      text: "copy t from stdin",
      found: ["1:1 copy stream: COPY FROM STDIN"],
    },
    {
      name: "COPY TO STDOUT",
      text: "copy (select 1) to stdout",
      found: ["1:1 copy stream: COPY TO STDOUT"],
    },
    {
      name: "a dump's COPY with its data",
      text: "copy t (a) from stdin;\n1\n\\.\n",
      found: ["1:1 copy stream: COPY FROM STDIN"],
    },
    { name: "RESET ALL", text: "reset all", found: ["1:1 session reset: RESET ALL"] },
    { name: "DISCARD ALL", text: "discard all", found: ["1:1 session reset: DISCARD"] },
    { name: "DISCARD TEMP", text: "discard temp", found: ["1:1 session reset: DISCARD"] },
    ...[
      "set lacuna.x = '1'",
      "set local Lacuna.marker to '1'",
      "reset lacuna.x",
      'set "LACUNA".x = 1',
      "set lacuna.x from current",
      "select set_config('LACUNA.marker', '', true)",
      "select pg_catalog.set_config('lacuna.marker', '', true)",
      "select set_config('lacuna.marker'::text, '', true)",
      "select set_config(setting_name => 'lacuna.marker', new_value => '', is_local => true)",
      "select 1 where (select set_config(U&'lacuna.marker', '', true)) = ''",
      "alter role r set lacuna.x = '1'",
      "alter role all in database d reset lacuna.x",
      "alter database d set lacuna.x = '1'",
      "alter system set lacuna.x = '1'",
      "alter function f() set lacuna.x = '1'",
      "create function f() returns int language sql set lacuna.x = '1' as 'select 1'",
    ].map((text) => ({ name: text, text, found: ["1:1 lacuna setting: a setting of lacuna.*"] })),
    {
      name: "several things, all told",
      text: "reset all;\ncopy t from stdin;\ncommit",
      found: [
        "1:1 session reset: RESET ALL",
        "2:1 copy stream: COPY FROM STDIN",
        `3:1 ${control}: COMMIT`,
      ],
    },
    {
      name: "a string that is not closed",
      text: "select 1;\nselect 'a; commit;",
      found: ["2:8 string"],
    },
    {
      name: "an escape string that is not closed",
      text: "select E'a\\'; commit;",
      found: ["1:8 string"],
    },
    {
      name: "a name that is not closed",
      text: 'select "a; commit;',
      found: ["1:8 quoted identifier"],
    },
    {
      name: "a comment that is not closed",
      text: "select 1; /* a /* b */ commit;",
      found: ["1:11 comment"],
    },
    {
      name: "dollars that are not closed",
      text: "do $a$ commit; $$ $b$",
      found: ["1:4 dollar-quoted string"],
    },
    { name: "a NUL byte", text: "select 1;\0", found: ["a NUL byte"] },
    {
      name: "bytes that are not UTF-8",
      text: Uint8Array.of(0x73, 0xe9, 0x27),
      found: ["bytes that are not UTF-8"],
    },
    {
      name: "UTF-16",
      text: Uint8Array.of(0xff, 0xfe, 0x73, 0x00),
      found: ["bytes that are not UTF-8"],
    },
    {
      name: "half a surrogate pair",
      text: Uint8Array.of(0x27, 0xed, 0xa0, 0x80, 0x27),
      found: ["bytes that are not UTF-8"],
    },
  ])("$name", ({ text, found }) => {
    expect(tellings(text)).toEqual([...found]);
  });

  test.each([
    { name: "BEGIN", text: "begin nonsense", what: "BEGIN" },
    { name: "COMMIT", text: "selec 1; commit nonsense", what: "COMMIT" },
    { name: "END", text: "end nonsense", what: "END" },
    { name: "ROLLBACK", text: "Rollback/**/nonsense", what: "ROLLBACK" },
    {
      name: "START TRANSACTION",
      text: "start /* ; */ transaction nonsense",
      what: "START TRANSACTION",
    },
    {
      name: "PREPARE TRANSACTION",
      text: "prepare -- a\n transaction nonsense",
      what: "PREPARE TRANSACTION",
    },
    { name: "DISCARD", text: "discard nonsense", what: "DISCARD" },
    { name: "RESET ALL", text: "reset all nonsense", what: "RESET ALL" },
    {
      name: "COPY FROM STDIN",
      text: "copy t from stdin nonsense here",
      what: "COPY FROM STDIN or TO STDOUT",
    },
  ])("$name is refused by its first words where the parser gives up", ({ text, what }) => {
    expect(tellings(text).map((one) => one.split(": ")[1])).toEqual([what]);
  });

  test("a statement that is too long to be parsed is told by its first words", () => {
    const long = `'${"x".repeat(140_000)}'`;
    expect(read(`insert into t values (${long})`).ok).toBe(true);
    expect(tellings(`insert into t values (${long}); commit`)).toEqual([
      `1:140028 ${control}: COMMIT`,
    ]);
    expect(tellings(`select 1; prepare transaction ${long}`)).toEqual([
      `1:11 ${control}: PREPARE TRANSACTION`,
    ]);
    expect(
      tellings(`create function begin() returns text language sql as ${long}; commit`).map((one) =>
        one.split(" ").at(-1),
      ),
    ).toEqual(["COMMIT"]);
  });
});

describe("what PostgreSQL cannot run in a transaction", () => {
  const outside: readonly (readonly [what: string, text: string])[] = [
    ["CREATE INDEX CONCURRENTLY", "create index concurrently i on t (a)"],
    ["DROP INDEX CONCURRENTLY", "drop index concurrently i"],
    ["REINDEX CONCURRENTLY", "reindex index concurrently i"],
    ["REINDEX CONCURRENTLY", "reindex (verbose, concurrently) table t"],
    ["REINDEX of a schema or database", "reindex schema s"],
    ["REINDEX of a schema or database", "reindex system d"],
    ["DETACH PARTITION CONCURRENTLY", "alter table t detach partition p concurrently"],
    ["VACUUM", "vacuum"],
    ["VACUUM", "vacuum (analyze) t"],
    ["CLUSTER", "cluster"],
    ["ALTER SYSTEM", "alter system set work_mem = '1MB'"],
    ["CREATE DATABASE", "create database d"],
    ["DROP DATABASE", "drop database d"],
    ["ALTER DATABASE SET TABLESPACE", "alter database d set tablespace s"],
    ["CREATE TABLESPACE", "create tablespace s location '/s'"],
    ["DROP TABLESPACE", "drop tablespace s"],
    ["CREATE SUBSCRIPTION", "create subscription s connection '' publication p"],
    ["ALTER SUBSCRIPTION", "alter subscription s refresh publication"],
    ["DROP SUBSCRIPTION", "drop subscription s"],
  ];

  test.each(outside)("%s alone needs no directive: %s", (_what, text) => {
    const script = valueOf(read(`-- why\n${text};\n`));
    expect(script.mode).toBe("statements");
    expect(partsOf(script)).toEqual([text]);
  });

  test.each(outside)("%s beside others needs one: %s", (what, text) => {
    expect(tellings(`select 1;\n ${text}`)).toEqual([`2:2 ${what}`]);
    expect(codesOf(read(`select 1;\n ${text}`))).toEqual(["needs-no-transaction"]);
    expect(codesOf(read(`begin;${text};commit`))).toEqual(["needs-no-transaction"]);
    expect(partsOf(valueOf(read(`${noTransaction}select 1;\n ${text};`)))).toEqual([
      "select 1",
      text,
    ]);
  });

  test("VACUUM is told by its first word where the parser gives up", () => {
    expect(valueOf(read("vacuum (nonsense and more) t")).mode).toBe("statements");
  });
});

describe("a no-transaction file runs statement by statement", () => {
  test("its steps are numbered, and digested by their text alone", () => {
    const script = valueOf(read(`${noTransaction}select 1 ;\n\n-- b\nvacuum t;`));
    if (script.mode !== "statements") throw new Error(script.mode);
    expect(script.steps.map((step) => [step.number, step.sql, step.statement.kind])).toEqual([
      [1, "select 1", "plain"],
      [2, "vacuum t", "outside"],
    ]);
    expect(script.steps.map((step) => step.digest)).toEqual(
      ["select 1", "vacuum t"].map((sql) => checksumOf(bytesOf(sql))),
    );
    expect(script.steps.map(({ span }) => script.text.slice(span.start, span.end))).toEqual([
      "select 1",
      "vacuum t",
    ]);
  });

  test.each([
    {
      name: "a transaction of its own",
      text: "begin; select 1; commit",
      found: [`2:1 ${control}: BEGIN`, `2:18 ${control}: COMMIT`],
    },
    {
      name: "COPY FROM STDIN",
      text: "copy t from stdin",
      found: ["2:1 copy stream: COPY FROM STDIN"],
    },
    {
      name: "an unnamed concurrent index",
      text: "create index concurrently on t (a)",
      found: ["2:1 a concurrent index without a name"],
    },
    {
      name: "a temporary table",
      text: "create temp table t (a int)",
      found: ["2:1 a temporary object"],
    },
    {
      name: "a temporary table from a query",
      text: "create temporary table t as select 1",
      found: ["2:1 a temporary object"],
    },
    {
      name: "SELECT INTO TEMP",
      text: "select 1 as a into temp t",
      found: ["2:1 a temporary object"],
    },
    {
      name: "a temporary view",
      text: "create temp view v as select 1",
      found: ["2:1 a temporary object"],
    },
    {
      name: "a temporary sequence",
      text: "create temp sequence s",
      found: ["2:1 a temporary object"],
    },
    { name: "PREPARE", text: "prepare p as select 1", found: ["2:1 PREPARE"] },
    { name: "LISTEN", text: "listen c", found: ["2:1 LISTEN"] },
    { name: "LOAD", text: "load 'auto_explain'", found: ["2:1 LOAD"] },
    {
      name: "a cursor",
      text: "declare c cursor with hold for select 1",
      found: ["2:1 DECLARE CURSOR"],
    },
    {
      name: "set_config()",
      text: "select set_config('work_mem', '1MB', false)",
      found: ["2:1 set_config()"],
    },
    {
      name: "another way to read strings",
      text: "set standard_conforming_strings = off",
      found: ["2:1 SET standard_conforming_strings"],
    },
    { name: "another encoding", text: "set names 'latin1'", found: ["2:1 SET client_encoding"] },
    {
      name: "another encoding by its long name",
      text: "set client_encoding to latin1",
      found: ["2:1 SET client_encoding"],
    },
  ])("$name is refused", ({ text, found }) => {
    expect(tellings(noTransaction + text)).toEqual([...found]);
  });

  test.each([
    { text: "set work_mem = '1MB'", kind: "setting" },
    { text: "reset work_mem", kind: "setting" },
    { text: "set standard_conforming_strings = on", kind: "setting" },
    { text: "set client_encoding = 'UTF8'", kind: "setting" },
    { text: "set local work_mem = '1MB'", kind: "plain" },
    { text: "call p()", kind: "procedural" },
    { text: "do 'begin end'", kind: "procedural" },
    { text: "create index i on t (a)", kind: "plain" },
    { text: "creat table a ()", kind: "plain" },
  ])("$text is a step of the kind $kind", ({ text, kind }) => {
    const script = valueOf(read(`${noTransaction}${text}`));
    expect(
      script.mode === "statements" && script.steps.map((step) => step.statement.kind as string),
    ).toEqual([kind]);
  });

  test("the indexes to verify are those that it makes, but for ON ONLY", () => {
    const script = valueOf(
      read(`${noTransaction}create index concurrently i on s.t (a);
        create unique index if not exists j on t (a);
        create index k on only t (a); drop index concurrently l; select 1`),
    );
    if (script.mode !== "statements") throw new Error(script.mode);
    expect(indexesOf(script.steps)).toEqual([
      { schema: "s", table: "t", name: "i", onlyParent: false, ifNotExists: false },
      { schema: undefined, table: "t", name: "j", onlyParent: false, ifNotExists: true },
    ]);
  });
});
