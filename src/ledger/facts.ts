/**
 * The opening of a session: what has to be known before anything else, in one message. A new backend
 * reads its catalogs for each function and table that is named, so it asks as little as it can:
 * the same facts in one SELECT of many parts took it four times as long.
 */
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import { type Result, refuse, succeed } from "../core/result.ts";
import { displayTracker, type TrackerName } from "../core/tracker.ts";
import type { Row, Session } from "../ports.ts";
import { type Backend, backendColumns, readBackend } from "./backend.ts";
import { catalogRows, underOwnPath } from "./catalog.ts";
import { type Access, type ServerKind, settingsOfMessage } from "./settings.ts";

export interface Facts {
  readonly server: ServerKind;
  readonly serverVersion: string;
  readonly isStandby: boolean;
  readonly backend: Backend;
  /** The role that SET ROLE goes back to; `none` unless the URL or the login sets one. */
  readonly role: string;
  readonly applicationName: string;
  /** Who logged in. RESET SESSION AUTHORIZATION does not know it in PGlite 0.5.16. */
  readonly login: string;
  readonly schemaExists: boolean;
  /** Undefined where the tracker does not exist. */
  readonly tracker:
    | {
        readonly isOurs: boolean;
        readonly isDurable: boolean;
        /** Rows may be read and added by this session: nothing more is to be asked for that. */
        readonly mayRecord: boolean;
        /** No trigger, no rule and no partition: one row that is inserted is one row. */
        readonly isPlain: boolean;
        readonly comment: string | undefined;
      }
    | undefined;
  readonly progressExists: boolean;
}

export function openingScript(tracker: TrackerName, access: Access = "writing"): string {
  return `${settingsOfMessage[access]}; ${underOwnPath(factsQueries(tracker))}`;
}

/**
 * Two: the server, and the schema with its tables. What is looked up by functions and subqueries costs a new
 * backend less than a join.
 */
export function factsQueries(tracker: TrackerName): string {
  const [table, progress] = [tracker.table, `${tracker.table}_progress`].map(quoteLiteral);
  const schema = `pg_catalog.to_regnamespace(${quoteLiteral(quoteIdentifier(tracker.schema))})`;
  return `
select
  pg_catalog.current_setting('server_version_num') as version_number,
  pg_catalog.current_setting('server_version') as server_version,
  pg_catalog.version() as version,
  pg_catalog.current_setting('synchronous_commit') as synchronous_commit,
  pg_catalog.pg_is_in_recovery()::text as is_standby,
  ${backendColumns},
  pg_catalog.current_setting('role') as role,
  pg_catalog.current_setting('application_name') as application_name,
  session_user::text as login,
  (${schema} is not null)::text as schema_exists;
select (c.relname = ${table})::text as is_tracker, c.relpersistence::text as persistence,
       (select d.description from pg_catalog.pg_description d
         where d.objoid = c.oid and d.classoid = c.tableoid and d.objsubid = 0) as comment,
       pg_catalog.pg_has_role(c.relowner, 'usage')::text as is_ours,
       (c.relkind = 'r' and not c.relhastriggers and not c.relhasrules)::text as is_plain,
       (pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
        and pg_catalog.has_table_privilege(c.oid, 'SELECT')
        and pg_catalog.has_table_privilege(c.oid, 'INSERT') and not pg_catalog.row_security_active(c.oid)
        and pg_catalog.current_setting('transaction_read_only') = 'off')::text as may_record
  from pg_catalog.pg_class c
 where c.relnamespace = ${schema} and c.relname in (${table}, ${progress})`;
}

/** @param rowSets What the two queries brought. */
export function readFacts(rowSets: readonly (readonly Row[])[]): Facts {
  const [[server] = [], relations = []] = rowSets;
  const text = (name: string): string => server?.[name] ?? "";
  const tracker = relations.find((row) => row["is_tracker"] === "true");
  return {
    server: {
      versionNumber: Number(text("version_number")),
      isLinux: text("version").includes("linux"),
      acknowledgesEarly: text("synchronous_commit") === "off",
    },
    serverVersion: text("server_version"),
    isStandby: text("is_standby") === "true",
    backend: readBackend(server),
    role: text("role"),
    login: text("login"),
    applicationName: text("application_name"),
    schemaExists: text("schema_exists") === "true",
    tracker: tracker && {
      isOurs: tracker["is_ours"] === "true",
      isDurable: tracker["persistence"] === "p",
      mayRecord: tracker["may_record"] === "true",
      isPlain: tracker["is_plain"] === "true",
      comment: tracker["comment"] ?? undefined,
    },
    progressExists: relations.some((row) => row["is_tracker"] === "false"),
  };
}

/** A table of this name that somebody else made may lack what a tracker needs. */
export async function checkTracker(
  session: Session,
  tracker: TrackerName,
  facts: Facts,
): Promise<Result<void>> {
  if (facts.tracker === undefined) return succeed(undefined);
  if (!facts.tracker.isDurable) {
    const message = "it is UNLOGGED, so what it says does not survive a crash";
    return refuse({ code: "bad-tracker", tracker: displayTracker(tracker), message });
  }
  const [columns = []] = await catalogRows(session, columnsQuery(tracker));
  const types = new Map(columns.map(({ name, type }) => [name, type ?? ""]));
  for (const [column, accepted] of Object.entries(acceptedTypes)) {
    const type = types.get(column);
    if (type !== undefined && accepted.includes(type)) continue;
    const message =
      type === undefined
        ? `it has no column ${column}`
        : `its column ${column} has the type ${type}`;
    return refuse({ code: "bad-tracker", tracker: displayTracker(tracker), message });
  }
  return succeed(undefined);
}

/** The same of a table that has all columns, by their types in the order of `typesOfColumns`. */
export function isTracker({ tracker }: Facts, types: readonly string[]): boolean {
  const all = Object.values(acceptedTypes);
  return (
    tracker?.isDurable === true && all.every((accepted, at) => accepted.includes(types[at] ?? ""))
  );
}

function columnsQuery({ schema, table }: TrackerName): string {
  return `
select a.attname as name, pg_catalog.format_type(a.atttypid, null) as type
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname = ${quoteLiteral(schema)} and c.relname = ${quoteLiteral(table)}
   and a.attnum > 0 and not a.attisdropped`;
}

const acceptedTypes: Readonly<Record<string, readonly string[]>> = {
  version: ["numeric", "bigint", "integer", "smallint"],
  name: ["text", "character varying"],
  applied_at: ["timestamp with time zone", "timestamp without time zone"],
  checksum: ["text", "character varying", "character"],
};

/** Of a row of the tracker, in SQL: with commas between them. */
export const typesOfColumns: string = `pg_catalog.concat_ws(',', ${Object.keys(acceptedTypes)
  .map((column) => `pg_catalog.pg_typeof(${column})`)
  .join(", ")})`;
