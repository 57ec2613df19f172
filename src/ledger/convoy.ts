/**
 * Flights that are sent without waiting for those ahead of them: what each begins with, and what it
 * hands on.
 */
import type { Migration } from "../core/migration.ts";
import type { ServerMessage } from "../core/problem.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import { quoteTracker, type TrackerName } from "../core/tracker.ts";
import { insertInto, proofCase, raise } from "./proof.ts";

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
  /** The statement of `prepareRecord`, where the session has it. */
  readonly record: string | undefined;
}

/**
 * Whether that is an error of flying in a convoy, and none of the migration's: the turn was not handed
 * on, the guard was in the way of what the body says of its transaction, or prepared statements of a body ahead of it
 * are in its way. What the record itself raises is told by where it stands.
 */
export function isOfConvoy({ code }: ServerMessage): boolean {
  return ofConvoy.has(code);
}

/** invalid_sql_statement_name, active_sql_transaction, duplicate_prepared_statement. */
const ofConvoy: ReadonlySet<string> = new Set(["26000", "25001", "42P05"]);

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

/** What the prepared record goes by. */
export interface Record {
  /** Unguessable: a body must not prepare it itself. */
  readonly name: string;
  readonly tracker: TrackerName;
  readonly lockKey: bigint;
  /** When the session last read its configuration, in seconds: behind a reload a reset brings back something else. */
  readonly configuredAt: string;
}

/**
 * Row and proof of a flight that others follow, as a prepared statement: parsed and planned once, which
 * is most of what they cost. PostgreSQL plans it anew under another search_path, so each operator in
 * it has its schema. https://www.postgresql.org/docs/current/sql-prepare.html
 *
 * It raises before it inserts, also where the tracker has triggers or rules by now, and unless one row is inserted,
 * as it is: PostgreSQL refuses an INSERT in WITH that a rule would replace. COMMIT does not wait for the disk then.
 */
export function prepareRecord({ name, tracker, lockKey, configuredAt }: Record): string {
  const table = quoteTracker(tracker);
  const proof = proofCase("$4", lockKey, [
    "when (select c.relhastriggers or c.relhasrules or c.relkind operator(pg_catalog.<>) 'r' from pg_catalog.pg_class c " +
      `where c.oid operator(pg_catalog.=) ${quoteLiteral(table)}::pg_catalog.regclass) then ${raise(plain)}`,
    `when extract(epoch from pg_catalog.pg_conf_load_time()) operator(pg_catalog.<>) ${configuredAt} then ${raise(plain)}`,
    "when pg_catalog.set_config('synchronous_commit', 'off', true) operator(pg_catalog.=) 'off' then 0",
  ]);
  const types = "pg_catalog.numeric, pg_catalog.text, pg_catalog.text, pg_catalog.text";
  const isOurs = [
    "r.version operator(pg_catalog.=) $1",
    "r.name operator(pg_catalog.=) $2",
    "r.checksum operator(pg_catalog.=) $3",
  ].join(" and ");
  return (
    `prepare ${quoteIdentifier(name)} (${types}) as with r as (${insertInto(table)} ` +
    `select $1, $2, pg_catalog.clock_timestamp(), $3 where (${proof}) operator(pg_catalog.=) 0 ` +
    `returning version, name, checksum) select case when (select pg_catalog.count(*) from r where ${isOurs}) ` +
    `operator(pg_catalog.=) 1 then 0 else ${raise("row")} end as proof`
  );
}

export function executeRecord(
  record: string,
  { version, name, up }: Migration,
  nonce: string,
): string {
  const values = [version, ...[name, up.checksum, nonce].map(quoteLiteral)];
  return `execute ${quoteIdentifier(record)} (${values.join(", ")})`;
}

const plain = "plain";
