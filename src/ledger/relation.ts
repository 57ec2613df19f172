/** A relation that a statement names, for SQL. */
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import type { TableName } from "../core/statements.ts";

/** Of the relation that the session's search_path finds; null where there is none. */
export function oidOf(table: TableName): string {
  return `pg_catalog.to_regclass(${quoteLiteral(quoteTable(table))})::pg_catalog.oid::pg_catalog.text`;
}

export function quoteTable({ schema, table }: TableName): string {
  const name = quoteIdentifier(table);
  return schema === undefined ? name : `${quoteIdentifier(schema)}.${name}`;
}
