/** Changes of one property of one object of `everyKind`, and what a fingerprint has to tell of each. */
import { behind, changes, from, type Mutation } from "./mutation.ts";
import { madeAnew } from "./mutations-anew.ts";

function subscribed(mutation: Mutation): Mutation {
  const before =
    "create subscription fingerprint_subscription connection 'dbname=nowhere' publication p " +
    "with (connect = false, slot_name = none)";
  return { ...mutation, before, notInPglite: "PGlite has no libpqwalreceiver" };
}

/** The system catalogs may be written to, for what no statement can do inside of a transaction. */
const byHand = "set local allow_system_table_mods = on; ";

const tables: readonly Mutation[] = [
  changes("a schema appears", "create schema other", "schema other"),
  changes("a table appears", "create table app.made ()", "column order app.made", "table app.made"),
  changes(
    "a table goes",
    'drop table public."Odd name"',
    'column public."Odd name"."Select"',
    'column public."Odd name"."a.b"',
    'column order public."Odd name"',
    'table public."Odd name"',
  ),
  changes("a table is logged", "alter table app.scratch set logged", "table app.scratch"),
  changes(
    "a table's fill factor",
    "alter table app.parents set (fillfactor = 71)",
    "table app.parents",
  ),
  changes(
    "a table's option goes",
    "alter table app.parents reset (autovacuum_enabled)",
    "table app.parents",
  ),
  changes(
    "an option of the TOAST table",
    "alter table app.parents set (toast.autovacuum_enabled = false)",
    "table app.parents",
  ),
  changes(
    "replica identity",
    "alter table app.parents replica identity nothing",
    "table app.parents",
  ),
  changes(
    "replica identity by an index",
    "alter table app.typed replica identity using index typed_pkey",
    "index app.typed_pkey",
    "table app.typed",
  ),
  changes("a table has no type any more", "alter table app.typed not of", "table app.typed"),
  changes(
    "row level security is off",
    "alter table app.parents disable row level security",
    "table app.parents",
  ),
  changes(
    "row level security is forced",
    "alter table app.parents force row level security",
    "table app.parents",
  ),
  behind(
    "create table app.a (); create table app.b (); create table app.c () inherits (app.a, app.b)",
    changes(
      "the order of inheritance",
      "alter table app.c no inherit app.a; alter table app.c inherit app.a",
      "table app.c",
    ),
  ),
  behind(
    "create table app.a (); create table app.c ()",
    changes("inheritance", "alter table app.c inherit app.a", "table app.c"),
  ),
  behind(
    "create table app.day partition of app.logs for values from ('2030-01-01') to ('2030-01-02')",
    changes(
      "a partition's bound",
      "alter table app.logs detach partition app.day; alter table app.logs attach partition app.day for values from ('2030-01-01') to ('2030-01-03')",
      "table app.day",
    ),
  ),
  behind(
    "create table app.p (a integer, b integer) partition by range (a)",
    changes(
      "a partition key",
      "drop table app.p; create table app.p (a integer, b integer) partition by range (b)",
      "table app.p",
    ),
  ),
  behind(
    "create table app.p (a integer) partition by range (a)",
    changes(
      "how it is partitioned",
      "drop table app.p; create table app.p (a integer) partition by list (a)",
      "table app.p",
    ),
  ),
  from(
    15,
    changes(
      "a table's access method",
      "alter table app.scratch set access method app_heap",
      "table app.scratch",
    ),
  ),
  changes(
    "a table's tablespace",
    `${byHand}update pg_class set reltablespace = 1664 where oid = 'app.scratch'::regclass`,
    "table app.scratch",
  ),
  changes(
    "an option of a foreign table",
    "alter foreign table app.far options (set table_name 'near')",
    "foreign table app.far",
  ),
  behind(
    "create server app_other foreign data wrapper app_wrapper; create foreign table app.near () server app_server",
    changes(
      "a foreign table's server",
      "drop foreign table app.near; create foreign table app.near () server app_other",
      "foreign table app.near",
    ),
  ),
];

