import { isNoMember } from "./scope.ts";
import {
  extensionsNeeded,
  given,
  foreignOptions,
  named,
  oidOfCatalog,
  options,
  words,
} from "./words.ts";

const parents =
  "(select pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::text || case when i.inhdetachpending then ' (detach pending)' else '' end, ', ' order by i.inhseqno) " +
  "from pg_catalog.pg_inherits i where i.inhrelid = c.oid)";

export const schemas: string = `
select 'schema' as kind, s.name as name, null::text as "on", 'schema' as definition
  from own_schema s where s.is_told and ${isNoMember("pg_namespace", "s.oid")}`;

const place = words(
  given("am.amname <> 'heap'", named("using", "pg_catalog.quote_ident(am.amname)")),
  options("c.reloptions"),
  named("tablespace", "pg_catalog.quote_ident(ts.spcname)"),
);

const joins = `
  left join pg_catalog.pg_am am on am.oid = c.relam
  left join pg_catalog.pg_tablespace ts on ts.oid = c.reltablespace`;

/** Without their columns and constraints, which are objects of their own. */
export const tables: string = `
select case c.relkind when 'f' then 'foreign table' else 'table' end, r.name, null::text,
       ${words(
         given("c.relpersistence = 'u'", "'unlogged'"),
         "'table'",
         given("c.reloftype <> 0", named("of", "pg_catalog.format_type(c.reloftype, null)")),
         given(
           "c.relispartition",
           `'partition of ' || ${parents} || ' ' || pg_catalog.pg_get_expr(c.relpartbound, c.oid)`,
         ),
         given("not c.relispartition", named("inherits", parents)),
         given("c.relkind = 'p'", named("partition by", "pg_catalog.pg_get_partkeydef(c.oid)")),
         named("server", "pg_catalog.quote_ident(fs.srvname)"),
         foreignOptions("ft.ftoptions"),
         `nullif(${place}, '')`,
         named("toast", options("toast.reloptions")),
         // A foreign table has none to identify.
         `case when c.relkind = 'f' then null else case c.relreplident when 'n' then 'replica identity nothing' when 'f' then 'replica identity full' when 'i' then 'replica identity index' end end`,
         given("c.relrowsecurity", "'row level security'"),
         given("c.relforcerowsecurity", "'forced row level security'"),
       )}
  from relation r join pg_catalog.pg_class c on c.oid = r.oid
  left join pg_catalog.pg_foreign_table ft on ft.ftrelid = c.oid
  left join pg_catalog.pg_foreign_server fs on fs.oid = ft.ftserver
  left join pg_catalog.pg_class toast on toast.oid = c.reltoastrelid ${joins}
 where r.kind in ('r', 'p', 'f')`;

export const views: string = `
select case c.relkind when 'm' then 'materialized view' else 'view' end, r.name, null::text,
       ${words(
         `nullif(${place}, '')`,
         named("toast", options("toast.reloptions")),
         given("c.relkind = 'm' and not c.relispopulated", "'with no data'"),
         extensionsNeeded("pg_class", "c.oid"),
         "'as' || pg_catalog.chr(10) || pg_catalog.pg_get_viewdef(c.oid)",
       )}
  from relation r join pg_catalog.pg_class c on c.oid = r.oid
  left join pg_catalog.pg_class toast on toast.oid = c.reltoastrelid ${joins}
 where r.kind in ('v', 'm')`;

/** Without their values. Their owner is looked up one by one: to join it took longer than all else. */
export const sequences: string = `
select 'sequence', r.name, d.owner,
       ${words(
         given("c.relpersistence = 'u'", "'unlogged'"),
         "'sequence as ' || pg_catalog.format_type(q.seqtypid, null)",
         "'start ' || q.seqstart || ' increment ' || q.seqincrement",
         "'minvalue ' || q.seqmin || ' maxvalue ' || q.seqmax || ' cache ' || q.seqcache",
         given("q.seqcycle", "'cycle'"),
         "case d.deptype when 'i' then 'identity of ' when 'a' then 'owned by ' end || d.owner || '.' || pg_catalog.quote_ident(a.attname)",
       )}
  from relation r join pg_catalog.pg_class c on c.oid = r.oid
  join pg_catalog.pg_sequence q on q.seqrelid = r.oid
  left join lateral (
    select d.deptype, d.refobjid, d.refobjsubid, d.refobjid::pg_catalog.regclass::text as owner from pg_catalog.pg_depend d
     where d.classid = ${oidOfCatalog("pg_class")} and d.objid = r.oid and d.refclassid = ${oidOfCatalog("pg_class")}
       and d.refobjsubid > 0 and d.deptype in ('a', 'i') limit 1) as d on true
  left join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
 where r.kind = 'S'`;
