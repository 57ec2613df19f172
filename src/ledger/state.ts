/** What the database says: the applied set, the progress, and the trackers of other tools. */
import { parseChecksum } from "../core/checksum.ts";
import {
  type AppliedRow,
  type AppliedSet,
  appliedSetOf,
  type ProgressRow,
} from "../core/migration.ts";
import type { Problem } from "../core/problem.ts";
import { quoteIdentifier } from "../core/quote.ts";
import type { LegacyTracker, UserObjects } from "../core/takeover.ts";
import { displayTracker, quoteProgress, quoteTracker, type TrackerName } from "../core/tracker.ts";
import { parseVersion, type Version } from "../core/version.ts";
import { Refusal, type Row, type Session, SqlError } from "../ports.ts";
import { catalogRows } from "./catalog.ts";
import { type Facts, factsQuery, readFacts, schemasLookedAt, theirSchema } from "./facts.ts";

export interface DatabaseState {
  readonly facts: Facts;
  readonly applied: AppliedSet;
  readonly progress: readonly ProgressRow[];
  readonly legacy: readonly LegacyTracker[];
  /** What an earlier take-over wrote down: the old trackers and their version. */
  readonly adopted: { readonly version: string; readonly from: readonly string[] } | undefined;
}

/**
 * Reads everything in one round trip, from the tables that the facts know. Facts that were
 * read before the lock can be outdated by the runner that held it: they are read again where
 * a first run, or a table that is gone, makes that matter.
 */
export async function readState(
  session: Session,
  tracker: TrackerName,
  facts: Facts,
): Promise<DatabaseState> {
  if (facts.tracker !== undefined) {
    try {
      const state = await readTables(session, tracker, facts);
      if (state.applied.size > 0) return state;
    } catch (error) {
      if (!(error instanceof SqlError) || error.server.code !== undefinedTable) throw error;
    }
  }
  return readTables(session, tracker, await refreshFacts(session, tracker));
}

async function refreshFacts(session: Session, tracker: TrackerName): Promise<Facts> {
  const [rows] = await catalogRows(session, factsQuery(tracker), theirSchema);
  return readFacts(rows?.[0]);
}

async function readTables(
  session: Session,
  tracker: TrackerName,
  facts: Facts,
): Promise<DatabaseState> {
  const readable = facts.legacy.filter((one) => one.isReadable);
  const queries = [
    facts.tracker === undefined ? "select where false" : appliedQuery(tracker),
    facts.progressExists ? progressQuery(tracker) : "select where false",
    ...readable.map(
      ({ schema, table }) =>
        `select version::text as version, dirty::text as dirty from ${quoteIdentifier(schema)}.${quoteIdentifier(table)}`,
    ),
  ];
  const [applied = [], progress = [], ...legacy] = await catalogRows(session, queries.join("; "));
  return {
    facts,
    applied: readApplied(tracker, applied),
    progress: progress.map(readProgressRow),
    legacy: readable.map(({ schema, table }, index): LegacyTracker => ({
      name: displayTracker({ schema, table }),
      rows: (legacy[index] ?? []).map((row) => ({
        version: row["version"] ?? "",
        dirty: row["dirty"] === "true",
      })),
    })),
    adopted: readAdoption(facts.tracker?.comment),
  };
}

function appliedQuery(tracker: TrackerName): string {
  return (
    "select version::text as version, name, checksum, " +
    "pg_catalog.to_char(applied_at::timestamptz at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as applied_at " +
    `from ${quoteTracker(tracker)}`
  );
}

function progressQuery(tracker: TrackerName): string {
  return (
    "select version::text as version, statement::text as statement, digest, state, " +
    "pg_catalog.array_to_string(invalid_before, ',') as invalid_before " +
    `from ${quoteProgress(tracker)} p order by p.version, p.statement`
  );
}

/** @throws Refusal where a row cannot be what a tracker holds. */
function readApplied(tracker: TrackerName, rows: readonly Row[]): AppliedSet {
  const problems: Problem[] = [];
  const applied = new Map<Version, AppliedRow>();
  const reject = (message: string): void => {
    problems.push({ code: "bad-tracker-row", tracker: displayTracker(tracker), message });
  };
  for (const row of rows) {
    const text = row["version"] ?? "null";
    const version = parseVersion(text);
    const checksum = row["checksum"] ?? null;
    const parsed = checksum === null ? null : parseChecksum(checksum.trim().toLowerCase());
    if (version === undefined) reject(`${text} is no version`);
    else if (parsed === undefined) reject(`the checksum of version ${version} is no SHA-256`);
    else if (applied.has(version)) reject(`version ${version} is there twice`);
    else {
      const appliedAt = new Date(row["applied_at"] ?? Number.NaN);
      applied.set(version, { version, name: row["name"] ?? "", appliedAt, checksum: parsed });
    }
  }
  if (problems.length > 0) throw new Refusal(problems);
  return appliedSetOf([...applied.values()]);
}