const columns: readonly Mutation[] = [
  behind(
    "create table app.a (x integer); create table app.c (x integer)",
    changes(
      "a column is inherited",
      "alter table app.c inherit app.a",
      "column app.c.x",
      "table app.c",
    ),
  ),
  changes(
    "a column appears",
    "alter table app.scratch add column more text",
    "column app.scratch.more",
    "column order app.scratch",
  ),
  changes(
    "a column goes",
    "alter table app.parents drop column tags",
    "column app.parents.tags",
    "column order app.parents",
  ),
  changes(
    "a column has another name",
    "alter table app.scratch rename column id to number",
    "column app.scratch.id",
    "column app.scratch.number",
    "column order app.scratch",
  ),
  changes(
    "a column's type",
    "alter table app.logs alter column body type varchar",
    "column app.logs.body",
    "column app.logs_1.body",
    "column app.logs_2.body",
  ),
  changes(
    "a type's modifier",
    "alter table app.far alter column body type varchar(7)",
    "column app.far.body",
  ),
  changes(
    "a numeric's scale",
    "alter table app.scratch add column n numeric(10, 2)",
    "column app.scratch.n",
    "column order app.scratch",
  ),
  behind(
    "alter table app.scratch add column n numeric(10, 2)",
    changes(
      "a numeric's precision",
      "alter table app.scratch alter column n type numeric(11, 2)",
      "column app.scratch.n",
    ),
  ),
  behind(
    "alter table app.scratch add column n timestamp(3)",
    changes(
      "a timestamp's precision",
      "alter table app.scratch alter column n type timestamp(2)",
      "column app.scratch.n",
    ),
  ),
  changes(
    "a column's collation",
    'alter table app.far alter column body type text collate "C"',
    "column app.far.body",
  ),
  changes(
    "a default",
    "alter table app.parents alter column name set default 'somebody'",
    "column app.parents.name",
  ),
  changes(
    "a default goes",
    "alter table app.parents alter column at drop default",
    "column app.parents.at",
  ),
  changes(
    "NOT NULL goes",
    "alter table app.parents alter column name drop not null",
    "column app.parents.name",
    "not null constraint app.parents.name",
  ),
  changes(
    "NOT NULL comes",
    "alter table app.scratch alter column id set not null",
    "column app.scratch.id",
    "not null constraint app.scratch.id",
  ),
  changes(
    "identity by default",
    "alter table app.parents alter column id set generated by default",
    "column app.parents.id",
  ),
  changes(
    "no identity",
    "alter table app.parents alter column id drop identity",
    "column app.parents.id",
    "sequence app.parents_id_seq",
  ),
  changes(
    "an expression goes",
    "alter table app.parents alter column twice drop expression",
    "column app.parents.twice",
  ),
  from(
    17,
    changes(
      "an expression",
      "alter table app.parents alter column twice set expression as (price * 3)",
      "column app.parents.twice",
    ),
  ),
  from(
    18,
    behind(
      "create table app.g (a integer, b integer generated always as (a) stored)",
      changes(
        "an expression is virtual",
        "drop table app.g; create table app.g (a integer, b integer generated always as (a) virtual)",
        "column app.g.b",
      ),
    ),
  ),
  changes(
    "storage",
    "alter table app.parents alter column tags set storage main",
    "column app.parents.tags",
  ),
  changes(
    "compression",
    "alter table app.children alter column note set compression default",
    "column app.children.note",
  ),
  changes(
    "a statistics target",
    "alter table app.parents alter column name set statistics 78",
    "column app.parents.name",
  ),
  changes(
    "a statistics target goes",
    "alter table app.parents alter column name set statistics -1",
    "column app.parents.name",
  ),
  changes(
    "a statistics target of zero",
    "alter table app.parents alter column tags set statistics 0",
    "column app.parents.tags",
  ),
  changes(
    "an option of a column",
    "alter table app.parents alter column name set (n_distinct = 6)",
    "column app.parents.name",
  ),
  changes(
    "an option of a foreign column",
    "alter foreign table app.far alter column id options (set column_name 'third')",
    "column app.far.id",
  ),
  behind(
    "create table app.o (a integer, b integer)",
    changes(
      "the order of columns, alone",
      "drop table app.o; create table app.o (b integer, a integer)",
      "column order app.o",
    ),
  ),
  changes(
    "a view's default",
    "alter view app.names alter column name drop default",
    "column app.names.name",
  ),
  behind(
    "create table app.a (x integer); create table app.c () inherits (app.a)",
    changes(
      "an inherited column is its own too",
      "drop table app.c; create table app.c (x integer) inherits (app.a)",
      "column app.c.x",
    ),
  ),
];

const constraints: readonly Mutation[] = [
  behind(
    "create table app.a (x integer, constraint k check (x > 0)); create table app.c () inherits (app.a)",
    changes(
      "an inherited check is its own too",
      "alter table app.c add constraint k check (x > 0)",
      "constraint app.c.k",
    ),
  ),
  from(
    18,
    behind(
      "create table app.a (x integer not null); create table app.c () inherits (app.a)",
      changes(
        "an inherited NOT NULL is its own too",
        "alter table app.c alter column x set not null",
        "not null constraint app.c.x",
      ),
    ),
  ),
  from(
    17,
    changes(
      "the name of a domain's NOT NULL",
      "alter domain app.sure rename constraint sure_not_null to named",
      "not null constraint app.sure",
    ),
  ),
  changes(
    "a check appears",
    "alter table app.scratch add constraint c check (id > 0)",
    "constraint app.scratch.c",
  ),
  changes(
    "a check goes",
    "alter table app.parents drop constraint parents_price_check",
    "constraint app.parents.parents_price_check",
  ),
  changes(
    "a check says something else",
    "alter table app.parents drop constraint parents_price_check; alter table app.parents add constraint parents_price_check check (price >= 0)",
    "constraint app.parents.parents_price_check",
  ),
  changes(
    "a constraint has another name",
    "alter table app.parents rename constraint parents_price_check to dear",
    "constraint app.parents.dear",
    "constraint app.parents.parents_price_check",
  ),
  changes(
    "a check is validated",
    "alter table app.children validate constraint children_note_check",
    "constraint app.children.children_note_check",
  ),
  changes(
    "a check is inherited",
    "alter table app.children drop constraint children_number_check; alter table app.kin add constraint children_number_check check (number > 0); alter table app.children add constraint children_number_check check (number > 0)",
    "constraint app.children.children_number_check",
    "constraint app.kin.children_number_check",
  ),
  behind(
    "alter table app.children drop constraint children_parent_fkey; alter table app.children add constraint children_parent_fkey foreign key (parent) references app.parents (id) not valid",
    changes(
      "a foreign key is validated",
      "alter table app.children validate constraint children_parent_fkey",
      "constraint app.children.children_parent_fkey",
    ),
  ),
  changes(
    "a foreign key is deferrable",
    "alter table app.children alter constraint children_parent_fkey deferrable",
    "constraint app.children.children_parent_fkey",
  ),
  changes(
    "a foreign key is deferred",
    "alter table app.children alter constraint children_parent_fkey deferrable initially deferred",
    "constraint app.children.children_parent_fkey",
  ),
  changes(
    "what a foreign key does on delete",
    "alter table app.children drop constraint children_parent_fkey; alter table app.children add constraint children_parent_fkey foreign key (parent) references app.parents (id) on delete set null",
    "constraint app.children.children_parent_fkey",
  ),
  changes(
    "what a foreign key does on update",
    "alter table app.children drop constraint children_parent_fkey; alter table app.children add constraint children_parent_fkey foreign key (parent) references app.parents (id) on delete cascade on update cascade",
    "constraint app.children.children_parent_fkey",
  ),
  changes(
    "the triggers of a foreign key are disabled",
    "alter table app.parents disable trigger all",
    "constraint app.children.children_parent_fkey",
    "constraint app.parents.parents_code_key",
    "trigger app.parents.touched",
  ),
  from(
    18,
    changes(
      "a foreign key is not enforced",
      "alter table app.children alter constraint children_parent_fkey not enforced",
      "constraint app.children.children_parent_fkey",
    ),
  ),
  changes(
    "the operator of an exclusion",
    "alter table app.children drop constraint children_apart; alter table app.children add constraint children_apart exclude using gist (during with =)",
    "constraint app.children.children_apart",
  ),
  changes(
    "a unique constraint is not deferrable",
    "alter table app.parents drop constraint parents_code_key; alter table app.parents add constraint parents_code_key unique (code); comment on constraint parents_code_key on app.parents is 'codes differ'",
    "constraint app.parents.parents_code_key",
  ),
  from(
    15,
    behind(
      "alter table app.scratch add constraint u unique (id)",
      changes(
        "nulls are not distinct",
        "alter table app.scratch drop constraint u; alter table app.scratch add constraint u unique nulls not distinct (id)",
        "constraint app.scratch.u",
        "index app.u",
      ),
    ),
  ),
  from(
    18,
    changes(
      "the name of a NOT NULL",
      "alter table app.parents rename constraint parents_name_not_null to named",
      "not null constraint app.parents.name",
    ),
  ),
  from(
    18,
    changes(
      "a NOT NULL is not inherited",
      "alter table app.parents alter constraint parents_name_not_null no inherit",
      "not null constraint app.parents.name",
    ),
  ),
  from(
    18,
    behind(
      "alter table app.scratch add constraint n not null id not valid",
      changes(
        "a NOT NULL is validated",
        "alter table app.scratch validate constraint n",
        "not null constraint app.scratch.id",
      ),
    ),
  ),
];

