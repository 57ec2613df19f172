/**
 * The trackers of golang-migrate, under whatever name: tables of exactly (version bigint, dirty
 * boolean) in the schemas that `up` looks at.
 */
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import type { LegacyTracker } from "../core/takeover.ts";
import { displayTracker, type TrackerName } from "../core/tracker.ts";
import type { Row, Session } from "../ports.ts";
import { catalogRows, resolved } from "./catalog.ts";

export interface LegacyTable extends TrackerName {
  /** Whether this role may read it, all rows of it. */
  readonly isReadable: boolean;
}

/** The schema that a CREATE without a schema goes to. */
export const theirSchema = { schema: "pg_catalog.current_schema()::pg_catalog.text" };

/** The schemas where another tool's tracker or a user's tables are looked for. */
export function schemasLookedAt(tracker: TrackerName): string {
  return `(${quoteLiteral(tracker.schema)}, 'public', ${resolved("schema")})`;
}

/** Needs `theirSchema`. */
export function legacyTablesQuery(tracker: TrackerName): string {
  const has = (column: string, type: string): string =>
    "exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid " +
    `and a.attname = '${column}' and a.atttypid = 'pg_catalog.${type}'::pg_catalog.regtype)`;
  return `
select n.nspname as schema, c.relname as table,
       (pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT')
        and not pg_catalog.row_security_active(c.oid))::text as is_readable
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind = 'r' and c.relnatts = 2 and n.nspname in ${schemasLookedAt(tracker)}
   and ${has("version", "int8")} and ${has("dirty", "bool")}
 order by n.nspname, c.relname`;
}

export function readLegacyTable(row: Row): LegacyTable {
  return {
    schema: row["schema"] ?? "",
    table: row["table"] ?? "",
    isReadable: row["is_readable"] === "true",
  };
}

export async function findLegacyTables(
  session: Session,
  tracker: TrackerName,
): Promise<readonly LegacyTable[]> {
  const [rows = []] = await catalogRows(session, legacyTablesQuery(tracker), theirSchema);
  return rows.map(readLegacyTable);
}

/** What those say that can be read. */
export async function readLegacy(
  session: Session,
  tables: readonly LegacyTable[],
): Promise<readonly LegacyTracker[]> {
  const readable = tables.filter((one) => one.isReadable);
  if (readable.length === 0) return [];
  const queries = readable.map(
    ({ schema, table }) =>
      `select version::text as version, dirty::text as dirty from ${quoteIdentifier(schema)}.${quoteIdentifier(table)}`,
  );
  const found = await catalogRows(session, queries.join("; "));
  return readable.map((table, index) => ({
    name: displayTracker(table),
    rows: (found[index] ?? []).map((row) => ({
      version: row["version"] ?? "",
      dirty: row["dirty"] === "true",
    })),
  }));
}
