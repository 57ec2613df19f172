/** What the database says: the applied set, the progress, and the trackers of other tools. */
import { parseChecksum } from "../core/checksum.ts";
import { digestsOf } from "../core/digest.ts";
import {
  type AppliedRow,
  type AppliedSet,
  appliedSetOf,
  type MigrationSet,
  type ProgressRow,
} from "../core/migration.ts";
import type { Problem } from "../core/problem.ts";
import type { LegacyTracker } from "../core/takeover.ts";
import { displayTracker, quoteProgress, quoteTracker, type TrackerName } from "../core/tracker.ts";
import { parseVersion, type Version } from "../core/version.ts";
import { Refusal, type Row, type Session, SqlError } from "../ports.ts";
import { catalogRows, underOwnPath } from "./catalog.ts";
import { type Facts, factsQueries, isTracker, readFacts, typesOfColumns } from "./facts.ts";
import {
  findLegacyTables,
  type LegacyTable,
  legacyTablesQuery,
  readLegacy,
  readLegacyTable,
  theirSchema,
} from "./legacy.ts";

export interface DatabaseState {
  readonly facts: Facts;
  readonly applied: AppliedSet;
  readonly progress: readonly ProgressRow[];
  /** Looked for where they matter: nothing is applied yet, or a take-over is remembered. */
  readonly legacyTables: readonly LegacyTable[];
  readonly legacy: readonly LegacyTracker[];
  /** Something was applied within the last minute, and may not be on disk yet. */
  readonly isRecent: boolean;
  /** What an earlier take-over wrote down: the old trackers and their version. */
  readonly adopted: { readonly version: string; readonly from: readonly string[] } | undefined;
}

/** What the tracker and its progress hold, as the server gave it. */
type TableRows = readonly (readonly Row[])[];

/**
 * The script that reads both tables, where the facts know the tracker.
 *
 * @param form Of what is applied: `digest` is enough where that is the beginning of a set.
 */
export function tablesScript(
  tracker: TrackerName,
  facts: Facts,
  form: "rows" | "digest" = "rows",
): string | undefined {
  if (facts.tracker === undefined) return undefined;
  const progress = facts.progressExists ? [progressQuery(tracker)] : [];
  const applied = form === "rows" ? appliedQuery(tracker) : digestQuery(tracker);
  return underOwnPath([applied, ...progress].join("; "));
}

/** What came with the lock as `digest`: so many of the set are applied, the first ones, and nothing else. */
export interface Known {
  readonly count: number;
  readonly isRecent: boolean;
  /** Of the tracker's columns. */
  readonly types: readonly string[];
}

/** Undefined: all of it has to be read. */
export function readKnown(
  [applied = [], progress = []]: TableRows,
  set: MigrationSet,
): Known | undefined {
  const { digest, rows, lines, is_recent: recent, types } = applied[0] ?? {};
  const index = digestsOf(set).indexOf(digest ?? "");
  const count = set.size - index;
  // As many rows as lines: see digestsOf. A row with a null in it makes no line.
  const isBeginning = index >= 0 && rows === String(count) && lines === rows;
  // A file that stopped half-way is progress.
  if (!isBeginning || progress.length > 0) return undefined;
  return { count, isRecent: recent === "true", types: types?.split(",") ?? [] };
}

/**
 * Whether nothing but what is pending has to be looked at. An empty tracker may stand in a full database, and an
 * old one that was taken over may have moved.
 */
export function isReliable({ count, types }: Known, facts: Facts): boolean {
  return count > 0 && facts.tracker?.comment === undefined && isTracker(facts, types);
}

/**
 * Reads everything, from the tables that the facts know. Facts that were read before the lock can
 * be outdated by the runner that held it: they are read again where a first run, or a table that is
 * gone, makes that matter.
 */