const indexes: readonly Mutation[] = [
  changes("an index appears", "create index i on app.scratch (id)", "index app.i"),
  changes("an index goes", "drop index app.children_number_idx", "index app.children_number_idx"),
  changes(
    "an index has another name",
    "alter index app.children_number_idx rename to renamed",
    "index app.children_number_idx",
    "index app.renamed",
  ),
  changes(
    "an index is not unique",
    "drop index app.children_number_idx; create index children_number_idx on app.children (number)",
    "index app.children_number_idx",
  ),
  changes(
    "the order of an index",
    "drop index app.children_number_idx; create unique index children_number_idx on app.children (number desc)",
    "index app.children_number_idx",
  ),
  changes(
    "where nulls are in an index",
    "drop index app.children_number_idx; create unique index children_number_idx on app.children (number nulls first)",
    "index app.children_number_idx",
  ),
  changes(
    "the expression of an index",
    "drop index app.children_number_idx; create unique index children_number_idx on app.children ((number + 0))",
    "index app.children_number_idx",
  ),
  changes(
    "the condition of an index",
    "drop index app.children_number_idx; create unique index children_number_idx on app.children (number) where number > 3",
    "index app.children_number_idx",
  ),
  changes(
    "what an index includes",
    "drop index app.children_number_idx; create unique index children_number_idx on app.children (number) include (parent)",
    "index app.children_number_idx",
  ),
  changes(
    "the access method of an index",
    "drop index app.children_number_idx; create index children_number_idx on app.children using hash (number)",
    "index app.children_number_idx",
  ),
  behind(
    "create index i on app.children (note)",
    changes(
      "the operator class of an index",
      "drop index app.i; create index i on app.children (note text_pattern_ops)",
      "index app.i",
    ),
  ),
  behind(
    "create index i on app.children (note)",
    changes(
      "the collation of an index",
      'drop index app.i; create index i on app.children (note collate "C")',
      "index app.i",
    ),
  ),
  changes(
    "an option of an index",
    "alter index app.parents_pkey set (fillfactor = 80)",
    "index app.parents_pkey",
  ),
  changes(
    "an index is invalid",
    `${byHand}update pg_index set indisvalid = false where indexrelid = 'app.children_number_idx'::regclass`,
    "index app.children_number_idx",
  ),
  changes(
    "an index is not ready",
    `${byHand}update pg_index set indisready = false where indexrelid = 'app.children_number_idx'::regclass`,
    "index app.children_number_idx",
  ),
  changes(
    "a table is clustered by an index",
    "alter table app.parents cluster on parents_pkey",
    "index app.parents_pkey",
  ),
  changes(
    "a statistics target of an expression",
    "alter index app.parents_name_idx alter column 2 set statistics 56",
    "index app.parents_name_idx",
  ),
  behind(
    "create index i on only app.logs (at); create index i_1 on app.logs_1 (at)",
    changes("an index is attached", "alter index app.i attach partition app.i_1", "index app.i_1"),
  ),
  changes(
    "an index's tablespace",
    `${byHand}update pg_class set reltablespace = 1664 where oid = 'app.children_number_idx'::regclass`,
    "index app.children_number_idx",
  ),
  changes(
    "an index depends on an extension",
    "alter index app.children_number_idx depends on extension plpgsql",
    "index app.children_number_idx",
  ),
  changes(
    "a target of statistics",
    "alter statistics app.parents_stats set statistics 34",
    "statistics object app.parents_stats",
  ),
  changes(
    "the kind of statistics",
    "drop statistics app.parents_stats; create statistics app.parents_stats (dependencies) on name, code from app.parents; alter statistics app.parents_stats set statistics 33",
    "statistics object app.parents_stats",
  ),
];

