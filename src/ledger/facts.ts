/**
 * The opening of a session: lacuna's settings, and what has to be known before anything else,
 * in one message.
 */
import { quoteLiteral } from "../core/quote.ts";
import { type Result, refuse, succeed } from "../core/result.ts";
import { displayTracker, type TrackerName } from "../core/tracker.ts";
import type { Row } from "../ports.ts";
import { type Backend, backendColumns, readBackend } from "./backend.ts";
import { resolved, underOwnPath } from "./catalog.ts";
import { type Access, openingSettings } from "./settings.ts";

export interface Facts {
  /** As `server_version_num` has it: 180004. */
  readonly versionNumber: number;
  readonly serverVersion: string;
  readonly isStandby: boolean;
  readonly backend: Backend;
  /** The role that SET ROLE goes back to; `none` unless the URL or the login sets one. */
  readonly role: string;
  /** Who logged in. RESET SESSION AUTHORIZATION does not know it in PGlite 0.5.16. */
  readonly login: string;
  readonly schemaExists: boolean;
  /** Undefined where the tracker does not exist. */
  readonly tracker:
    | {
        readonly isOurs: boolean;
        readonly isDurable: boolean;
        readonly comment: string | undefined;
      }
    | undefined;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly progressExists: boolean;
  /** Tables of exactly (version bigint, dirty boolean) in the schemas that `up` looks at. */
  readonly legacy: readonly {
    readonly schema: string;
    readonly table: string;
    /** Whether this role may read it, all rows of it. */
    readonly isReadable: boolean;
  }[];
}

export function openingScript(tracker: TrackerName, access: Access = "writing"): string {
  return `${openingSettings[access]}; ${underOwnPath(factsQuery(tracker), theirSchema)}`;
}

/** The schema that a CREATE without a schema goes to. */
export const theirSchema = { schema: "pg_catalog.current_schema()::pg_catalog.text" };

/** The schemas where another tool's tracker or a user's tables are looked for. */
export function schemasLookedAt(tracker: TrackerName): string {
  return `(${quoteLiteral(tracker.schema)}, 'public', ${resolved("schema")})`;
}

export function factsQuery(tracker: TrackerName): string {
  const schema = quoteLiteral(tracker.schema);
  const table = quoteLiteral(tracker.table);
  const relation = (name: string): string =>
    `(select c.oid from pg_catalog.pg_class c where c.relname = ${name} and c.relnamespace = ` +
    `(select n.oid from pg_catalog.pg_namespace n where n.nspname = ${schema}))`;
  return `
select
  pg_catalog.current_setting('server_version_num') as version_number,
  pg_catalog.current_setting('server_version') as server_version,
  pg_catalog.pg_is_in_recovery()::text as is_standby,
  ${backendColumns},
  pg_catalog.current_setting('role') as role,
  session_user::text as login,
  exists (select from pg_catalog.pg_namespace n where n.nspname = ${schema})::text as schema_exists,
  (select pg_catalog.pg_has_role(c.relowner, 'usage')::text
     from pg_catalog.pg_class c where c.oid = ${relation(table)}) as tracker_is_ours,
  (select c.relpersistence::text from pg_catalog.pg_class c
    where c.oid = ${relation(table)}) as tracker_persistence,
  pg_catalog.obj_description(${relation(table)}, 'pg_class') as tracker_comment,
  (select pg_catalog.json_agg(pg_catalog.json_build_object(
            'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, null)))::text
     from pg_catalog.pg_attribute a
    where a.attrelid = ${relation(table)} and a.attnum > 0 and not a.attisdropped) as columns,
  (${relation(quoteLiteral(`${tracker.table}_progress`))} is not null)::text as progress_exists,
  (select pg_catalog.json_agg(pg_catalog.json_build_object(
            'schema', n.nspname, 'table', c.relname, 'isReadable',
            pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT')
            and not pg_catalog.row_security_active(c.oid)) order by n.nspname, c.relname)::text
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and c.relnatts = 2 and n.nspname in ${schemasLookedAt(tracker)}
      and exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid
                   and a.attname = 'version' and a.atttypid = 'pg_catalog.int8'::pg_catalog.regtype)
      and exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid
                   and a.attname = 'dirty' and a.atttypid = 'pg_catalog.bool'::pg_catalog.regtype)
  ) as legacy`;
}

export function readFacts(row: Row | undefined): Facts {
  const text = (name: string): string => row?.[name] ?? "";
  const list = (name: string): unknown => JSON.parse(row?.[name] ?? "[]");
  const isOurs = row?.["tracker_is_ours"] ?? null;
  return {
    versionNumber: Number(text("version_number")),
    serverVersion: text("server_version"),
    isStandby: text("is_standby") === "true",
    backend: readBackend(row),
    role: text("role"),
    login: text("login"),
    schemaExists: text("schema_exists") === "true",
    tracker:
      isOurs === null
        ? undefined
        : {
            isOurs: isOurs === "true",
            isDurable: text("tracker_persistence") === "p",
            comment: row?.["tracker_comment"] ?? undefined,
          },
    columns: list("columns") as Facts["columns"],
    progressExists: text("progress_exists") === "true",
    legacy: list("legacy") as Facts["legacy"],
  };
}

/** A table of this name that somebody else made may lack what a tracker needs. */
export function checkTracker(tracker: TrackerName, facts: Facts): Result<void> {
  if (facts.tracker === undefined) return succeed(undefined);
  if (!facts.tracker.isDurable) {
    const message = "it is UNLOGGED, so what it says does not survive a crash";
    return refuse({ code: "bad-tracker", tracker: displayTracker(tracker), message });
  }
  const types = new Map(facts.columns.map(({ name, type }) => [name, type]));
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

const acceptedTypes: Readonly<Record<string, readonly string[]>> = {
  version: ["numeric", "bigint", "integer", "smallint"],
  name: ["text", "character varying"],
  applied_at: ["timestamp with time zone", "timestamp without time zone"],
  checksum: ["text", "character varying", "character"],
};
