import { extensionsNeeded, given, named, words } from "./words.ts";

export const indexes: string = `
select 'index', s.name || '.' || pg_catalog.quote_ident(c.relname), r.name,
       ${words(
         "pg_catalog.pg_get_indexdef(i.indexrelid)",
         given("not i.indisvalid", "'invalid'"),
         given("not i.indisready", "'not ready'"),
         given("i.indisreplident", "'replica identity'"),
         given("i.indisclustered", "'clustered'"),
         `(select 'attached to ' || h.inhparent::pg_catalog.regclass::text from pg_catalog.pg_inherits h where h.inhrelid = c.oid)`,
         named("tablespace", "pg_catalog.quote_ident(ts.spcname)"),
         `(select 'statistics ' || pg_catalog.string_agg(a.attnum || ': ' || a.attstattarget, ', ' order by a.attnum)
             from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and a.attstattarget >= 0)`,
         extensionsNeeded("pg_class", "c.oid"),
       )}
  from pg_catalog.pg_index i join relation r on r.oid = i.indrelid
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join own_schema s on s.oid = c.relnamespace
  left join pg_catalog.pg_tablespace ts on ts.oid = c.reltablespace`;

export const statisticsObjects: string = `
select 'statistics object', s.name || '.' || pg_catalog.quote_ident(x.stxname), r.name,
       ${words("pg_catalog.pg_get_statisticsobjdef(x.oid)", given("x.stxstattarget >= 0", named("target", "x.stxstattarget")))}
  from pg_catalog.pg_statistic_ext x join relation r on r.oid = x.stxrelid
  join own_schema s on s.oid = x.stxnamespace`;
