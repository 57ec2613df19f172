/** The writes that are no migration: making the tracker, taking over, marking, progress. */
import type { Acceptance } from "../core/marking.ts";
import type { Migration } from "../core/migration.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import type { Adoption } from "../core/takeover.ts";
import { displayTracker, quoteProgress, quoteTracker, type TrackerName } from "../core/tracker.ts";
import type { Version } from "../core/version.ts";
import { Refusal, type Session } from "../ports.ts";
import { catalogRows, underOwnPath } from "./catalog.ts";
import type { Facts } from "./facts.ts";
import { adoptionComment } from "./state.ts";

/** The schema and the tracker, where they are absent, and an adoption's rows: all or nothing. */
export async function prepareTracker(
  session: Session,
  tracker: TrackerName,
  facts: Facts,
  adoption: Adoption | undefined,
): Promise<void> {
  const statements = [
    ...(facts.tracker === undefined ? createTracker(tracker, facts) : []),
    ...(adoption === undefined ? [] : adopt(tracker, facts, adoption)),
  ];
  if (statements.length === 0) return;
  const tags = await inTransaction(session, statements);
  const wanted = adoption?.migrations.length;
  if (wanted === undefined || tags.includes(`INSERT 0 ${wanted}`)) return;
  const message = "it did not take the rows of the take-over (a trigger, a rule or a policy?)";
  throw new Refusal([{ code: "bad-tracker", tracker: displayTracker(tracker), message }]);
}

function createTracker(tracker: TrackerName, facts: Facts): readonly string[] {
  return [
    // CREATE SCHEMA IF NOT EXISTS asks for the right to create even where the schema exists.
    ...(facts.schemaExists
      ? []
      : [`create schema if not exists ${quoteIdentifier(tracker.schema)}`]),
    `create table if not exists ${quoteTracker(tracker)} (` +
      "version numeric primary key, name text not null, applied_at timestamptz not null, checksum text)",
  ];
}

function adopt(tracker: TrackerName, facts: Facts, adoption: Adoption): readonly string[] {
  const isOurs = facts.tracker?.isOurs ?? true;
  const comment = adoptionComment(adoption);
  return [
    ...insertRows(tracker, adoption.migrations, "null"),
    // Only an owner may comment; without it a moved old tracker is not noticed, and that is all.
    ...(isOurs ? [`comment on table ${quoteTracker(tracker)} is ${quoteLiteral(comment)}`] : []),
  ];
}

/** Records versions as applied without running them; those that are there stay as they are. */
export async function recordApplied(
  session: Session,
  tracker: TrackerName,
  migrations: readonly Migration[],
): Promise<void> {
  const forget = migrations.length === 0 ? [] : await forgetProgress(session, tracker, migrations);
  await inTransaction(session, [...insertRows(tracker, migrations, "checksum"), ...forget]);
}

export async function forgetApplied(
  session: Session,
  tracker: TrackerName,
  facts: Facts,
  versions: readonly Version[],
): Promise<void> {
  const list = versions.join(", ");
  const forget = await forgetProgress(
    session,
    tracker,
    versions.map((version) => ({ version })),
  );
  await inTransaction(session, [
    ...(facts.tracker === undefined
      ? []
      : [`delete from ${quoteTracker(tracker)} where version in (${list})`]),
    ...forget,
  ]);
}

/** Writes what a file is now over what a row says, for versions that a person vouches for. */
export async function acceptFiles(
  session: Session,
  tracker: TrackerName,
  changes: readonly Acceptance[],
): Promise<void> {
  await inTransaction(
    session,
    changes.map(({ row, to, what }) => {
      const set = {
        name: `name = ${quoteLiteral(to.name)}`,
        checksum: `checksum = ${quoteLiteral(to.up.checksum)}`,
        version: `version = ${to.version}, name = ${quoteLiteral(to.name)}, checksum = ${quoteLiteral(to.up.checksum)}`,
      }[what];
      return `update ${quoteTracker(tracker)} set ${set} where version = ${row.version}`;
    }),
  );
}

/** Made when the first `no-transaction` file starts. */
export async function ensureProgress(session: Session, tracker: TrackerName): Promise<void> {
  if (await progressExists(session, tracker)) return;
  await inTransaction(session, [
    `create table ${quoteProgress(tracker)} (version numeric, statement int, ` +
      "digest text not null, state text not null check (state in ('started', 'done')), " +
      "invalid_before oid[], started_at timestamptz not null, primary key (version, statement))",
  ]);
}

/** Takes back the note that a statement was started: it failed, and left nothing. */
export async function forgetStarted(
  session: Session,
  tracker: TrackerName,
  version: Version,
  statement: number,
): Promise<void> {
  await inTransaction(session, [
    `delete from ${quoteProgress(tracker)} where version = ${version} ` +
      `and statement = ${statement} and state = 'started'`,
  ]);
}

function insertRows(
  tracker: TrackerName,
  migrations: readonly Migration[],
  checksum: "null" | "checksum",
): readonly string[] {
  if (migrations.length === 0) return [];
  const rows = migrations.map(({ version, name, up }) => {
    const value = checksum === "null" ? "null" : quoteLiteral(up.checksum);
    return `(${version}, ${quoteLiteral(name)}, pg_catalog.clock_timestamp(), ${value})`;
  });
  return [
    `insert into ${quoteTracker(tracker)} (version, name, applied_at, checksum) values ` +
      `${rows.join(", ")} on conflict do nothing`,
  ];
}

async function forgetProgress(
  session: Session,
  tracker: TrackerName,
  versions: readonly { readonly version: Version }[],
): Promise<readonly string[]> {
  if (!(await progressExists(session, tracker))) return [];
  const list = versions.map(({ version }) => version).join(", ");
  return [`delete from ${quoteProgress(tracker)} where version in (${list})`];
}

async function progressExists(session: Session, tracker: TrackerName): Promise<boolean> {
  const name = quoteLiteral(quoteProgress(tracker));
  const [rows] = await catalogRows(
    session,
    `select (pg_catalog.to_regclass(${name}) is not null)::text as found`,
  );
  return rows?.[0]?.["found"] === "true";
}

/** All of them or none: the statements of one message are one transaction. */
async function inTransaction(
  session: Session,
  statements: readonly string[],
): Promise<readonly string[]> {
  const results = await session.run(underOwnPath(statements.join("; ")));
  return results.map((result) => result.tag);
}
