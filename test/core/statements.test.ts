import { expect, test } from "bun:test";
import { postgresParser } from "../../src/adapters/parser.ts";
import { classifyByKeyword } from "../../src/core/keywords.ts";
import { classify, type Statement } from "../../src/core/statements.ts";

const parse = await postgresParser.load();

/** Both ways to judge a statement. The parser's is right; the first words may know less. */
interface Sample {
  readonly text: string;
  readonly parsed: string;
  readonly byKeyword: string;
}

function tell(statement: Statement): string {
  switch (statement.kind) {
    case "plain":
    case "outside": {
      const index = statement.index;
      const name =
        index === undefined
          ? ""
          : ` index ${index.schema ?? "?"}.${index.name ?? "?"} on ${index.table}${index.onlyParent ? " only" : ""}`;
      return `${statement.kind === "plain" ? "plain" : `${statement.what}${statement.concurrently ? " !" : ""}`}${name}`;
    }
    case "setting":
      return "setting";
    case "commit":
      return "commit";
    case "begin":
      return `begin ${statement.characteristics ?? "as it is"}`;
    default:
      return `${statement.kind} ${statement.what}`;
  }
}

const samples: readonly Sample[] = [
  { text: "select 1", parsed: "plain", byKeyword: "plain" },
  { text: "begin", parsed: "begin as it is", byKeyword: "refused BEGIN" },
  {
    text: "start transaction read only",
    parsed: "begin READ ONLY",
    byKeyword: "refused START TRANSACTION",
  },
  { text: "commit", parsed: "commit", byKeyword: "refused COMMIT" },
  { text: "END", parsed: "commit", byKeyword: "refused END" },
  { text: "commit and chain", parsed: "refused COMMIT AND CHAIN", byKeyword: "refused COMMIT" },
  {
    text: "rollback and chain",
    parsed: "refused ROLLBACK AND CHAIN",
    byKeyword: "refused ROLLBACK",
  },
  { text: "abort", parsed: "refused ROLLBACK", byKeyword: "refused ABORT" },
  { text: "savepoint a", parsed: "refused SAVEPOINT", byKeyword: "refused SAVEPOINT" },
  { text: "release savepoint a", parsed: "refused RELEASE", byKeyword: "refused RELEASE" },
  {
    text: "prepare transaction 'a'",
    parsed: "refused PREPARE TRANSACTION",
    byKeyword: "refused PREPARE TRANSACTION",
  },
  { text: "prepare a as select 1", parsed: "session PREPARE", byKeyword: "plain" },
  { text: "set a.b = 1", parsed: "setting", byKeyword: "setting" },
  { text: "reset a.b", parsed: "setting", byKeyword: "setting" },
  { text: "reset all", parsed: "refused RESET ALL", byKeyword: "refused RESET ALL" },
  { text: "discard plans", parsed: "refused DISCARD", byKeyword: "refused DISCARD" },
  { text: "call p()", parsed: "procedural CALL", byKeyword: "procedural CALL" },
  { text: "do ''", parsed: "procedural DO", byKeyword: "procedural DO" },
  {
    text: "copy t from stdin",
    parsed: "refused COPY FROM STDIN",
    byKeyword: "refused COPY FROM STDIN or TO STDOUT",
  },
  { text: "copy t to '/t'", parsed: "plain", byKeyword: "plain" },
  {
    text: "copy t to program 'stdout'",
    parsed: "plain",
    byKeyword: "refused COPY FROM STDIN or TO STDOUT",
  },
  { text: "vacuum full", parsed: "VACUUM", byKeyword: "VACUUM" },
  { text: "analyze", parsed: "plain", byKeyword: "plain" },
  { text: "create index i on t (a)", parsed: "plain index ?.i on t", byKeyword: "plain" },
  { text: "create index on only s.t (a)", parsed: "plain index s.? on t only", byKeyword: "plain" },
  {
    text: 'create index concurrently "I" on s."T" (a)',
    parsed: "CREATE INDEX CONCURRENTLY ! index s.I on T",
    byKeyword: "plain",
  },
  {
    text: "drop index concurrently if exists i",
    parsed: "DROP INDEX CONCURRENTLY !",
    byKeyword: "plain",
  },
  { text: "drop index i", parsed: "plain", byKeyword: "plain" },
  {
    text: "reindex (concurrently) database d",
    parsed: "REINDEX CONCURRENTLY !",
    byKeyword: "plain",
  },
  { text: "reindex database d", parsed: "REINDEX of a schema or database", byKeyword: "plain" },
  {
    text: "alter table t detach partition p concurrently",
    parsed: "DETACH PARTITION CONCURRENTLY !",
    byKeyword: "plain",
  },
  { text: "alter table t detach partition p finalize", parsed: "plain", byKeyword: "plain" },
  { text: "create table t (a int)", parsed: "plain", byKeyword: "plain" },
  { text: "create temp table t (a int)", parsed: "session a temporary object", byKeyword: "plain" },
  { text: "create unlogged table t (a int)", parsed: "plain", byKeyword: "plain" },
  {
    text: "with a as (select set_config('b', '', false)) select 1",
    parsed: "session set_config()",
    byKeyword: "plain",
  },
  { text: "notify c", parsed: "plain", byKeyword: "plain" },
  { text: "lock table t", parsed: "plain", byKeyword: "plain" },
];

test.each([...samples])("$text is, parsed, $parsed and, by its words, $byKeyword", (sample) => {
  const nodes = parse(sample.text) ?? [];
  expect(nodes.map(classify).map(tell)).toEqual([sample.parsed]);
  expect(tell(classifyByKeyword(sample.text))).toBe(sample.byKeyword);
});

test.each([
  { name: "comments", text: "commit -- a\n/* b */ nonsense" },
  { name: "a comment instead of a blank", text: "commit/**/nonsense" },
  { name: "capitals", text: "CoMMiT nonsense" },
  { name: "a semicolon", text: "commit;" },
  { name: "white space in front", text: " \t\r\n\f\vcommit" },
])("the first words are found despite $name", ({ text }) => {
  expect(classifyByKeyword(text)).toMatchObject({ kind: "refused", what: "COMMIT" });
});

test.each(["committed", "begin_work()", "ended", "(commit)", "'commit'", '"commit"', ""])(
  "%s is no transaction control",
  (text) => {
    expect(classifyByKeyword(text).kind).toBe("plain");
  },
);
