/** Whose objects are described: the users', without what belongs to an extension or to the tracker. */
import { quoteLiteral } from "../core/quote.ts";
import type { TrackerName } from "../core/tracker.ts";
import { oidOfCatalog } from "./words.ts";

/** What initdb makes has lower numbers (FirstNormalObjectId in access/transam.h). */
export const firstOfUsers = 16_384;

/**
 * Tables for WITH. `own_schema`: those of users; the tracker's own is not told where nothing else
 * is in it, so that the tracker's name changes nothing. `member`: what an extension made, or a range type
 * (its constructors and casts).
 * `relation`: tables, views, sequences and composite types, by quoted name; neither indexes nor
 * what is temporary. `own_type`: types that are no relation's, no array and no multirange.
 *
 * An extension's indexes, constraints and rules are no members of it: they stand on a table that
 * is. https://www.postgresql.org/docs/current/catalog-pg-depend.html
 */
export function scope({ schema, table }: TrackerName): string {
  const trackerSchema = quoteLiteral(schema);
  const trackerTables = `(${quoteLiteral(table)}, ${quoteLiteral(`${table}_progress`)})`;
  return `
member as materialized (
  select d.classid, d.objid from pg_catalog.pg_depend d
   where (d.refclassid = ${oidOfCatalog("pg_extension")} and d.deptype = 'e')
      or (d.classid in (${oidOfCatalog("pg_proc")}, ${oidOfCatalog("pg_cast")}) and d.deptype = 'i')),
own_schema as materialized (
  select n.oid, pg_catalog.quote_ident(n.nspname) as name,
         n.nspname = 'public' or n.nspname <> ${trackerSchema} or exists (
           select from pg_catalog.pg_depend d
            where d.refclassid = ${oidOfCatalog("pg_namespace")} and d.refobjid = n.oid
              and not (d.classid = ${oidOfCatalog("pg_class")} and d.objid in (
                select c.oid from pg_catalog.pg_class c
                 where c.relnamespace = n.oid and c.relname in ${trackerTables}))) as is_told
    from pg_catalog.pg_namespace n
   where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'),
relation as materialized (
  select c.oid, c.relkind as kind, s.name || '.' || pg_catalog.quote_ident(c.relname) as name
    from pg_catalog.pg_class c join own_schema s on s.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S', 'c')
     and ${isNoMember("pg_class", "c.oid")}
     and not (c.relkind = 'c' and c.reltype in (
       select m.objid from member m where m.classid = ${oidOfCatalog("pg_type")}))
     and not (c.relname in ${trackerTables} and c.relnamespace = (
       select n.oid from pg_catalog.pg_namespace n where n.nspname = ${trackerSchema}))),
own_type as materialized (
  select t.*, s.name || '.' || pg_catalog.quote_ident(t.typname) as name
    from pg_catalog.pg_type t join own_schema s on s.oid = t.typnamespace
   where ${isNoMember("pg_type", "t.oid")} and t.typtype <> 'm'
     and (t.typrelid = 0 or t.typrelid in (select r.oid from relation r where r.kind = 'c'))
     and not (t.typcategory = 'A' and exists (
       select from pg_catalog.pg_type e where e.oid = t.typelem and e.typarray = t.oid)))`;
}

export function isNoMember(catalog: string, oid: string): string {
  return `${oid} not in (select m.objid from member m where m.classid = ${oidOfCatalog(catalog)})`;
}

/** For what lies in no schema. */
export function isOfUsers(catalog: string, oid: string): string {
  return `${oid} >= ${firstOfUsers} and ${isNoMember(catalog, oid)}`;
}
