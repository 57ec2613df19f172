/** What a statement outside of transactions leaves behind when its runner dies. */
import { quoteLiteral } from "../core/quote.ts";
import type { Detachment, IndexName, Statement, TableName } from "../core/statements.ts";
import type { Session } from "../ports.ts";
import { catalogRows, resolved } from "./catalog.ts";
import { findCutOff } from "./reindex.ts";
import { oidOf, quoteTable } from "./relation.ts";

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
  const [rows] = await catalogRows(
    session,
    `
select i.indexrelid::text as oid, i.indisvalid::text as is_valid,
       pg_catalog.format('%I.%I', n.nspname, c.relname) as name,
       exists (select from pg_catalog.pg_stat_progress_create_index p
                where p.index_relid = i.indexrelid)::text as is_being_built
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where i.indrelid = ${resolved("table")}::pg_catalog.oid and c.relname = ${quoteLiteral(index.name)}`,
    { table: oidOf(index) },
  );
  const row = rows?.[0];
  if (row === undefined) return undefined;
  return {
    oid: row["oid"] ?? "",
    name: row["name"] ?? "",
    isValid: row["is_valid"] === "true",
    isBeingBuilt: row["is_being_built"] === "true",
  };
}

/** A partition whose detachment began and was cut off is `pending`; detached, it is `gone`. */
export async function stateOfDetachment(
  session: Session,
  { table, partition }: Detachment,
): Promise<"attached" | "pending" | "gone"> {
  const [rows] = await catalogRows(
    session,
    `
select i.inhdetachpending::text as pending from pg_catalog.pg_inherits i
 where i.inhrelid = ${resolved("partition")}::pg_catalog.oid
   and i.inhparent = ${resolved("table")}::pg_catalog.oid`,
    { table: oidOf(table), partition: oidOf(partition) },
  );
  const row = rows?.[0];
  if (row === undefined) return "gone";
  return row["pending"] === "true" ? "pending" : "attached";
}

/** https://www.postgresql.org/docs/current/sql-altertable.html: FINALIZE goes on with it. */
export async function finishDetachment(
  session: Session,
  { table, partition }: Detachment,
): Promise<void> {
  await session.run(
    `alter table ${quoteTable(table)} detach partition ${quoteTable(partition)} finalize`,
  );
}

/** Whether there is no index of that name any more. One that is half dropped can be dropped again. */
export async function isGone(session: Session, index: TableName): Promise<boolean> {
  const [rows] = await catalogRows(
    session,
    `select (${resolved("index")} is null)::text as is_gone`,
    { index: oidOf(index) },
  );
  return rows?.[0]?.["is_gone"] === "true";
}

/** What there is of a statement's work: all, a part that was cut off, or nothing that can be seen. */
export async function leftoverOf(
  session: Session,
  statement: Statement,
): Promise<"complete" | "partial" | "none"> {
  if (statement.kind !== "outside") return "none";
  if (statement.detach !== undefined) {
    const state = await stateOfDetachment(session, statement.detach);
    if (state === "gone") return "complete";
    return state === "pending" ? "partial" : "none";
  }
  if (statement.drops !== undefined) {
    return (await isGone(session, statement.drops)) ? "complete" : "none";
  }
  if (statement.rebuilds !== undefined) {
    return (await findCutOff(session, statement.rebuilds)).length > 0 ? "partial" : "none";
  }
  const index = statement.index && (await findIndex(session, statement.index));
  if (index === undefined) return "none";
  return index.isValid ? "complete" : "partial";
}
