/** Reads what is in a database, as objects that can be compared. */
import { type Schema, type SchemaObject, schemaOf } from "../core/schema.ts";
import type { TrackerName } from "../core/tracker.ts";
import { catalogRows } from "../ledger/catalog.ts";
import { type Session, SqlError } from "../ports.ts";
import { columnOrders, columns } from "./columns.ts";
import { comments } from "./comments.ts";
import { constraints, notNullConstraints } from "./constraints.ts";
import { foreign } from "./foreign.ts";
import { grants } from "./grants.ts";
import { indexes, statisticsObjects } from "./indexes.ts";
import { operatorsAndCasts } from "./operators.ts";
import { schemas, sequences, tables, views } from "./relations.ts";
import { languages, routines } from "./routines.ts";
import { scope } from "./scope.ts";
import { settingsOfTexts } from "./texts.ts";
import { textSearch } from "./text-search.ts";
import { eventTriggers, policies, rules, triggers } from "./triggers.ts";
import { types } from "./types.ts";

export interface SchemaOptions {
  /** It is left out, and all that stands on it. */
  readonly tracker: TrackerName;
  /** Whether owners and privileges are told. */
  readonly grants: boolean;
}

/**
 * One message, which writes nothing: a standby answers it, and a role that owns nothing gets it.
 * Inside of a transaction that is open its settings stay until that ends, search_path among them.
 */
export async function readSchema(session: Session, options: SchemaOptions): Promise<Schema> {
  const [rows] = await askedAgain(() => catalogRows(session, schemaQuery(options)));
  const objects = (rows ?? []).map((row): SchemaObject => ({
    kind: row["kind"] ?? "",
    name: row["name"] ?? "",
    on: row["on"] ?? undefined,
    definition: row["definition"] ?? "",
  }));
  return schemaOf(objects);
}

function schemaQuery(options: SchemaOptions): string {
  const parts = [
    schemas,
    tables,
    views,
    sequences,
    columns,
    columnOrders,
    constraints,
    notNullConstraints,
    indexes,
    statisticsObjects,
    types,
    routines,
    languages,
    triggers,
    eventTriggers,
    rules,
    policies,
    ...operatorsAndCasts,
    ...textSearch,
    ...foreign,
    ...comments,
    ...(options.grants ? grants : []),
  ];
  return `${settingsOfTexts}; with ${scope(options.tracker)} ${parts.join(" union all ")}`;
}

/**
 * The functions that print definitions see what is committed meanwhile, and not the query's
 * snapshot: an object that is dropped meanwhile is an internal error ("cache lookup failed",
 * "could not open relation"). https://www.postgresql.org/docs/current/mvcc-caveats.html
 */
async function askedAgain<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const isPassing = error instanceof SqlError && error.server.code === "XX000";
      if (!isPassing || attempt === mostAttempts) throw error;
    }
  }
}

const mostAttempts = 3;
