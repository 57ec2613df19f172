/** The row of a migration, and what raises, in its own transaction, unless that was recorded. */
import type { Migration } from "../core/migration.ts";
import type { ServerMessage } from "../core/problem.ts";
import { quoteLiteral } from "../core/quote.ts";
import type { Step } from "../core/script.ts";
import type { IndexName } from "../core/statements.ts";
import { quoteProgress, quoteTracker, type TrackerName } from "../core/tracker.ts";
import type { Version } from "../core/version.ts";
import { stillHolds } from "./lock.ts";

/** Whose proof it is. */
export interface Proven {
  /** Unguessable, new for each flight. */
  readonly nonce: string;
  readonly lockKey: bigint;
  readonly convoy?: { readonly isDurable: boolean };
}

const parts = ["transaction", "lock", "row", "index"] as const;
export type BrokenProof = (typeof parts)[number];

/** Which part of the proof raised, told by the word in PostgreSQL's complaint about the cast. */
export function brokenProof(error: ServerMessage): BrokenProof | undefined {
  return parts.find((part) => isRaised(error, part));
}

/**
 * One SELECT that raises unless the transaction is still the one that was begun, this backend
 * holds the lock and the row is there. It raises by a cast that fails: no function has to be
 * made for it, and a WHERE that finds nothing would not stop the COMMIT.
 *
 * It also takes back a `synchronous_commit = off` of the body: what is acknowledged is durable.
 */
export function proofSql(proven: Proven, row: string, indexes: readonly IndexName[] = []): string {
  const isDurable = proven.convoy?.isDurable ?? true;
  const [wrong, right] = isDurable ? ["= 'off'", "on"] : ["<> 'off'", "off"];
  const proof = proofCase(quoteLiteral(proven.nonce), proven.lockKey, [
    `when not ${row} then ${raise("row")}`,
    ...indexes.map((index) => `when ${isInvalid(index)} then ${raise("index")}`),
    `when pg_catalog.current_setting('synchronous_commit') ${wrong} ` +
      `then pg_catalog.length(pg_catalog.set_config('synchronous_commit', '${right}', true))`,
  ]);
  return `select ${proof} as proof`;
}

/** @param nonce In SQL's words. */
export function proofCase(nonce: string, lockKey: bigint, others: readonly string[]): string {
  const marker = "coalesce(pg_catalog.current_setting('lacuna.marker', true), '')";
  return [
    "case",
    `when ${marker} operator(pg_catalog.<>) ${nonce} then ${raise("transaction")}`,
    `when not ${stillHolds(lockKey)} then ${raise("lock")}`,
    ...others,
    "else 0 end",
  ].join(" ");
}

export function rowExists(tracker: TrackerName, migration: Migration): string {
  return (
    `exists (select from ${quoteTracker(tracker)} r where r.version = ${migration.version} ` +
    `and r.name = ${quoteLiteral(migration.name)} and r.checksum = ${quoteLiteral(migration.up.checksum)})`
  );
}

/** The body's search_path is not in force any more, so an unqualified name counts in every schema. */
function isInvalid({ schema, table, name }: IndexName): string {
  const inSchema = schema === undefined ? "" : `and n.nspname = ${quoteLiteral(schema)} `;
  return (
    "exists (select from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid " +
    "join pg_catalog.pg_class t on t.oid = i.indrelid join pg_catalog.pg_namespace n on n.oid = t.relnamespace " +
    `where not i.indisvalid and c.relkind = 'i' and c.relname = ${quoteLiteral(name ?? "")} ` +
    `and t.relname = ${quoteLiteral(table)} ${inSchema})`
  );
}

export function stepIsDone(tracker: TrackerName, version: Version, step: Step): string {
  return (
    `exists (select from ${quoteProgress(tracker)} r where r.version = ${version} ` +
    `and r.statement = ${step.number} and r.state = 'done')`
  );
}

/** A cast that fails. concat() is not immutable, so the planner does not try it beforehand. */
export function raise(word: string): string {
  return `pg_catalog.concat('${sign}', '${word}')::pg_catalog.int4`;
}

/** Whether it is what `raise` raises. */
function isRaised({ code, message }: ServerMessage, word: string): boolean {
  const invalidText = "22P02";
  return code === invalidText && message.includes(`${sign}${word}`);
}

const sign = "lacuna proof: ";

export function insertInto(tracker: string): string {
  return `insert into ${tracker} (version, name, applied_at, checksum)`;
}

export function recordSql(tracker: TrackerName, migration: Migration): string {
  return (
    `${insertInto(quoteTracker(tracker))} values ` +
    `(${migration.version}, ${quoteLiteral(migration.name)}, pg_catalog.clock_timestamp(), ` +
    `${quoteLiteral(migration.up.checksum)})`
  );
}