const types: readonly Mutation[] = [
  changes("a label", "alter type app.mood add value 'bad'", "enum app.mood"),
  changes(
    "a label has another name",
    "alter type app.mood rename value 'sad' to 'blue'",
    "enum app.mood",
  ),
  behind(
    "create type app.e as enum ('a', 'b', 'c')",
    changes(
      "the order of labels",
      "drop type app.e; create type app.e as enum ('a', 'c'); alter type app.e add value 'b'",
      "enum app.e",
    ),
  ),
  behind(
    "create type app.e as enum ()",
    changes("a type of its own goes", "drop type app.e", "enum app.e"),
  ),
  changes("a domain's default", "alter domain app.code set default 'other'", "domain app.code"),
  changes("a domain's default goes", "alter domain app.code drop default", "domain app.code"),
  changes(
    "a domain's NOT NULL goes",
    "alter domain app.sure drop not null",
    "domain app.sure",
    "not null constraint app.sure",
  ),
  changes(
    "a domain's constraint",
    "alter domain app.code add constraint c check (value <> 'x')",
    "domain app.code",
  ),
  behind(
    "alter domain app.code add constraint c check (value <> 'x') not valid",
    changes(
      "a domain's constraint is validated",
      "alter domain app.code validate constraint c",
      "domain app.code",
    ),
  ),
  behind(
    'create domain app.d as text collate "C"',
    changes(
      "a domain's collation",
      "drop domain app.d; create domain app.d as text",
      "domain app.d",
    ),
  ),
  behind(
    "create domain app.d as varchar(3)",
    changes(
      "a domain's type",
      "drop domain app.d; create domain app.d as varchar(4)",
      "domain app.d",
    ),
  ),
  changes(
    "an attribute appears",
    "alter type app.point add attribute z integer cascade",
    "column app.typed.z",
    "column order app.typed",
    "composite type app.point",
  ),
  behind(
    "create type app.pair as (a integer, b integer)",
    changes(
      "the order of attributes",
      "drop type app.pair; create type app.pair as (b integer, a integer)",
      "composite type app.pair",
    ),
  ),
  behind(
    "create type app.pair as (a text, b integer)",
    changes(
      "the collation of an attribute",
      'drop type app.pair; create type app.pair as (a text collate "C", b integer)',
      "composite type app.pair",
    ),
  ),
  behind(
    "create type app.r as range (subtype = float8)",
    changes(
      "a range's difference",
      "drop type app.r; create type app.r as range (subtype = float8, subtype_diff = float8mi)",
      "range type app.r",
    ),
  ),
  behind(
    "create type app.r as range (subtype = float8)",
    changes(
      "a range's subtype",
      "drop type app.r; create type app.r as range (subtype = float4)",
      "range type app.r",
    ),
  ),
  behind(
    "create type app.r as range (subtype = text)",
    changes(
      "a range's collation",
      'drop type app.r; create type app.r as range (subtype = text, collation = "C")',
      "range type app.r",
    ),
  ),
  behind(
    "create type app.r as range (subtype = text)",
    changes(
      "a range's operator class",
      "drop type app.r; create type app.r as range (subtype = text, subtype_opclass = text_pattern_ops)",
      "range type app.r",
    ),
  ),
  behind(
    "create type app.r as range (subtype = float8)",
    changes(
      "the name of a multirange",
      "drop type app.r; create type app.r as range (subtype = float8, multirange_type_name = app.many)",
      "range type app.r",
    ),
  ),
  changes("a shell type goes", "drop type app.later", "type app.later"),
  changes(
    "a shell type becomes a type",
    "create function app.later_in(cstring) returns app.later language internal immutable strict as 'textin'; " +
      "create function app.later_out(app.later) returns cstring language internal immutable strict as 'textout'; " +
      "create type app.later (input = app.later_in, output = app.later_out, like = text)",
    "function app.later_in(cstring)",
    "function app.later_out(app.later)",
    "type app.later",
  ),
  behind(
    "create function app.later_in(cstring) returns app.later language internal immutable strict as 'textin'; " +
      "create function app.later_out(app.later) returns cstring language internal immutable strict as 'textout'; " +
      "create type app.later (input = app.later_in, output = app.later_out, like = text)",
    changes("a type's storage", "alter type app.later set (storage = main)", "type app.later"),
  ),
];

const sequences: readonly Mutation[] = [
  changes(
    "a sequence's increment",
    "alter sequence app.numbers increment 6",
    "sequence app.numbers",
  ),
  changes("a sequence's minimum", "alter sequence app.numbers minvalue 4", "sequence app.numbers"),
  changes(
    "a sequence's maximum",
    "alter sequence app.numbers maxvalue 501",
    "sequence app.numbers",
  ),
  changes("a sequence's start", "alter sequence app.numbers start 6", "sequence app.numbers"),
  changes("a sequence's cache", "alter sequence app.numbers cache 3", "sequence app.numbers"),
  changes("a sequence cycles", "alter sequence app.numbers cycle", "sequence app.numbers"),
  changes("a sequence's type", "alter sequence app.numbers as bigint", "sequence app.numbers"),
  changes(
    "a sequence has no owner",
    "alter sequence app.owned owned by none",
    "sequence app.owned",
  ),
  changes(
    "a sequence has another owner",
    "alter sequence app.owned owned by app.parents.at",
    "sequence app.owned",
  ),
  from(
    15,
    changes(
      "a sequence is unlogged",
      "alter sequence app.numbers set unlogged",
      "sequence app.numbers",
    ),
  ),
  changes(
    "the numbers of an identity",
    "alter table app.parents alter column id set increment 2",
    "sequence app.parents_id_seq",
  ),
];