export async function readState(
  session: Session,
  tracker: TrackerName,
  facts: Facts,
): Promise<DatabaseState> {
  const rows = readRows(tracker, await readTables(session, tracker, facts));
  const adopted = readAdoption(facts.tracker?.comment);
  if (rows.applied.size > 0) {
    const legacyTables = adopted === undefined ? [] : await findLegacyTables(session, tracker);
    const legacy = await readLegacy(session, legacyTables);
    return { facts, ...rows, legacyTables, legacy, adopted };
  }
  const [server = [], relations = [], ...tables] = await catalogRows(
    session,
    `${factsQueries(tracker)}; ${legacyTablesQuery(tracker)}`,
    theirSchema,
  );
  const fresh = readFacts([server, relations]);
  const legacyTables = (tables[0] ?? []).map(readLegacyTable);
  return {
    facts: fresh,
    ...readRows(tracker, await readTables(session, tracker, fresh)),
    legacyTables,
    legacy: await readLegacy(session, legacyTables),
    adopted: readAdoption(fresh.tracker?.comment),
  };
}

/** Undefined: there is no tracker, or it is gone since the facts were read. */
async function readTables(
  session: Session,
  tracker: TrackerName,
  facts: Facts,
): Promise<TableRows | undefined> {
  const script = tablesScript(tracker, facts);
  if (script === undefined) return undefined;
  try {
    return await session.rows(script);
  } catch (error) {
    if (!(error instanceof SqlError) || error.server.code !== undefinedTable) throw error;
    return undefined;
  }
}

function readRows(
  tracker: TrackerName,
  [applied = [], progress = []]: TableRows = [],
): Pick<DatabaseState, "applied" | "progress" | "isRecent"> {
  return {
    applied: readApplied(tracker, applied),
    progress: progress.map(readProgressRow),
    isRecent: applied[0]?.["is_recent"] === "true",
  };
}

/** One value: a thousand rows of the protocol take longer to read than all the rest of a run. */
const allRows =
  "pg_catalog.json_agg(pg_catalog.json_build_array(version::text, name::text, checksum::text, " +
  "pg_catalog.to_char(applied_at::timestamptz at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')))::text";

/** Whether the last row may not be on disk yet: whoever wrote it may have died without waiting for that. */
const isRecent =
  "(pg_catalog.max(applied_at)::timestamptz > pg_catalog.clock_timestamp() - '1 minute'::interval)::text";

function appliedQuery(tracker: TrackerName): string {
  return `select ${allRows} as applied, ${isRecent} as is_recent from ${quoteTracker(tracker)}`;
}

/** The digest of the applied set, as core/digest.ts makes those of a set of files. */
function digestQuery(tracker: TrackerName): string {
  const line = "version::text || e'\\t' || name::text || e'\\t' || checksum::text || e'\\n'";
  const all = `coalesce(pg_catalog.string_agg(${line}, '' order by version), '')`;
  const digest = `pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(${all}, 'UTF8')), 'hex')`;
  const table = quoteTracker(tracker);
  return (
    `select ${digest} as digest, pg_catalog.count(*)::text as rows, pg_catalog.count(${line})::text as lines, ` +
    `${isRecent} as is_recent, (select ${typesOfColumns} from ${table} limit 1) as types from ${table}`
  );
}

type AppliedValues = readonly [
  version: string | null,
  name: string | null,
  checksum: string | null,
  appliedAt: string | null,
];

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
  const values = JSON.parse(rows[0]?.["applied"] ?? "[]") as readonly AppliedValues[];
  for (const [text, name, checksum, time] of values) {
    const version = parseVersion(text ?? "null");
    const parsed = checksum === null ? null : parseChecksum(checksum.trim().toLowerCase());
    if (version === undefined) reject(`${text ?? "null"} is no version`);
    else if (parsed === undefined) reject(`the checksum of version ${version} is no SHA-256`);
    else if (applied.has(version)) reject(`version ${version} is there twice`);
    else {
      const appliedAt = new Date(time ?? Number.NaN);
      applied.set(version, { version, name: name ?? "", appliedAt, checksum: parsed });
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

const undefinedTable = "42P01";
