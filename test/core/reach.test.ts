import { describe, expect, test } from "bun:test";
import { postgresParser } from "../../src/adapters/parser.ts";
import { reachOf } from "../../src/core/reach.ts";
import { readScript } from "../../src/core/script.ts";
import { migrationOf, valueOf } from "./made.ts";

const parse = await postgresParser.load();

const noTransaction = "-- lacuna: no-transaction\n";

function told(text: string): readonly string[] {
  const script = valueOf(readScript(migrationOf(text), parse));
  return reachOf(script, parse).map(({ kind, what, place }) => `${place.line} ${kind}: ${what}`);
}

describe("what acts on the whole server", () => {
  test.each([
    ["create role app", "CREATE ROLE"],
    ["create user app", "CREATE ROLE"],
    ["alter role app set search_path = x", "ALTER ROLE … SET"],
    ["alter user app with password 'x'", "ALTER ROLE"],
    ["drop role app", "DROP ROLE"],
    ["grant admin to app", "GRANT or REVOKE of a role"],
    ["reassign owned by a to b", "REASSIGN OWNED"],
    ["drop owned by a", "DROP OWNED"],
    ["alter database d set x.y = 'z'", "ALTER DATABASE … SET"],
    ["alter database d rename to e", "ALTER … RENAME on a database"],
    ["alter database d owner to app", "ALTER … OWNER on a database"],
    ["comment on role app is 'x'", "COMMENT on a role"],
    ["comment on database d is 'x'", "COMMENT on a database"],
    ["grant connect on database d to app", "GRANT or REVOKE on a database"],
    ["grant set on parameter work_mem to app", "GRANT or REVOKE on a parameter"],
    [`${noTransaction}create database d`, "CREATE DATABASE"],
    [`${noTransaction}alter system set work_mem = '1MB'`, "ALTER SYSTEM"],
    [`${noTransaction}drop subscription s`, "DROP SUBSCRIPTION"],
    ["do $$ begin create  role app; end $$", "DO with CREATE ROLE"],
    ["do $$ begin execute 'alter SYSTEM set x = 1'; end $$", "DO with ALTER SYSTEM"],
    ["do $$ begin create /* x */ role app; end $$", "DO with CREATE ROLE"],
    ["do $$ begin grant admin to app; end $$", "DO with GRANT ADMIN TO"],
    ["do $$ begin execute 'comment on role app is null'; end $$", "DO with COMMENT ON ROLE"],
    ["do $$ begin grant connect on database d to app; end $$", "DO with GRANT CONNECT ON DATABASE"],
    ["select pg_create_physical_replication_slot('x')", "pg_create_physical_replication_slot()"],
  ])("%p", (text, what) => {
    expect(told(text).some((one) => one.endsWith(` server: ${what}`))).toBe(true);
  });

  test.each([
    "create table role (id int)",
    "grant select on t to app",
    "comment on table t is 'create role'",
    "alter table t owner to app",
    "alter default privileges in schema s grant select on tables to app",
    "create user mapping for app server s",
    "do $$ begin create user mapping for app server s; end $$",
    "do $$ begin grant select on t to app; end $$",
    "do $$ begin comment on table t is 'x'; end $$",
    "create function f() returns void language sql as $$ select pg_reload_conf() $$",
  ])("%p does not", (text) => {
    expect(told(text)).toEqual([]);
  });
});

describe("what a rollback leaves", () => {
  test.each([
    ["prepare p as select 1", "PREPARE: a prepared statement, until the session ends"],
    ["load 'x'", "LOAD: a library, until the session ends"],
    ["copy t to program 'cat'", "COPY … PROGRAM: a command on the server"],
    ["copy t from program 'cat'", "COPY … PROGRAM: a command on the server"],
    ["copy t to '/tmp/x'", "COPY … TO a file on the server"],
    ["select lo_export(1, '/tmp/x')", "lo_export(): a file on the server"],
    ["select dblink_exec('c', 'x')", "dblink_exec(): it works over a connection of its own"],
    ["select pg_advisory_lock(1)", "pg_advisory_lock(): an advisory lock, until the session ends"],
    [
      "do $$ begin perform pg_advisory_lock(1); end $$",
      "pg_advisory_lock(): an advisory lock, until the session ends",
    ],
    ["select pg_catalog.pg_reload_conf()", "pg_reload_conf(): it acts on the whole server"],
  ])("%p", (text, what) => {
    expect(told(text)).toContain(`1 kept: ${what}`);
  });

  test("lines are those of the file", () => {
    expect(told("select 1;\n\nload 'x'")).toEqual([
      "3 kept: LOAD: a library, until the session ends",
    ]);
  });

  test.each([
    "copy t from '/tmp/x'",
    "select pg_advisory_xact_lock(1)",
    "select pg_notify('a', '')",
  ])("%p is undone", (text) => {
    expect(told(text)).toEqual([]);
  });
});
