/** What PGlite 0.5.16 says to what it lacks, and to what is the author's fault, for real. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PGlite } from "@electric-sql/pglite";
import { databaseOver } from "../../src/adapters/pglite.ts";
import { lackOf } from "../../src/core/engine-lacks.ts";
import type { ServerMessage } from "../../src/core/problem.ts";
import { type Database, SqlError } from "../../src/ports.ts";
import { pgliteImage, sessionOptions } from "../support/engines.ts";

let database: Database;
beforeAll(() => {
  database = databaseOver("pglite:memory", async () =>
    PGlite.create({ loadDataDir: await pgliteImage() }),
  );
}, 60_000);
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const nothing = { extensions: [], roles: [] };

function errorOf(sql: string): Promise<ServerMessage> {
  return database.session(sessionOptions, async (session) => {
    try {
      await session.run(sql);
    } catch (error) {
      if (error instanceof SqlError) return error.server;
    }
    throw new Error(`no error: ${sql}`);
  });
}

const dictionary = "create text search dictionary d";
describe("lacking", () => {
  test.each([
    ["create extension postgis", "0A000", "the extension postgis"],
    ["create language plperl", "0A000", "the extension plperl"],
    [`select 'a' collate "de_DE"`, "42704", "the collation de_DE"],
    [`create table t (a text collate "de_DE.utf8")`, "42704", "the collation de_DE.utf8"],
    [`select 'a' < 'b' collate "de-x-icu"`, "42704", "the collation de-x-icu"],
    ["do language plpython3u $$ 1 $$", "42704", "the language plpython3u"],
    [
      "create server s foreign data wrapper postgres_fdw",
      "42704",
      "the foreign-data wrapper postgres_fdw",
    ],
    ["create table t (a int); grant select on t to app", "42704", "the role app"],
    ["create schema s authorization app", "42704", "the role app"],
    ["set role app", "22023", "the role app"],
    ["set session authorization app", "22023", "the role app"],
    ["create table t (a int) tablespace fast", "42704", "the tablespace fast"],
    ["set default_tablespace = fast", "22023", "the tablespace fast"],
    ["create tablespace t location '/no/where'", "58P01", "the folder /no/where on its machine"],
    ["alter database shop set work_mem = '4MB'", "3D000", "the database shop"],
    ["create table t (a text); copy t from '/in.csv'", "58P01", "the file /in.csv on its machine"],
    ["copy (select 1) to '/no/where'", "58P01", "the file /no/where on its machine"],
    ["select pg_ls_dir('/no/where')", "58P01", "the file /no/where on its machine"],
    ["select lo_import('/no/where')", "58P01", "the file /no/where on its machine"],
    ["load 'auto_explain'", "58P01", "the file auto_explain on its machine"],
    [
      "create function f() returns int language c as 'mine', 'f'",
      "58P01",
      "the file mine on its machine",
    ],
    ["select pg_create_logical_replication_slot('s', 'pgoutput')", "55000", "logical replication"],
    [
      `${dictionary} (template = ispell, dictfile = 'de', afffile = 'de')`,
      "F0000",
      "the text search file de.dict",
    ],
    [
      `${dictionary} (template = simple, stopwords = mine)`,
      "F0000",
      "the text search file mine.stop",
    ],
    [
      "select current_setting('pg_stat_statements.track')",
      "42704",
      "the settings of pg_stat_statements",
    ],
    ["create table t (a text compression lz4)", "0A000", "the compression method lz4"],
    ["set default_toast_compression = lz4", "22023", "the compression method lz4"],
    ["security label on role postgres is 'x'", "22023", "a provider of security labels"],
  ])("%s: %s, %s", async (sql, code, lack) => {
    const error = await errorOf(sql);
    expect(error.code).toBe(code);
    expect(lackOf(error, nothing)).toBe(lack);
  });
});

describe("the author's fault", () => {
  test.each([
    ["selec 1", "42601"],
    ["select 'a' ~ '('", "2201B"],
    ["select 1 / 0", "22012"],
    ["select * from misspelled", "42P01"],
    ["select misspelled(1)", "42883"],
    ["create table t (a misspelled)", "42704"],
    ["create table t (a int primary key); insert into t values (1), (1)", "23505"],
    ["create table t (a int not null); insert into t values (null)", "23502"],
    ["alter type misspelled add value 'x'", "42704"],
    ["create function f() returns int language sqll as 'select 1'", "42704"],
    ["create function f() returns int language plpsql as ''", "42704"],
    ["create function f() returns int language internal as 'misspelled'", "42883"],
    ["create server s foreign data wrapper misspelled", "42704"],
    ["create foreign table t (a int) server misspelled", "42704"],
    [`select 'a' collate "misspelled"`, "42704"],
    [`select 'a' collate "my_collation"`, "42704"],
    [`${dictionary} (template = misspelled)`, "42704"],
    [`${dictionary} (template = snowball, language = klingon)`, "42704"],
    ["create index on pg_class using misspelled (oid)", "42704"],
    ["create index on pg_class (relname misspelled)", "42704"],
    ["set statement_timeuot = 1", "42704"],
    ["select current_setting('app.misspelled')", "42704"],
    ["set timezone = 'Mars/Olympus'", "22023"],
    ["set shared_buffers = '1GB'", "55P02"],
    ["alter database postgres rename to x", "0A000"],
    ["create table t (a text compression zip)", "22023"],
    [`do $$ begin raise exception 'role "app" does not exist'; end $$`, "P0001"],
    ["create role twice; create role twice", "42710"],
    ["drop schema misspelled", "3F000"],
  ])("%s: %s", async (sql, code) => {
    const error = await errorOf(sql);
    expect(error.code).toBe(code);
    expect(lackOf(error, nothing)).toBeUndefined();
  });
});

// The last: behind it PGlite can load no library any more, not even PL/pgSQL's.
test("a library that cannot be loaded is a lack, and so is one that is found broken then", async () => {
  const subscription =
    "create subscription s connection 'host=127.0.0.1' publication p with (connect = false)";
  for (const code of ["58P01", "XX000"]) {
    const error = await errorOf(subscription);
    expect(error.code).toBe(code);
    expect(lackOf(error, nothing)).toBe("the library libpqwalreceiver");
  }
});
