/**
 * Flights that are sent without waiting for those ahead of them: what each begins with, and what it
 * hands on.
 */
import type { Migration } from "../core/migration.ts";
import type { ServerMessage } from "../core/problem.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import { quoteTracker, type TrackerName } from "../core/tracker.ts";
import { insertInto, isRaised, proofCase, raise } from "./proof.ts";

/** What puts a session right, and how many statements that are. */
export interface Reset {
  readonly script: string;
  readonly statements: number;
}

/**
 * What a flight is to the others of a run that are sent without waiting for each other (research:
 * mechanisms, M1). Each hands on the turn to the next, behind its own COMMIT, and each that is sent
 * before the one ahead is answered begins with a guard that raises unless it has the turn. So a
 * syntax error, a failure at COMMIT, or one of the reset, ends the whole row of them.
 */
export interface Convoy {
  /** Unguessable, its own; undefined: all that is ahead was answered, and there is nothing to guard against. */
  readonly turn: string | undefined;
  /** Undefined: it is the last of the run. Without a turn what follows is none of the convoy. */
  readonly next: { readonly turn: string | undefined; readonly reset: Reset } | undefined;
  /** Whether COMMIT waits until it is on disk. */
  readonly isDurable: boolean;
  /** Whether the session has the statement of `prepareRecord`. */
  readonly isPrepared: boolean;
}

/**
 * Whether that is an error of flying in a convoy, and none of the migration's: the turn was not handed
 * on, the guard was in the way of what the body says of its transaction, or the prepared record is not
 * to be had. PostgreSQL names the statement in every language.
 */
export function isOfConvoy(error: ServerMessage): boolean {
  const [noSuchStatement, activeTransaction] = ["26000", "25001"];
  if (error.code === activeTransaction) return true;
  const isMissing =
    error.code === noSuchStatement &&
    [turnName(""), recordName].some((name) => error.message.includes(name));
  return isMissing || isRaised(error, plain);
}

/**
 * The turn is a prepared statement, and who has none cannot deallocate it: that takes the server a
 * quarter of what a SELECT would. It takes a snapshot all the same, so it stands in front of bodies alone
 * that do not mind one (core/pipelining.ts).
 * https://www.postgresql.org/docs/current/sql-deallocate.html
 */
export function guard(convoy: Convoy | undefined): readonly string[] {
  if (convoy?.turn === undefined) return [];
  return [`deallocate ${quoteIdentifier(turnName(convoy.turn))}`];
}

/** At most 63 bytes: PostgreSQL cuts off the rest of a name. */
function turnName(turn: string): string {
  return `lacuna turn ${turn}`;
}

/**
 * Behind the COMMIT, in a transaction that is not the migration's: nothing that this one left in the
 * session reaches the next.
 */
export function handOn(convoy: Convoy | undefined): Reset {
  const { next } = convoy ?? {};
  if (next === undefined) return { script: "", statements: 0 };
  const { script, statements } = next.reset;
  if (next.turn === undefined) return { script: `; ${script}`, statements };
  const turn = `prepare ${quoteIdentifier(turnName(next.turn))} as select`;
  return { script: `; ${script}; ${turn}`, statements: statements + 1 };
}

/**
 * Row and proof of a flight that others follow, as a prepared statement: parsed and planned once, which
 * is most of what they cost. PostgreSQL plans it anew under another search_path, so each operator in
 * it has its schema. https://www.postgresql.org/docs/current/sql-prepare.html
 *
 * It raises before it inserts, and looks for triggers and rules too: without them the row stays as it
 * is, and `INSERT 0 1` proves it. COMMIT does not wait for the disk then.
 */
export function prepareRecord(tracker: TrackerName, lockKey: bigint): Reset {
  const name = quoteTracker(tracker);
  const proof = proofCase("$4", lockKey, [
    "when (select c.relhastriggers or c.relhasrules from pg_catalog.pg_class c " +
      `where c.oid operator(pg_catalog.=) ${quoteLiteral(name)}::pg_catalog.regclass) then ${raise(plain)}`,
    "when pg_catalog.set_config('synchronous_commit', 'off', true) operator(pg_catalog.=) 'off' then 0",
  ]);
  const types = "pg_catalog.numeric, pg_catalog.text, pg_catalog.text, pg_catalog.text";
  const script =
    `deallocate all; prepare ${quoteIdentifier(recordName)} (${types}) as ${insertInto(name)} ` +
    `select $1, $2, pg_catalog.clock_timestamp(), $3 where (${proof}) operator(pg_catalog.=) 0`;
  return { script, statements: 2 };
}

export function executeRecord({ version, name, up }: Migration, nonce: string): string {
  const values = [version, ...[name, up.checksum, nonce].map(quoteLiteral)];
  return `execute ${quoteIdentifier(recordName)} (${values.join(", ")})`;
}

const recordName = "lacuna record";
const plain = "plain";