const routines: readonly Mutation[] = [
  changes(
    "a body",
    "create or replace function app.touch() returns trigger language plpgsql as $$ begin return old; end $$",
    "function app.touch()",
  ),
  changes(
    "a body of SQL",
    "create or replace function app.twice(n integer) returns integer language sql immutable return n + n",
    "function app.twice(integer)",
  ),
  changes("volatility", "alter function app.twice(integer) stable", "function app.twice(integer)"),
  changes("strictness", "alter function app.twice(integer) strict", "function app.twice(integer)"),
  changes(
    "security",
    "alter function app.twice(integer) security definer",
    "function app.twice(integer)",
  ),
  changes(
    "a function is leakproof",
    "alter function app.twice(integer) leakproof",
    "function app.twice(integer)",
  ),
  changes("cost", "alter function app.gets(integer) cost 51", "function app.gets(integer)"),
  changes("rows", "alter function app.rows(integer[]) rows 8", "function app.rows(integer[])"),
  changes(
    "parallel safety",
    "alter function app.twice(text) parallel safe",
    "function app.twice(text)",
  ),
  changes(
    "a setting of a function",
    "alter function app.rows(integer[]) set work_mem = '2MB'",
    "function app.rows(integer[])",
  ),
  changes(
    "a support function",
    "alter function app.rows(integer[]) support generate_series_int4_support",
    "function app.rows(integer[])",
  ),
  behind(
    "create function app.f(a integer) returns integer language sql as 'select 1'",
    changes(
      "the name of an argument",
      "drop function app.f; create function app.f(b integer) returns integer language sql as 'select 1'",
      "function app.f(integer)",
    ),
  ),
  behind(
    "create function app.f(a integer) returns integer language sql as 'select 1'",
    changes(
      "the default of an argument",
      "create or replace function app.f(a integer default 3) returns integer language sql as 'select 1'",
      "function app.f(integer)",
    ),
  ),
  behind(
    "create function app.f() returns integer language sql as 'select 1'",
    changes(
      "what a function returns",
      "drop function app.f; create function app.f() returns bigint language sql as 'select 1::bigint'",
      "function app.f()",
    ),
  ),
  behind(
    "create function app.f() returns integer language sql as 'select 1'",
    changes(
      "a function returns a set",
      "drop function app.f; create function app.f() returns setof integer language sql as 'select 1'",
      "function app.f()",
    ),
  ),
  behind(
    "create function app.f() returns integer language plpgsql as 'begin end'",
    changes(
      "a language",
      "create or replace function app.f() returns integer language app_language as 'begin end'",
      "function app.f()",
    ),
  ),
  changes(
    "a function for other types",
    "create function app.twice(bigint) returns bigint language sql as 'select $1'",
    "function app.twice(bigint)",
  ),
  changes("a function goes", "drop function app.gets(integer)", "function app.gets(integer)"),
  changes(
    "a function depends on an extension",
    "alter function app.twice(text) depends on extension plpgsql",
    "function app.twice(text)",
  ),
  changes(
    "a procedure's body",
    "create or replace procedure app.does(inout n integer) language plpgsql as $$ begin n := 2; end $$",
    "procedure app.does(integer)",
  ),
  changes(
    "an aggregate's first value",
    "create or replace aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '1')",
    "aggregate app.total(integer)",
  ),
  changes(
    "an aggregate is combined",
    "create or replace aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '0', combinefunc = app.add)",
    "aggregate app.total(integer)",
  ),
  changes(
    "an aggregate is parallel safe",
    "create or replace aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '0', parallel = safe)",
    "aggregate app.total(integer)",
  ),
  changes(
    "a window function's body",
    "create or replace function app.nth() returns bigint language internal window as 'window_rank'",
    "window function app.nth()",
  ),
  behind(
    "create language app_other handler plpgsql_call_handler",
    changes(
      "a language is trusted",
      "drop language app_other; create trusted language app_other handler plpgsql_call_handler",
      "language app_other",
    ),
  ),
  changes(
    "a transform goes",
    "drop transform for integer language app_language",
    "transform integer language app_language",
  ),
];

