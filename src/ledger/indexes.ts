import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import type { IndexName } from "../core/statements.ts";
import type { Session } from "../ports.ts";

export interface IndexState {
  readonly oid: string;
  /** Schema and name, quoted for SQL. */
  readonly name: string;
  readonly isValid: boolean;
  /** pg_index looks the same for a failed build and for a running one: this tells them apart. */
  readonly isBeingBuilt: boolean;
}

/** The index of that name on that table, both as the session's search_path resolves them. */
export async function findIndex(
  session: Session,
  index: IndexName,
): Promise<IndexState | undefined> {
  if (index.name === undefined) return undefined;
  const schema = index.schema === undefined ? "" : `${quoteIdentifier(index.schema)}.`;
  const table = quoteLiteral(`${schema}${quoteIdentifier(index.table)}`);
  const [rows] = await session.rows(`
select i.indexrelid::text as oid, i.indisvalid::text as is_valid,
       pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
       exists (select from pg_catalog.pg_stat_progress_create_index p
                where p.index_relid = i.indexrelid)::text as is_being_built
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where i.indrelid = pg_catalog.to_regclass(${table}) and c.relname = ${quoteLiteral(index.name)}`);
  const row = rows?.[0];
  if (row === undefined) return undefined;
  return {
    oid: row["oid"] ?? "",
    name: row["name"] ?? "",
    isValid: row["is_valid"] === "true",
    isBeingBuilt: row["is_being_built"] === "true",
  };
}
