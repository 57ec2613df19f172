/** A schema with at least one object of every kind that a fingerprint knows. It works from 14 on. */
export const everyKind = `
create schema app;
comment on schema app is 'of the application';
create collation app.plain (provider = libc, locale = 'C');
create type app.mood as enum ('sad', 'fine', 'happy');
create type app.point as (x integer, y text collate "C");
create type app.span as range (subtype = float8, subtype_diff = pg_catalog.float8mi, multirange_type_name = app.spans);
create type app.later;
create domain app.code as text collate "C" default 'none' constraint code_length check (length(value) < 10);
create domain app.sure as integer not null;
create sequence app.numbers as integer start 5 increment 5 minvalue 5 maxvalue 500 cache 2;
create sequence app.owned;

create function app.twice(n integer) returns integer language sql immutable return n * 2;
create function app.twice(n text) returns text language sql as 'select n || n';
create function app.gets(a integer, out b integer, out c text) language plpgsql cost 50 as $$ begin b := a; c := 'x'; end $$;
create function app.rows(variadic ids integer[] default '{}') returns setof integer language sql stable rows 7 set work_mem = '1MB' as 'select unnest(ids)';
create procedure app.does(inout n integer) language plpgsql as $$ begin n := 1; end $$;
create function app.add(a integer, b integer) returns integer language sql immutable strict as 'select a + b';
create aggregate app.total(integer) (sfunc = app.add, stype = integer, initcond = '0');
create function app.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create function app.watch() returns event_trigger language plpgsql as $$ begin end $$;
create function app.same(a app.point, b app.point) returns boolean language sql immutable as 'select true';
create function app.order_of(a app.point, b app.point) returns integer language sql immutable as 'select 0';
create function app.to_text(a app.point) returns text language sql immutable as 'select ''p''';

create table app.parents (
  id integer generated always as identity primary key,
  name text not null default 'nobody' collate "C",
  code app.code,
  feeling app.mood default 'fine',
  price numeric(10, 2) check (price > 0),
  twice numeric generated always as (price * 2) stored,
  at timestamptz default now(),
  tags text[],
  area app.span,
  where_it_is app.point,
  dropped_later integer,
  constraint parents_code_key unique (code) deferrable initially deferred
) with (fillfactor = 70, autovacuum_enabled = false);
alter table app.parents drop column dropped_later;
alter table app.parents alter column tags set storage external, alter column name set statistics 77, alter column name set (n_distinct = 5);
alter sequence app.owned owned by app.parents.price;
create table app.children (
  parent integer references app.parents (id) on delete cascade,
  during tsrange,
  number integer default nextval('app.numbers'),
  note text compression pglz,
  constraint children_apart exclude using gist (during with &&),
  constraint children_number_check check (number > 0) no inherit
);
alter table app.children add constraint children_note_check check (note <> '') not valid;
create table app.kin (extra text) inherits (app.children);
create table app.typed of app.point (x primary key);
create unlogged table app.scratch (id integer);
create table app.logs (id bigint not null, at date not null, body text, constraint logs_pkey primary key (id, at)) partition by range (at);
create table app.logs_1 partition of app.logs for values from ('2024-01-01') to ('2025-01-01');
create table app.logs_2 partition of app.logs default;
create table public."Odd name" ("Select" integer, "a.b" text);
create index parents_name_idx on app.parents (name, (lower(code)) desc nulls last) include (price) where price > 1;
alter index app.parents_name_idx alter column 2 set statistics 55;
create index logs_body_idx on app.logs using hash (body);
create unique index children_number_idx on app.children (number);
alter table app.scratch replica identity full;
create statistics app.parents_stats (ndistinct) on name, code from app.parents;
alter statistics app.parents_stats set statistics 33;

create view app.names with (security_barrier = true) as select id, name from app.parents where price > 1;
alter view app.names alter column name set default 'somebody';
create view app.joined as select p.id, c.note from app.parents p join app.children c on c.parent = p.id;
create materialized view app.counted with (fillfactor = 60) as select count(*) as n from app.parents;
create unique index counted_idx on app.counted (n);
create materialized view app.empty as select 1 as one with no data;

create trigger touched before update of name on app.parents for each row when (new.name is not null) execute function app.touch();
create trigger logged after insert on app.logs for each row execute function app.touch();
create constraint trigger checked after insert on app.children deferrable initially deferred for each row execute function app.touch();
create trigger seen instead of insert on app.names for each row execute function app.touch();
create event trigger watched on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE') execute function app.watch();
alter event trigger watched disable;
create rule hide as on delete to app.scratch do instead nothing;
alter table app.parents enable row level security;
create policy own_rows on app.parents as restrictive for update to public using (id > 0) with check (id > 1);
create policy all_rows on app.children using (true);

create operator app.=== (leftarg = app.point, rightarg = app.point, function = app.same, commutator = operator(app.===), restrict = eqsel, join = eqjoinsel, hashes);
create operator app.<<= (leftarg = app.point, rightarg = app.point, function = app.same);
create operator family app.points using btree;
create operator class app.point_ops for type app.point using btree family app.points as
  operator 3 app.===, function 1 app.order_of(app.point, app.point);
create cast (app.point as text) with function app.to_text(app.point) as assignment;
create conversion app.recoded for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create access method app_heap type table handler heap_tableam_handler;
create function app.nth() returns bigint language internal window as 'window_row_number';
create language app_language handler plpgsql_call_handler inline plpgsql_inline_handler validator plpgsql_validator;
create trusted language app_trusted handler plpgsql_call_handler;
create transform for integer language app_language (from sql with function prsd_lextype(internal), to sql with function int4recv(internal));

create text search parser app.parser (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
create text search template app.template (init = dsimple_init, lexize = dsimple_lexize);
create text search dictionary app.words (template = app.template, accept = 'true');
create text search configuration app.searched (parser = app.parser);
alter text search configuration app.searched add mapping for asciiword, word with app.words, pg_catalog.simple;

create foreign data wrapper app_wrapper options (debug 'true', password 'hidden-one');
create server app_server type 'kind' version '3' foreign data wrapper app_wrapper options (host 'there', dbname 'app');
create user mapping for public server app_server options (user 'me', password 'hidden-two');
create foreign table app.far (id integer options (column_name 'other'), body text) server app_server options (table_name 'far', schema_name 'x');
create publication app_some for table app.parents, app.children with (publish = 'insert, update');
create publication app_all for all tables;

comment on table app.parents is 'they have children';
comment on column app.parents.name is 'never empty';
comment on constraint parents_code_key on app.parents is 'codes differ';
comment on index app.parents_name_idx is 'for names';
comment on function app.twice(integer) is 'two times';
comment on trigger touched on app.parents is 'touches';
comment on type app.mood is 'how it is';
comment on policy own_rows on app.parents is 'own';
comment on rule hide on app.scratch is 'hides';
comment on view app.names is 'all names';
comment on constraint code_length on domain app.code is 'short';
comment on sequence app.numbers is 'counts';
comment on extension plpgsql is 'stays out of it';
`;