const triggers: readonly Mutation[] = [
  changes(
    "a trigger is disabled",
    "alter table app.parents disable trigger touched",
    "trigger app.parents.touched",
  ),
  changes(
    "a trigger fires on a replica",
    "alter table app.parents enable replica trigger touched",
    "trigger app.parents.touched",
  ),
  changes(
    "a trigger fires always",
    "alter table app.parents enable always trigger touched",
    "trigger app.parents.touched",
  ),
  changes(
    "the condition of a trigger",
    "create or replace trigger touched before update of name on app.parents for each row execute function app.touch()",
    "trigger app.parents.touched",
  ),
  changes(
    "when a trigger fires",
    "create or replace trigger touched after update of name on app.parents for each row when (new.name is not null) execute function app.touch()",
    "trigger app.parents.touched",
  ),
  changes(
    "the columns of a trigger",
    "create or replace trigger touched before update on app.parents for each row when (new.name is not null) execute function app.touch()",
    "trigger app.parents.touched",
  ),
  changes(
    "an argument of a trigger",
    "create or replace trigger touched before update of name on app.parents for each row when (new.name is not null) execute function app.touch('x')",
    "trigger app.parents.touched",
  ),
  changes("a trigger of a view goes", "drop trigger seen on app.names", "trigger app.names.seen"),
  changes(
    "a constraint trigger is not deferred",
    "drop trigger checked on app.children; create constraint trigger checked after insert on app.children deferrable for each row execute function app.touch()",
    "trigger app.children.checked",
  ),
  changes(
    "a trigger depends on an extension",
    "alter trigger touched on app.parents depends on extension plpgsql",
    "trigger app.parents.touched",
  ),
  changes(
    "a copy of a trigger is disabled",
    "alter table app.logs_1 disable trigger logged",
    "trigger app.logs_1.logged",
  ),
  changes(
    "an event trigger is enabled",
    "alter event trigger watched enable",
    "event trigger watched",
  ),
  changes(
    "an event trigger is enabled always",
    "alter event trigger watched enable always",
    "event trigger watched",
  ),
  changes(
    "the tags of an event trigger",
    "drop event trigger watched; create event trigger watched on ddl_command_end when tag in ('CREATE TABLE') execute function app.watch(); alter event trigger watched disable",
    "event trigger watched",
  ),
  changes(
    "the event of an event trigger",
    "drop event trigger watched; create event trigger watched on ddl_command_start when tag in ('CREATE TABLE', 'DROP TABLE') execute function app.watch(); alter event trigger watched disable",
    "event trigger watched",
  ),
  changes(
    "a rule is disabled",
    "alter table app.scratch disable rule hide",
    "rule app.scratch.hide",
  ),
  changes(
    "what a rule does",
    "create or replace rule hide as on delete to app.scratch do also nothing",
    "rule app.scratch.hide",
  ),
  changes(
    "what a policy shows",
    "alter policy own_rows on app.parents using (id > 2)",
    "policy app.parents.own_rows",
  ),
  changes(
    "what a policy checks",
    "alter policy own_rows on app.parents with check (id > 2)",
    "policy app.parents.own_rows",
  ),
  changes(
    "whom a policy concerns",
    "alter policy own_rows on app.parents to current_user",
    "policy app.parents.own_rows",
  ),
  changes(
    "a policy permits",
    "drop policy own_rows on app.parents; create policy own_rows on app.parents for update using (id > 0) with check (id > 1); comment on policy own_rows on app.parents is 'own'",
    "policy app.parents.own_rows",
  ),
  changes(
    "the command of a policy",
    "drop policy own_rows on app.parents; create policy own_rows on app.parents as restrictive using (id > 0) with check (id > 1); comment on policy own_rows on app.parents is 'own'",
    "policy app.parents.own_rows",
  ),
];

const views: readonly Mutation[] = [
  changes(
    "a materialized view depends on an extension",
    "alter materialized view app.counted depends on extension plpgsql",
    "materialized view app.counted",
  ),
  behind(
    "create materialized view app.m as select 'x'::text as a",
    changes(
      "an option of a materialized view's TOAST table",
      "alter materialized view app.m set (toast.autovacuum_enabled = false)",
      "materialized view app.m",
    ),
  ),
  changes(
    "a view",
    "create or replace view app.joined as select p.id, c.note from app.parents p left join app.children c on c.parent = p.id",
    "view app.joined",
  ),
  changes("an option of a view", "alter view app.names reset (security_barrier)", "view app.names"),
  changes("a view is checked", "alter view app.names set (check_option = local)", "view app.names"),
  from(
    15,
    changes(
      "a view asks as its reader",
      "alter view app.joined set (security_invoker = true)",
      "view app.joined",
    ),
  ),
  changes(
    "a materialized view is filled",
    "refresh materialized view app.empty",
    "materialized view app.empty",
  ),
  changes(
    "a materialized view is emptied",
    "refresh materialized view app.counted with no data",
    "materialized view app.counted",
  ),
  changes(
    "an option of a materialized view",
    "alter materialized view app.counted set (fillfactor = 61)",
    "materialized view app.counted",
  ),
  behind(
    "create materialized view app.m as select 1 as a",
    changes(
      "a materialized view",
      "drop materialized view app.m; create materialized view app.m as select 2 as a",
      "materialized view app.m",
    ),
  ),
];

const comments: readonly Mutation[] = (
  [
    ["schema app", "schema app"],
    ["table app.parents", "table app.parents"],
    ["column app.parents.name", "table column app.parents.name"],
    [
      "constraint parents_code_key on app.parents",
      "table constraint parents_code_key on app.parents",
    ],
    ["index app.parents_name_idx", "index app.parents_name_idx"],
    ["function app.twice(integer)", "function app.twice(integer)"],
    ["trigger touched on app.parents", "trigger touched on app.parents"],
    ["type app.mood", "type app.mood"],
    ["policy own_rows on app.parents", "policy own_rows on app.parents"],
    ["rule hide on app.scratch", "rule hide on app.scratch"],
    ["view app.names", "view app.names"],
    ["constraint code_length on domain app.code", "domain constraint code_length on app.code"],
    ["sequence app.numbers", "sequence app.numbers"],
    ["schema public", "schema public"],
    ["column app.point.x", "composite type column app.point.x"],
    ["cast (app.point as text)", "cast (app.point AS pg_catalog.text)"],
    ["operator class app.point_ops using btree", "operator class app.point_ops USING btree"],
    ["event trigger watched", "event trigger watched"],
    ["server app_server", "server app_server"],
    ["publication app_some", "publication app_some"],
    ["access method app_heap", "access method app_heap"],
    ["text search configuration app.searched", "text search configuration app.searched"],
    ["statistics app.parents_stats", "statistics object app.parents_stats"],
  ] as const
).map(([object, name]) =>
  changes(`the comment on ${object}`, `comment on ${object} is 'something new'`, `comment ${name}`),
);

