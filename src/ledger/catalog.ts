import type { Row, Session } from "../ports.ts";

/** Expressions that are worth something else under the session's own search_path, by name. */
export type Resolved = Readonly<Record<string, string>>;

/**
 * Our own SQL under a search_path of our own. Where pg_catalog has no operator for exactly
 * these types (numeric = integer), PostgreSQL takes one that fits better from any schema of the
 * path: somebody's operator would decide which rows are deleted, and run as the migrator.
 *
 * What has to be looked up in the session's path is resolved first, and read again by
 * `resolved(name)`. https://www.postgresql.org/docs/current/typeconv-oper.html
 *
 * It goes as a message of its own: the statements of one message are one transaction, as long as
 * none of them ends it, and SET LOCAL ends with it. So it needs no BEGIN, and works inside of
 * another transaction too. https://www.postgresql.org/docs/current/protocol-flow.html
 */
export function underOwnPath(queries: string, expressions: Resolved = {}): string {
  return [
    ...Object.entries(expressions).map(
      ([name, sql]) => `select pg_catalog.set_config('lacuna.${name}', ${sql}, true)`,
    ),
    "set local search_path = pg_catalog",
    // A policy that hides rows of the tracker would make applied versions look pending: with
    // this PostgreSQL raises instead.
    "set local row_security = off",
    // It would put quotes around the names of types.
    "set local quote_all_identifiers = off",
    queries,
  ].join("; ");
}

export function resolved(name: string): string {
  return `nullif(pg_catalog.current_setting('lacuna.${name}', true), '')`;
}

/** The rows of each query. */
export async function catalogRows(
  session: Session,
  queries: string,
  expressions: Resolved = {},
): Promise<readonly (readonly Row[])[]> {
  const rowSets = await session.rows(underOwnPath(queries, expressions));
  return rowSets.slice(Object.keys(expressions).length);
}
