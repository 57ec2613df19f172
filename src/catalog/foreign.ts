/** What reaches beyond the database: foreign data, publications, subscriptions; and extensions. */
import { isOfUsers } from "./scope.ts";
import { foreignOptions, given, named, oidOfCatalog, routine, sortedList, words } from "./words.ts";

const extensions = `
select 'extension', pg_catalog.quote_ident(e.extname), null::text,
       'version ' || e.extversion || ' schema ' || e.extnamespace::pg_catalog.regnamespace::text
  from pg_catalog.pg_extension e`;

const wrappers = `
select 'foreign-data wrapper', pg_catalog.quote_ident(w.fdwname), null::text,
       ${words("'wrapper'", routine("handler", "w.fdwhandler"), routine("validator", "w.fdwvalidator"), foreignOptions("w.fdwoptions"))}
  from pg_catalog.pg_foreign_data_wrapper w where ${isOfUsers("pg_foreign_data_wrapper", "w.oid")}`;

const servers = `
select 'server', pg_catalog.quote_ident(v.srvname), null::text,
       ${words(
         "'foreign-data wrapper ' || pg_catalog.quote_ident(w.fdwname)",
         named("type", "pg_catalog.quote_literal(v.srvtype)"),
         named("version", "pg_catalog.quote_literal(v.srvversion)"),
         foreignOptions("v.srvoptions"),
       )}
  from pg_catalog.pg_foreign_server v join pg_catalog.pg_foreign_data_wrapper w on w.oid = v.srvfdw
 where ${isOfUsers("pg_foreign_server", "v.oid")}`;

/** pg_user_mapping may not be read by everybody; the view shows options to whom they concern. */
const userMappings = `
select 'user mapping', case when u.umuser = 0 then 'public' else pg_catalog.quote_ident(u.usename) end || ' server ' || pg_catalog.quote_ident(u.srvname), null::text,
       ${words("'user mapping'", foreignOptions("u.umoptions"))}
  from pg_catalog.pg_user_mappings u where ${isOfUsers("pg_foreign_server", "u.srvid")}`;

/**
 * A column that older majors lack is taken from \`absent\` there: a name that the inner FROM does
 * not know is looked for in the outer one. What a publication has of schemas is read from
 * pg_depend, since 14 has no pg_publication_namespace.
 */
const publications = `
select 'publication', pg_catalog.quote_ident(p.pubname), null::text,
       ${words(
         given("p.puballtables", "'for all tables'"),
         given(
           "(pg_catalog.to_jsonb(p) ->> 'puballsequences')::pg_catalog.bool",
           "'for all sequences'",
         ),
         `'for tables ' || (select pg_catalog.string_agg(w.line, ', ' order by w.line collate pg_catalog."C") from (
             select (select ${words(
               "q.prrelid::pg_catalog.regclass::text",
               `'(' || (select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum) from pg_catalog.pg_attribute a
                 where a.attrelid = q.prrelid and a.attnum = any (prattrs::pg_catalog.int2[])) || ')'`,
               "'where ' || pg_catalog.pg_get_expr(prqual, q.prrelid)",
             )} from pg_catalog.pg_publication_rel q where q.oid = o.oid) as line
               from pg_catalog.pg_publication_rel o,
                    (select null::pg_catalog.int2vector as prattrs, null::pg_catalog.pg_node_tree as prqual) as absent
              where o.prpubid = p.oid) as w)`,
         `'for schemas ' || ${sortedList(
           "s.refobjid::pg_catalog.regnamespace::text",
           `pg_catalog.pg_depend d join pg_catalog.pg_depend s on s.classid = d.classid and s.objid = d.objid
              and s.refclassid = ${oidOfCatalog("pg_namespace")}
            where d.refclassid = ${oidOfCatalog("pg_publication")} and d.refobjid = p.oid
              and d.classid <> ${oidOfCatalog("pg_publication_rel")}`,
         )}`,
         `'publish ' || pg_catalog.concat_ws(', ', ${["insert", "update", "delete", "truncate"].map((change) => given(`p.pub${change}`, `'${change}'`)).join(", ")})`,
         given("p.pubviaroot", "'via partition root'"),
         named("generated columns", "nullif(pg_catalog.to_jsonb(p) ->> 'pubgencols', 'n')"),
       )}
  from pg_catalog.pg_publication p where ${isOfUsers("pg_publication", "p.oid")}`;

/** Columns that are open to everybody; the connection is not, and holds passwords. */
const subscriptionColumns: readonly (readonly [name: string, type: string])[] = [
  ["subenabled", "bool"],
  ["subbinary", "bool"],
  ["substream", "text"],
  ["subtwophasestate", "text"],
  ["subdisableonerr", "bool"],
  ["subpasswordrequired", "bool"],
  ["subrunasowner", "bool"],
  ["subfailover", "bool"],
  ["suborigin", "text"],
  ["subslotname", "text"],
  ["subsynccommit", "text"],
  ["subpublications", "_text"],
];

const subscriptions = `
select 'subscription', pg_catalog.quote_ident(u.subname), null::text,
       ${words(
         ...subscriptionColumns.map(([name]) =>
           named(
             name,
             `(select ${name}::text from pg_catalog.pg_subscription b where b.oid = u.oid)`,
           ),
         ),
       )}
  from pg_catalog.pg_subscription u,
       (select ${subscriptionColumns.map(([name, type]) => `null::pg_catalog.${type} as ${name}`).join(", ")}) as absent
 where u.subdbid = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())`;

export const foreign: readonly string[] = [
  extensions,
  wrappers,
  servers,
  userMappings,
  publications,
  subscriptions,
];