/** The progress of one version, read when its file is about to run. */
export async function readProgress(
  session: Session,
  tracker: TrackerName,
  version: Version,
): Promise<readonly ProgressRow[]> {
  const [rows = []] = await catalogRows(session, progressQuery(tracker));
  return rows.map(readProgressRow).filter((row) => row.version === version);
}

function readProgressRow(row: Row): ProgressRow {
  const oids = row["invalid_before"] ?? "";
  return {
    version: parseVersion(row["version"] ?? "") ?? ("0" as Version),
    statement: Number(row["statement"]),
    digest: row["digest"] ?? "",
    state: row["state"] === "done" ? "done" : "started",
    invalidBefore: oids === "" ? [] : oids.split(","),
  };
}

/**
 * The take-over is remembered in the tracker's comment: the four columns are a public
 * contract, and a version that `mark changed` gave a checksum no longer looks adopted.
 */
export function adoptionComment(adoption: { version: string; from: readonly string[] }): string {
  return `${commentPrefix}${JSON.stringify({ version: adoption.version, from: adoption.from })}`;
}

const commentPrefix = "lacuna adopted ";

function readAdoption(comment: string | undefined): DatabaseState["adopted"] {
  if (comment?.startsWith(commentPrefix) !== true) return undefined;
  try {
    const value = JSON.parse(comment.slice(commentPrefix.length)) as {
      version?: unknown;
      from?: unknown;
    };
    return typeof value.version === "string" && Array.isArray(value.from)
      ? { version: value.version, from: value.from.map(String) }
      : undefined;
  } catch {
    // Somebody rewrote the comment: it is theirs to write.
    return undefined;
  }
}

/**
 * Tables, views, routines and types of users in the schemas that `up` looks at. What belongs
 * to an extension, to a table (its row type, its array type) or to lacuna does not count.
 */
export async function findUserObjects(
  session: Session,
  tracker: TrackerName,
): Promise<UserObjects> {
  const schemas = schemasLookedAt(tracker);
  const ours = [tracker.table, `${tracker.table}_progress`];
  const notOfExtension = (catalog: string): string =>
    `not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass ` +
    "and d.objid = o.oid and d.deptype = 'e')";
  const [rows = []] = await catalogRows(
    session,
    `
with objects as (
  select n.nspname, o.relname as name, 1 as rank
    from pg_catalog.pg_class o join pg_catalog.pg_namespace n on n.oid = o.relnamespace
   where o.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') and n.nspname in ${schemas} and ${notOfExtension("pg_class")}
  union all
  select n.nspname, o.proname || '()', 2
    from pg_catalog.pg_proc o join pg_catalog.pg_namespace n on n.oid = o.pronamespace
   where n.nspname in ${schemas} and ${notOfExtension("pg_proc")}
  union all
  select n.nspname, o.typname, 3
    from pg_catalog.pg_type o join pg_catalog.pg_namespace n on n.oid = o.typnamespace
   where n.nspname in ${schemas} and o.typtype in ('d', 'e', 'r') and ${notOfExtension("pg_type")}
)
select nspname as schema, name, pg_catalog.count(*) over ()::text as count from objects order by rank, nspname, name
 limit 200`,
    theirSchema,
  );
  const legacy = new Set(
    (await refreshFacts(session, tracker)).legacy.map((one) => `${one.schema}.${one.table}`),
  );
  const isOurs = (row: Row): boolean =>
    (row["schema"] === tracker.schema && ours.includes(row["name"] ?? "")) ||
    legacy.has(`${row["schema"]}.${row["name"]}`);
  const theirs = rows.filter((row) => !isOurs(row));
  const count = Number(rows[0]?.["count"] ?? 0) - rows.filter(isOurs).length;
  return {
    count: theirs.length === 0 ? 0 : count,
    examples: theirs.slice(0, 3).map((row) => `${row["schema"]}.${row["name"]}`),
  };
}

const undefinedTable = "42P01";
