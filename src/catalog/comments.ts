/** What is said of objects of every kind: comments, security labels. */
import { firstOfUsers } from "./scope.ts";
import { oidOfCatalog } from "./words.ts";

/** The relation that an object is or stands on; null for what stands by itself. */
export const relationOf: string = `case x.classoid
    when ${oidOfCatalog("pg_class")} then coalesce((select i.indrelid from pg_catalog.pg_index i where i.indexrelid = x.objoid), x.objoid)
    when ${oidOfCatalog("pg_constraint")} then (select nullif(k.conrelid, 0) from pg_catalog.pg_constraint k where k.oid = x.objoid)
    when ${oidOfCatalog("pg_trigger")} then (select g.tgrelid from pg_catalog.pg_trigger g where g.oid = x.objoid)
    when ${oidOfCatalog("pg_rewrite")} then (select w.ev_class from pg_catalog.pg_rewrite w where w.oid = x.objoid)
    when ${oidOfCatalog("pg_policy")} then (select p.polrelid from pg_catalog.pg_policy p where p.oid = x.objoid)
    when ${oidOfCatalog("pg_statistic_ext")} then (select s.stxrelid from pg_catalog.pg_statistic_ext s where s.oid = x.objoid)
    when ${oidOfCatalog("pg_type")} then (select nullif(t.typrelid, 0) from pg_catalog.pg_type t where t.oid = x.objoid)
  end`;

/** Of users, and of the schema public; large objects are data. */
function saidIn(kind: string, catalog: string, text: string, name = ""): string {
  return `
select '${kind}', i.type || ' ' || i.identity${name}, r.name, ${text}
  from (select x.*, ${relationOf} as relation from ${catalog} x
         where (x.objoid >= ${firstOfUsers} or (x.classoid = ${oidOfCatalog("pg_namespace")} and x.objoid in (select s.oid from own_schema s)))
           and x.classoid <> ${oidOfCatalog("pg_largeobject")}
           and (x.classoid, x.objoid) not in (select m.classid, m.objid from member m)
           and not (x.classoid = ${oidOfCatalog("pg_namespace")} and x.objoid in (select s.oid from own_schema s where not s.is_told))) as x
  cross join lateral pg_catalog.pg_identify_object(x.classoid, x.objoid, x.objsubid) as i
  left join relation r on r.oid = x.relation
 where (x.relation is null or r.oid is not null)
   and (i.schema is null or i.schema in (select s.name from own_schema s))`;
}

export const comments: readonly string[] = [
  saidIn("comment", "pg_catalog.pg_description", "x.description"),
  saidIn("security label", "pg_catalog.pg_seclabel", "x.label", " || ' for ' || x.provider"),
];
