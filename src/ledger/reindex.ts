/** What a REINDEX CONCURRENTLY that was cut off leaves behind. */
import { quoteLiteral } from "../core/quote.ts";
import type { Rebuilt } from "../core/statements.ts";
import type { Session } from "../ports.ts";
import { catalogRows, resolved } from "./catalog.ts";
import { oidOf } from "./relation.ts";

export interface CutOff {
  readonly oid: string;
  /** Schema and name, quoted for SQL. */
  readonly name: string;
}

/**
 * The INVALID copies of the indexes that the statement builds anew: `x_ccnew`, the new one that
 * was not finished, and `x_ccold`, the old one that was not dropped, with a number behind it where
 * there are several. A name alone proves nothing, so each must be on the table of an index that
 * the statement builds anew, and defined as that one is. PostgreSQL cuts a long name in front of
 * the suffix. One that somebody builds now is left out: its session has it locked.
 * https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY
 */
export async function findCutOff(session: Session, rebuilt: Rebuilt): Promise<readonly CutOff[]> {
  const [rows = []] = await catalogRows(
    session,
    `
with the_tables as (${tablesOf(rebuilt)}),
all_tables as (
  select t.oid from the_tables t
  union
  select c.reltoastrelid from the_tables t join pg_catalog.pg_class c on c.oid = t.oid
)
select copy.indexrelid::text as oid, pg_catalog.format('%I.%I', n.nspname, c.relname) as name
  from pg_catalog.pg_index copy
  join pg_catalog.pg_class c on c.oid = copy.indexrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where not copy.indisvalid and c.relkind = 'i' and c.relname ~ '${suffix}'
   and copy.indrelid in (select t.oid from all_tables t)
   and exists (select from pg_catalog.pg_index own join pg_catalog.pg_class o on o.oid = own.indexrelid
                where own.indrelid = copy.indrelid and own.indexrelid <> copy.indexrelid
                  and ${isRebuilt(rebuilt)}
                  and pg_catalog.starts_with(o.relname::text, pg_catalog.regexp_replace(c.relname::text, '${suffix}', ''))
                  and ${definition("own", "o")} is not distinct from ${definition("copy", "c")})
   and not exists (select from pg_catalog.pg_stat_progress_create_index p where p.relid = copy.indrelid)
   and not exists (select from pg_catalog.pg_locks l
                    where l.locktype = 'relation' and l.relation = copy.indexrelid and l.granted
                      and l.mode = 'ShareUpdateExclusiveLock' and l.pid <> pg_catalog.pg_backend_pid()
                      and l.database = (select d.oid from pg_catalog.pg_database d
                                         where d.datname = pg_catalog.current_database()))
 order by c.relname`,
    "name" in rebuilt ? { rebuilt: oidOf(rebuilt.name) } : {},
  );
  return rows.map((row) => ({ oid: row["oid"] ?? "", name: row["name"] ?? "" }));
}

const suffix = "_cc(new|old)[0-9]*$";

/** A partitioned table or index stands for all below it. */
function tablesOf(rebuilt: Rebuilt): string {
  const all = "select c.oid from pg_catalog.pg_class c where c.relkind in ('r', 'p', 'm')";
  switch (rebuilt.kind) {
    case "index":
      return `select i.indrelid as oid from pg_catalog.pg_index i where i.indexrelid in (${treeOf})`;
    case "table":
      return `${all} and c.oid in (${treeOf})`;
    case "schema":
      return `${all} and c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = ${quoteLiteral(rebuilt.schema)})`;
    case "database":
      return all;
  }
}

function isRebuilt(rebuilt: Rebuilt): string {
  return rebuilt.kind === "index" ? `o.oid in (${treeOf})` : "true";
}

const treeOf =
  `select ${resolved("rebuilt")}::pg_catalog.oid union all select t.relid::pg_catalog.oid ` +
  `from pg_catalog.pg_partition_tree(${resolved("rebuilt")}::pg_catalog.oid::pg_catalog.regclass) t`;

/** What the copy of an index has in common with it. */
function definition(index: string, relation: string): string {
  const expressions = ["indexprs", "indpred"].map(
    (name) => `pg_catalog.pg_get_expr(${index}.${name}, ${index}.indrelid)`,
  );
  const vectors = ["indkey", "indclass", "indcollation", "indoption"].map(
    (name) => `${index}.${name}::pg_catalog.text`,
  );
  return `row(${[`${relation}.relam`, `${index}.indnkeyatts`, ...vectors, ...expressions].join(", ")})`;
}
