import { describe, expect, test } from "bun:test";
import { postgresParser } from "../../src/adapters/parser.ts";
import { canFollow, isDurable, mayPrepare } from "../../src/core/pipelining.ts";
import { readScript } from "../../src/core/script.ts";
import { defaultTracker } from "../../src/core/tracker.ts";
import { migrationOf, valueOf } from "./made.ts";

const parse = await postgresParser.load();

describe("a migration may be sent before those ahead of it are answered", () => {
  test.each([
    { what: "a plain one", text: "create table a ()", may: true },
    { what: "an empty one", text: "", may: true },
    { what: "in an outer BEGIN", text: "begin;\ncreate table a ();\ncommit;", may: true },
    { what: "in an outer START", text: "start transaction; select 1; commit", may: true },
    {
      what: "with an isolation",
      text: "begin isolation level serializable; select 1; commit",
      may: false,
    },
    { what: "SET TRANSACTION", text: "set transaction read only", may: false },
    {
      what: "by set_config, for the transaction",
      text: "select set_config('transaction_read_only', 'on', true)",
      may: false,
    },
    { what: "a table of transactions", text: "create table transactions ()", may: true },
    {
      what: "the same in a function's body",
      text: "do $$ begin SET\nTRANSACTION ISOLATION LEVEL serializable; end $$",
      may: false,
    },
    {
      what: "by set_config",
      text: "select set_config('Transaction_Isolation', 'serializable', true)",
      may: false,
    },
    { what: "synchronous_commit", text: "set local SYNCHRONOUS_COMMIT = off", may: false },
    { what: "the tracker", text: "grant select on Applied_Migrations to public", may: false },
    { what: "the tracker, quoted", text: 'table public."applied_migrations"', may: false },
    { what: "no-transaction", text: "-- lacuna: no-transaction\nselect 1", may: false },
    { what: "one of a kind that runs alone", text: "vacuum", may: false },
    { what: "65,536 characters", text: `--${"x".repeat(65_534)}`, may: true },
    { what: "one more", text: `--${"x".repeat(65_535)}`, may: false },
  ])("$what: $may", ({ text, may }) => {
    const script = valueOf(readScript(migrationOf(text), parse));
    expect(canFollow(script, defaultTracker)).toBe(may);
  });

  test("the tracker is the one that is asked for", () => {
    const script = valueOf(readScript(migrationOf("table applied_migrations"), parse));
    expect(canFollow(script, { schema: "public", table: "History" })).toBe(true);
    const other = valueOf(readScript(migrationOf("table history"), parse));
    expect(canFollow(other, { schema: "public", table: "History" })).toBe(false);
  });
});

test.each([
  { text: "create table a ()", may: false },
  { text: "select everything()", may: false },
  { text: "PREPARE q as select 1", may: true },
  { text: "deallocate all", may: true },
  { text: "do $$ begin execute 'discard plans'; end $$", may: true },
  { text: "do $$ begin execute 'Prepare q as select 1'; end $$", may: true },
])("$text may change prepared statements: $may", ({ text, may }) => {
  const script = valueOf(readScript(migrationOf(text), parse));
  expect(script.mode === "transaction" && mayPrepare(script)).toBe(may);
});

test.each([
  { isLast: true, waitedMs: 0, waits: true },
  { isLast: false, waitedMs: 0, waits: false },
  { isLast: false, waitedMs: 99, waits: false },
  { isLast: false, waitedMs: 100, waits: true },
])("last: $isLast, $waitedMs ms behind one that waits for the disk: $waits", (row) => {
  expect(isDurable(row.isLast, row.waitedMs)).toBe(row.waits);
});