const operators: readonly Mutation[] = [
  changes(
    "an operator's estimate",
    "alter operator app.=== (app.point, app.point) set (restrict = none)",
    "operator app.===(app.point, app.point)",
  ),
  changes(
    "an operator appears",
    "create operator app.## (rightarg = app.point, function = app.to_text)",
    "operator app.##(none, app.point)",
  ),
  changes(
    "an operator class is the default",
    "drop operator class app.point_ops using btree; create operator class app.point_ops default for type app.point using btree family app.points as operator 3 app.===, function 1 app.order_of(app.point, app.point)",
    "operator class app.point_ops using btree",
  ),
  changes(
    "an operator of a family",
    "alter operator family app.points using btree add operator 5 app.<<= (app.point, app.point)",
    "operator family app.points using btree",
  ),
  changes(
    "a function of a family",
    "alter operator family app.points using btree add function 4 (app.point, app.point) btequalimage(oid)",
    "operator family app.points using btree",
  ),
  changes(
    "a cast is implicit",
    "drop cast (app.point as text); create cast (app.point as text) with function app.to_text(app.point) as implicit",
    "cast app.point as text",
  ),
  changes(
    "a cast has no function",
    "drop cast (app.point as text); create cast (app.point as text) with inout as assignment",
    "cast app.point as text",
  ),
  changes(
    "a conversion is the default",
    "drop conversion app.recoded; create default conversion app.recoded for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8",
    "conversion app.recoded",
  ),
  changes(
    "an access method appears",
    "create access method app_tree type index handler bthandler",
    "access method app_tree",
  ),
  behind(
    "create access method m type index handler bthandler",
    changes(
      "the handler of an access method",
      "drop access method m; create access method m type index handler hashhandler",
      "access method m",
    ),
  ),
  behind(
    `create collation app.c (provider = libc, locale = 'C')`,
    changes(
      "a collation",
      `drop collation app.c; create collation app.c (provider = libc, locale = 'POSIX')`,
      "collation app.c for UTF8",
    ),
  ),
];

const textSearch: readonly Mutation[] = [
  changes(
    "the dictionaries of a token",
    "alter text search configuration app.searched alter mapping for word with pg_catalog.simple",
    "text search configuration app.searched",
  ),
  changes(
    "the order of dictionaries",
    "alter text search configuration app.searched alter mapping for word with pg_catalog.simple, app.words",
    "text search configuration app.searched",
  ),
  changes(
    "the tokens of a configuration",
    "alter text search configuration app.searched add mapping for int with pg_catalog.simple",
    "text search configuration app.searched",
  ),
  changes(
    "an option of a dictionary",
    "alter text search dictionary app.words (accept = 'false')",
    "text search dictionary app.words",
  ),
  behind(
    "create text search parser app.p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype)",
    changes(
      "a parser",
      "drop text search parser app.p; create text search parser app.p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype, headline = prsd_headline)",
      "text search parser app.p",
    ),
  ),
  behind(
    "create text search template app.t (lexize = dsimple_lexize)",
    changes(
      "a template",
      "drop text search template app.t; create text search template app.t (init = dsimple_init, lexize = dsimple_lexize)",
      "text search template app.t",
    ),
  ),
];

const foreign: readonly Mutation[] = [
  behind(
    "create function app.handler() returns fdw_handler language internal as 'pg_backend_pid'",
    changes(
      "the handler of a wrapper",
      "alter foreign data wrapper app_wrapper handler app.handler",
      "foreign-data wrapper app_wrapper",
    ),
  ),
  changes(
    "an option of a wrapper",
    "alter foreign data wrapper app_wrapper options (set debug 'false')",
    "foreign-data wrapper app_wrapper",
  ),
  changes(
    "a validator of a wrapper",
    "alter foreign data wrapper app_wrapper validator postgresql_fdw_validator options (drop debug, drop password)",
    "foreign-data wrapper app_wrapper",
  ),
  changes(
    "an option of a server",
    "alter server app_server options (set host 'here')",
    "server app_server",
  ),
  changes("a server's version", "alter server app_server version '4'", "server app_server"),
  changes(
    "an option of a user mapping",
    "alter user mapping for public server app_server options (set user 'you')",
    "user mapping public server app_server",
  ),
  changes(
    "a user mapping goes",
    "drop user mapping for public server app_server",
    "user mapping public server app_server",
  ),
  changes(
    "a table is published",
    "alter publication app_some add table app.typed",
    "publication app_some",
  ),
  changes(
    "a table is not published",
    "alter publication app_some drop table app.parents",
    "publication app_some",
  ),
  changes(
    "what is published",
    "alter publication app_some set (publish = 'insert')",
    "publication app_some",
  ),
  changes(
    "a publication goes by the root",
    "alter publication app_some set (publish_via_partition_root = true)",
    "publication app_some",
  ),
  from(
    15,
    changes(
      "the columns that are published",
      "alter publication app_some set table app.parents (id, name), app.children",
      "publication app_some",
    ),
  ),
  from(
    15,
    changes(
      "the rows that are published",
      "alter publication app_some set table app.parents where (id > 3), app.children",
      "publication app_some",
    ),
  ),
  from(
    15,
    behind(
      "create publication p",
      changes(
        "a schema is published",
        "alter publication p add tables in schema app",
        "publication p",
      ),
    ),
  ),
  from(
    18,
    changes(
      "generated columns are published",
      "alter publication app_some set (publish_generated_columns = stored)",
      "publication app_some",
    ),
  ),
  behind(
    "create publication p",
    changes(
      "everything is published",
      "drop publication p; create publication p for all tables",
      "publication p",
    ),
  ),
  subscribed(
    changes(
      "what a subscription is for",
      "alter subscription fingerprint_subscription set publication q with (refresh = false)",
      "subscription fingerprint_subscription",
    ),
  ),
  subscribed(
    from(
      15,
      changes(
        "a subscription ends on an error",
        "alter subscription fingerprint_subscription set (disable_on_error = true)",
        "subscription fingerprint_subscription",
      ),
    ),
  ),
  changes(
    "an extension's version",
    `${byHand}update pg_extension set extversion = '1.1' where extname = 'plpgsql'`,
    "extension plpgsql",
  ),
  changes(
    "an extension's schema",
    `${byHand}update pg_extension set extnamespace = 'app'::regnamespace where extname = 'plpgsql'`,
    "extension plpgsql",
  ),
  changes(
    "a security label",
    `${byHand}insert into pg_seclabel values ('app.parents'::regclass, 'pg_class'::regclass, 0, 'house', 'secret')`,
    "security label table app.parents for house",
  ),
];

