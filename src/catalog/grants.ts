/** Whose an object is, and who may do what with it. Without a grant it has its kind's default. */
import { relationOf } from "./comments.ts";
import { firstOfUsers } from "./scope.ts";
import { oidOfCatalog } from "./words.ts";

interface Owned {
  readonly catalog: string;
  readonly owner: string;
  /** Undefined: nothing can be granted. */
  readonly acl?: string;
  /** As acldefault() takes it. */
  readonly type?: string;
}

const owned: readonly Owned[] = [
  { catalog: "pg_namespace", owner: "nspowner", acl: "nspacl", type: "'n'" },
  {
    catalog: "pg_class",
    owner: "relowner",
    acl: "relacl",
    type: "case o.relkind when 'S' then 's' else 'r' end",
  },
  { catalog: "pg_proc", owner: "proowner", acl: "proacl", type: "'f'" },
  { catalog: "pg_type", owner: "typowner", acl: "typacl", type: "'T'" },
  { catalog: "pg_language", owner: "lanowner", acl: "lanacl", type: "'l'" },
  { catalog: "pg_foreign_data_wrapper", owner: "fdwowner", acl: "fdwacl", type: "'F'" },
  { catalog: "pg_foreign_server", owner: "srvowner", acl: "srvacl", type: "'S'" },
  { catalog: "pg_operator", owner: "oprowner" },
  { catalog: "pg_opclass", owner: "opcowner" },
  { catalog: "pg_opfamily", owner: "opfowner" },
  { catalog: "pg_collation", owner: "collowner" },
  { catalog: "pg_conversion", owner: "conowner" },
  { catalog: "pg_ts_config", owner: "cfgowner" },
  { catalog: "pg_ts_dict", owner: "dictowner" },
  { catalog: "pg_statistic_ext", owner: "stxowner" },
  { catalog: "pg_event_trigger", owner: "evtowner" },
  { catalog: "pg_publication", owner: "pubowner" },
  { catalog: "pg_subscription", owner: "subowner" },
];

/** Indexes have their table's owner; types that stand for a relation have the relation's. */
const conditions: Readonly<Record<string, string>> = {
  pg_class: "o.relkind in ('r', 'p', 'f', 'v', 'm', 'S')",
  pg_subscription:
    "o.subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())",
  pg_type: "o.oid in (select t.oid from own_type t)",
};

const objects = owned.map(
  ({ catalog, owner, acl, type }) =>
    `select ${oidOfCatalog(catalog)}::pg_catalog.oid as classoid, o.oid as objoid, 0 as objsubid, ${owner} as owner, ` +
    (acl === undefined
      ? "null::pg_catalog.aclitem[] as acl"
      : `coalesce(${acl}, pg_catalog.acldefault((${type})::"char", ${owner})) as acl`) +
    ` from pg_catalog.${catalog} o where ${conditions[catalog] ?? "true"} and (o.oid >= ${firstOfUsers}` +
    `${catalog === "pg_namespace" ? " or o.nspname = 'public'" : ""})`,
);

const columns = `
select ${oidOfCatalog("pg_class")}::pg_catalog.oid, a.attrelid, a.attnum::pg_catalog.int4, null::pg_catalog.oid, a.attacl
  from pg_catalog.pg_attribute a where a.attacl is not null and not a.attisdropped and a.attrelid in (select r.oid from relation r)`;

const who = (oid: string): string =>
  `case when ${oid} = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(${oid})) end`;

/** `reader: SELECT, UPDATE* from owner`, where * is the right to grant it. */
const privilegesOf = (acl: string): string => `
  (select pg_catalog.string_agg(l.line, '; ' order by l.line collate pg_catalog."C") from (
    select ${who("e.grantee")} || ': ' || pg_catalog.string_agg(e.privilege_type || case when e.is_grantable then '*' else '' end, ', '
             order by e.privilege_type collate pg_catalog."C") || ' from ' || ${who("e.grantor")} as line
      from pg_catalog.aclexplode(${acl}) e group by e.grantee, e.grantor) as l)`;

const objectGrants = `
select 'privileges', i.type || ' ' || i.identity, r.name,
       pg_catalog.concat_ws('; ', 'owner ' || ${who("x.owner")}, ${privilegesOf("x.acl")})
  from (select x.*, ${relationOf} as relation from (${[...objects, columns].join(" union all ")}) as x
         where (x.classoid, x.objoid) not in (select m.classid, m.objid from member m)
           and not (x.classoid = ${oidOfCatalog("pg_namespace")} and x.objoid not in (select s.oid from own_schema s where s.is_told))) as x
  cross join lateral pg_catalog.pg_identify_object(x.classoid, x.objoid, x.objsubid) as i
  left join relation r on r.oid = x.relation
 where (x.relation is null or r.oid is not null)
   and (i.schema is null or i.schema in (select s.name from own_schema s))`;

const defaultPrivileges = `
select 'default privileges', pg_catalog.concat_ws(' ',
         'for ' || ${who("d.defaclrole")}, 'in ' || nullif(d.defaclnamespace, 0)::pg_catalog.regnamespace::text,
         'on ' || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' when 'n' then 'schemas' else d.defaclobjtype::text end),
       null::text, coalesce(${privilegesOf("d.defaclacl")}, 'none')
  from pg_catalog.pg_default_acl d`;

export const grants: readonly string[] = [objectGrants, defaultPrivileges];
