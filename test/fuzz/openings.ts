/**
 * Bodies for what is judged by its first words alone: the statements that begin in such a way, with
 * words in them that make something else of a statement, and with marks that hide a semicolon.
 */
import * as fc from "fast-check";

const statements: readonly string[] = [
  "insert into t values (1, 'a;b')",
  "insert into t (a) select set_config('x.y', 'z', false)",
  "update t set a = 'b' where c = $1",
  "delete from t using u where t.a = u.a",
  "merge into t using u on t.a = u.a when matched then do nothing",
  "select a into b from t",
  "select a, b into table c from t",
  "with a as (select 1) select * into b from a",
  "values (1), (2)",
  "create table t (a int, b text default 'c;d')",
  "create table t as select 1 as a",
  "create local table t (a int)",
  "create table pg_temp.t (a int)",
  "create unlogged table t (a int)",
  "create view v as select 1",
  "create or replace view v as select 1",
  "create recursive view v (a) as select 1",
  "create materialized view v as select 1",
  "create sequence s",
  "create index on t (a)",
  "create index i on t (a)",
  "create unique index I on S.T using btree (a)",
  'create index "I i" on "S"."T" (a)',
  'create index "i""j" on t (a)',
  "create index i on only t (a)",
  "create index i on only (t) (a)",
  "create index i on t * (a)",
  "create index i on a.b.c (d)",
  "create index if not exists i on t (a)",
  "create index if on t (a)",
  "create index using on using.using using using (a)",
  `create index ${"i".repeat(70)} on ${"t".repeat(63)} (a)`,
  "create index i\u00e9 on t (a)",
  "create schema s create table t (a int) create index i on t (a)",
  "create type t as enum ('a')",
  "create function f() returns int language sql as 'select 1'",
  "create function f() returns int language sql set work_mem = '1MB' as $$select 1;$$",
  "create function f() returns int begin atomic select 1; end",
  "create procedure p() language sql set search_path from current as 'select 1'",
  "create rule r as on insert to t do also (select 1; select 2)",
  "create trigger g before insert on t execute function f()",
  "create policy p on t using (a = 'b;c')",
  "create extension e",
  "create role r",
  "create database d",
  "create tablespace s location '/a'",
  "create subscription s connection 'a' publication p",
  "alter table t add column a int, drop column b",
  "alter table t detach partition p",
  "alter table t detach partition p finalize",
  "alter index i rename to j",
  "alter role r set work_mem = '1MB'",
  "alter database d set tablespace s",
  "alter system set work_mem = '1MB'",
  "alter subscription s disable",
  "alter default privileges grant select on tables to r",
  "alter routine f rename to g",
  "drop table t",
  "drop index i",
  "drop index if exists s.i, j",
  "drop function f()",
  "drop database d",
  "drop tablespace s",
  "drop subscription s",
  "comment on table t is 'a;b'",
  "grant select on t to public",
  "revoke all on t from public",
  "truncate t, u",
  "refresh materialized view v",
  "lock table t",
  "notify c, 'a;b'",
  "analyze t",
  "set search_path = a, b",
  "set search_path from current",
  "set work_mem to default",
  "set local work_mem = '1MB'",
  "set local search_path to a",
  "set local to 1",
  "set local = 1",
  "set local.lock_timeout to 1",
  "set local lock_timeout.a to 1",
  "set session work_mem = '1MB'",
  "set standard_conforming_strings = off",
  "set local role r",
  "reset search_path",
  "reset all",
  "begin",
  "BEGIN read only",
  "commit",
  "commit and chain",
];

const words: readonly string[] = [
  " temp ",
  " TEMPORARY ",
  " concurrently ",
  " Concurrently ",
  " lacuna.a ",
  " LACUNA.a = 1 ",
  ' "lacuna.a" ',
  ' "Lacuna"."a" ',
  ' U&"\\006cacuna.a" ',
  ' U&"\\0073et_config" ',
  " set_config('lacuna.a', 'b', true) ",
  " pg_catalog.\"set_config\"('a', 'b', true) ",
  " Set_Config('a', 'b', true) ",
  " set lacuna.a = 'b' ",
  " into temp b ",
  " only ",
  " if not exists ",
  " unique ",
  " or replace ",
  " local ",
  " global ",
  " to ",
  " *",
  " /* ; */ ",
  " -- ; commit\n",
  "--\n",
  "\u00a0",
  "\v",
  " $$ ; $$ ",
  " $a$;$a$ ",
  " E'\\'; commit; --' ",
  " U&'\\0061;' ",
  " '\\'; commit; --' ",
  ' "a;b" ',
  " (",
  ")",
  ";",
  "; commit",
  "'",
  '"',
  "\\",
  ", 'a'\n'b;'",
  "1e",
  ".",
];

const insertion = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  isWordwise: fc.constantFrom(true, true, true, false),
  word: fc.constantFrom(...words),
});

const statement = fc
  .tuple(
    fc.constantFrom(...statements),
    fc.constantFrom("as is", "as is", "upper case", "wide"),
    fc.array(insertion, { maxLength: 2 }),
  )
  .map(([text, style, insertions]) => {
    const spelt =
      style === "upper case" ? text.toUpperCase() : style === "wide" ? wide(text) : text;
    return insertions.reduce(withWord, spelt);
  });

const wide = (text: string): string => text.replaceAll(" ", "\n /* a */ ");

/** Every statement with every word at every gap between its words. */
export function* everyOpening(): Generator<string> {
  for (const text of statements) {
    for (const { index } of text.matchAll(/ |$/g)) {
      for (const word of words) yield text.slice(0, index) + word + text.slice(index);
    }
  }
}

/** Between two words, or anywhere. */
function withWord(
  text: string,
  { at, isWordwise, word }: { at: number; isWordwise: boolean; word: string },
): string {
  const blanks = [...text.matchAll(/ |$/g)].map(({ index }) => index);
  const place = isWordwise
    ? (blanks[Math.floor(at * blanks.length * 0.999)] ?? 0)
    : Math.floor(at * text.length);
  return text.slice(0, place) + word + text.slice(place);
}

export const openingBody: fc.Arbitrary<string> = fc
  .array(statement, { minLength: 1, maxLength: 3 })
  .map((texts) => texts.join(";\n"));
