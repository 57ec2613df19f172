import { attributes } from "./columns.ts";
import { given, named, routine, words } from "./words.ts";

const collation = given(
  "t.typcollation <> 0 and t.typcollation <> (select e.typcollation from pg_catalog.pg_type e where e.oid = t.typbasetype)",
  named("collate", "t.typcollation::pg_catalog.regcollation::text"),
);

const domain = words(
  "pg_catalog.format_type(t.typbasetype, t.typtypmod)",
  collation,
  given("t.typnotnull", "'not null'"),
  named("default", "coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault)"),
  `(select pg_catalog.string_agg('constraint ' || pg_catalog.quote_ident(k.conname) || ' ' || pg_catalog.pg_get_constraintdef(k.oid), ' '
      order by k.conname) from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype <> 'n')`,
);

/** Labels in order: their sort numbers say how they came there. */
const labels = `coalesce((select pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
  from pg_catalog.pg_enum e where e.enumtypid = t.oid), '')`;

const range = `(select ${words(
  "'subtype ' || pg_catalog.format_type(g.rngsubtype, null)",
  `'subtype_opclass ' || (select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.opcname)
      from pg_catalog.pg_opclass o join pg_catalog.pg_namespace n on n.oid = o.opcnamespace where o.oid = g.rngsubopc)`,
  given("g.rngcollation <> 0", named("collation", "g.rngcollation::pg_catalog.regcollation::text")),
  routine("canonical", "g.rngcanonical"),
  routine("subtype_diff", "g.rngsubdiff"),
  named("multirange", "pg_catalog.format_type(g.rngmultitypid, null)"),
)} from pg_catalog.pg_range g where g.rngtypid = t.oid)`;

const base = words(
  routine("input", "t.typinput"),
  routine("output", "t.typoutput"),
  routine("receive", "t.typreceive"),
  routine("send", "t.typsend"),
  routine("typmod_in", "t.typmodin"),
  routine("typmod_out", "t.typmodout"),
  routine("analyze", "t.typanalyze"),
  routine("subscript", "t.typsubscript"),
  "'internallength ' || t.typlen",
  given("t.typbyval", "'passed by value'"),
  "'alignment ' || t.typalign::text || ' storage ' || t.typstorage::text",
  "'category ' || t.typcategory::text",
  given("t.typispreferred", "'preferred'"),
  "'delimiter ' || t.typdelim::text",
  given("t.typelem <> 0", named("element", "pg_catalog.format_type(t.typelem, null)")),
  given("t.typcollation <> 0", "'collatable'"),
  named("default", "t.typdefault"),
);

export const types: string = `
select case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'c' then 'composite type' when 'r' then 'range type' else 'type' end,
       t.name, null::text,
       case t.typtype when 'e' then ${labels} when 'd' then ${domain} when 'c' then coalesce(${attributes}, '()') when 'r' then ${range}
         else case when t.typisdefined then ${base} else 'shell' end end
  from own_type t`;
