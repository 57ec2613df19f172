/** What the runner's role may do to what the runner itself touches: schema, tracker, progress. */
import type { MissingGrant, Privilege } from "../core/privileges.ts";
import type { Problem } from "../core/problem.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import { quoteProgress, quoteTracker, type TrackerName } from "../core/tracker.ts";
import type { Row, Session } from "../ports.ts";
import { catalogRows } from "./catalog.ts";
import type { Facts } from "./facts.ts";

/** What is going to be done. */
export interface Wanted {
  readonly tracker: readonly Privilege[];
  readonly progress: readonly Privilege[];
  /** Tables that are not there are made first. */
  readonly makes: readonly ("tracker" | "progress")[];
}

/** One question. Empty: everything that is wanted is allowed. */
export async function findMissingPrivileges(
  session: Session,
  tracker: TrackerName,
  facts: Facts,
  wanted: Wanted,
): Promise<readonly Problem[]> {
  const [rows] = await catalogRows(session, privilegesQuery(tracker));
  const row = rows?.[0] ?? {};
  const role = row["role"] ?? "";
  const tables = [
    { name: quoteTracker(tracker), key: "tracker", privileges: wanted.tracker },
    { name: quoteProgress(tracker), key: "progress", privileges: wanted.progress },
  ] as const;
  const isRead =
    wanted.makes.length === 0 && !tables.some(({ privileges }) => privileges.some(isWrite));
  const missing = [
    ...missingOnSchema(row, tracker, facts, wanted.makes),
    ...tables.flatMap(({ name, key, privileges }): MissingGrant[] => {
      const granted = row[key]?.split(",");
      const left = privileges.filter((one) => granted?.includes(one) === false);
      return left.length === 0 ? [] : [{ privileges: left, on: "table", name }];
    }),
  ];
  const hidden = tables.filter(({ key }) => row[`${key}_rows`] === "true");
  return [
    ...(row["read_only"] === "on" && !isRead ? [readOnly(row, facts)] : []),
    ...(missing.length === 0 ? [] : [{ code: "missing-privileges", role, missing } as const]),
    ...hidden.map(({ name }): Problem => ({ code: "row-security", table: name, role })),
  ];
}

/** Tables of others that have to be read all the same. */
export async function findUnreadable(
  session: Session,
  tables: readonly TrackerName[],
): Promise<readonly Problem[]> {
  if (tables.length === 0) return [];
  const questions = tables.map(
    ({ schema, table }) =>
      "select current_user::text as role, pg_catalog.has_schema_privilege(n.oid, 'USAGE')::text as may_use, " +
      "pg_catalog.has_table_privilege(c.oid, 'SELECT')::text as may_read " +
      "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace " +
      `where n.nspname = ${quoteLiteral(schema)} and c.relname = ${quoteLiteral(table)}`,
  );
  const answers = await catalogRows(session, questions.join("; "));
  return tables.map((name, index): Problem => {
    const row = answers[index]?.[0] ?? {};
    const role = row["role"] ?? "";
    const missing: MissingGrant[] = [
      ...(row["may_use"] === "false"
        ? [{ privileges: ["USAGE"], on: "schema", name: quoteIdentifier(name.schema) } as const]
        : []),
      ...(row["may_read"] === "false"
        ? [{ privileges: ["SELECT"], on: "table", name: quoteTracker(name) } as const]
        : []),
    ];
    return missing.length === 0
      ? { code: "row-security", table: quoteTracker(name), role }
      : { code: "missing-privileges", role, missing };
  });
}

function isWrite(privilege: Privilege): boolean {
  return privilege !== "SELECT";
}

function missingOnSchema(
  row: Row,
  tracker: TrackerName,
  facts: Facts,
  makes: Wanted["makes"],
): readonly MissingGrant[] {
  if (row["may_use"] === null) {
    // Who makes the schema owns it, and what is in it.
    const isMade = makes.includes("tracker") && !facts.schemaExists;
    return isMade && row["may_make_schema"] === "false"
      ? [{ privileges: ["CREATE"], on: "database", name: quoteIdentifier(row["database"] ?? "") }]
      : [];
  }
  const isAbsent = { tracker: facts.tracker === undefined, progress: row["progress"] === null };
  const creates = makes.some((table) => isAbsent[table]) && row["may_create"] === "false";
  const privileges: Privilege[] = [
    ...(row["may_use"] === "false" ? (["USAGE"] as const) : []),
    ...(creates ? (["CREATE"] as const) : []),
  ];
  const name = quoteIdentifier(tracker.schema);
  return privileges.length === 0 ? [] : [{ privileges, on: "schema", name }];
}

function readOnly(row: Row, facts: Facts): Problem {
  const database = row["database"] ?? "";
  return { code: "read-only", database, login: facts.login, source: row["read_only_source"] ?? "" };
}

function privilegesQuery(tracker: TrackerName): string {
  const schema = `(select n.oid from pg_catalog.pg_namespace n where n.nspname = ${quoteLiteral(tracker.schema)})`;
  const relation = (table: string): string =>
    `(select c.oid from pg_catalog.pg_class c where c.relname = ${quoteLiteral(table)} and c.relnamespace = ${schema})`;
  const columns = "and a.attname in ('version', 'name', 'applied_at', 'checksum')";
  const progress = relation(`${tracker.table}_progress`);
  return `
select current_user::text as role, pg_catalog.current_database()::text as database,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')::text as may_make_schema,
       pg_catalog.has_schema_privilege(${schema}, 'USAGE')::text as may_use,
       pg_catalog.has_schema_privilege(${schema}, 'CREATE')::text as may_create,
       ${privilegesOn(relation(tracker.table), columns)} as tracker,
       pg_catalog.row_security_active(${relation(tracker.table)})::text as tracker_rows,
       ${privilegesOn(progress, "")} as progress,
       pg_catalog.row_security_active(${progress})::text as progress_rows,
       pg_catalog.current_setting('transaction_read_only') as read_only,
       (select s.source from pg_catalog.pg_settings s where s.name = 'default_transaction_read_only') as read_only_source`;
}

/** A grant on each column that is used does as well as one on the table. Null: no such table. */
function privilegesOn(relation: string, columns: string): string {
  return (
    `case when ${relation} is not null then coalesce((select pg_catalog.string_agg(w.privilege, ',') ` +
    "from (values ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) as w (privilege) " +
    `where case when w.privilege = 'DELETE' then pg_catalog.has_table_privilege(${relation}, w.privilege) ` +
    `else not exists (select from pg_catalog.pg_attribute a where a.attrelid = ${relation} ` +
    `and a.attnum > 0 and not a.attisdropped ${columns} ` +
    `and not pg_catalog.has_column_privilege(${relation}, a.attnum, w.privilege)) end), '') end`
  );
}