const grants: readonly Mutation[] = [
  changes(
    "a table's privilege",
    "grant select on app.parents to fingerprint_reader",
    "privileges table app.parents",
  ),
  behind(
    "grant select on app.parents to fingerprint_reader",
    changes(
      "the right to grant it",
      "grant select on app.parents to fingerprint_reader with grant option",
      "privileges table app.parents",
    ),
  ),
  changes(
    "a column's privilege",
    "grant update (name) on app.parents to fingerprint_reader",
    "privileges table column app.parents.name",
  ),
  changes(
    "a sequence's privilege",
    "grant usage on sequence app.numbers to public",
    "privileges sequence app.numbers",
  ),
  changes(
    "a function's privilege",
    "revoke execute on function app.touch() from public",
    "privileges function app.touch()",
  ),
  changes(
    "a schema's privilege",
    "grant usage on schema app to fingerprint_reader",
    "privileges schema app",
  ),
  changes(
    "a privilege on public",
    "revoke usage on schema public from public",
    "privileges schema public",
  ),
  changes(
    "a type's privilege",
    "revoke usage on type app.mood from public",
    "privileges type app.mood",
  ),
  changes(
    "a language's privilege",
    "revoke usage on language app_trusted from public",
    "privileges language app_trusted",
  ),
  changes(
    "a server's privilege",
    "grant usage on foreign server app_server to fingerprint_reader",
    "privileges server app_server",
  ),
  changes(
    "a view's privilege",
    "grant select on app.names to fingerprint_reader",
    "privileges view app.names",
  ),
  changes(
    "a table's owner",
    "alter table app.scratch owner to fingerprint_reader",
    "privileges table app.scratch",
  ),
  changes(
    "a function's owner",
    "alter function app.touch() owner to fingerprint_reader",
    "privileges function app.touch()",
  ),
  changes(
    "a type's owner",
    "alter type app.mood owner to fingerprint_reader",
    "privileges type app.mood",
  ),
  changes(
    "a schema's owner",
    "alter schema app owner to fingerprint_reader",
    "privileges schema app",
  ),
  changes(
    "an operator's owner",
    "alter operator app.=== (app.point, app.point) owner to fingerprint_reader",
    "privileges operator app.===(app.point,app.point)",
  ),
  changes(
    "a publication's owner",
    "alter publication app_some owner to fingerprint_reader",
    "privileges publication app_some",
  ),
  changes(
    "statistics' owner",
    "alter statistics app.parents_stats owner to fingerprint_reader",
    "privileges statistics object app.parents_stats",
  ),
  changes(
    "default privileges",
    "alter default privileges for role fingerprint_reader in schema app grant select on tables to public",
    "default privileges for fingerprint_reader in app on tables",
  ),
].map((one) => ({ ...one, grants: true as const }));

/** What has no meaning for a schema. */
const nothing: readonly Mutation[] = [
  changes(
    "rows are written",
    "insert into app.parents (name, code) values ('a', 'b'); insert into app.logs values (1, '2024-05-05', 'x'); insert into app.children (parent) select id from app.parents",
  ),
  changes("a sequence goes on", "select nextval('app.numbers'), nextval('app.owned')"),
  changes("a default of null", "alter table app.scratch alter column id set default null"),
  changes("statistics are gathered", "analyze app.parents"),
  changes(
    "a privilege, where privileges are not asked for",
    "grant select on app.parents to public; alter default privileges grant select on tables to public",
  ),
  changes(
    "a temporary table",
    "create temporary table t (id serial primary key); create temporary view v as select * from t; comment on table t is 't'",
  ),
  changes("an index is built anew", "reindex index app.parents_pkey"),
  changes(
    "a table is rewritten",
    "truncate app.scratch; alter table app.kin alter column extra type varchar(5); alter table app.kin alter column extra type text",
  ),
  changes(
    "a large object",
    "select lo_create(0); select lo_create(77777); comment on large object 77777 is 'large'",
  ),
  changes(
    "what belongs to an extension",
    "create table app.theirs (id serial primary key, n text default 'x'); create index on app.theirs (n); comment on table app.theirs is 't'; comment on column app.theirs.n is 'n'; create function app.f() returns integer language sql as 'select 1'; create trigger g before insert on app.theirs for each row execute function app.touch(); alter extension plpgsql add table app.theirs; alter extension plpgsql add sequence app.theirs_id_seq; alter extension plpgsql add function app.f()",
  ),
  changes(
    "the tracker",
    "create table public.applied_migrations (version numeric primary key, name text not null, applied_at timestamptz, checksum text); create table public.applied_migrations_progress (n integer); create index on public.applied_migrations (name); comment on table public.applied_migrations is 'ours'; comment on column public.applied_migrations.name is 'n'; alter table public.applied_migrations enable row level security; create policy p on public.applied_migrations using (true)",
  ),
];

export const mutations: readonly Mutation[] = [
  ...tables,
  ...columns,
  ...constraints,
  ...indexes,
  ...types,
  ...sequences,
  ...routines,
  ...triggers,
  ...views,
  ...comments,
  ...operators,
  ...textSearch,
  ...foreign,
  ...grants,
  ...madeAnew,
  ...nothing,
];
