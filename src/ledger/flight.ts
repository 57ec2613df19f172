/**
 * The messages that apply something: text, composed and never sent here.
 *
 * A migration travels as one simple-protocol message: BEGIN, the body, its row, the proof,
 * COMMIT. It either happens wholly or not at all, and its last command tags say which
 * (research: mechanisms, M1).
 */
import type { Migration } from "../core/migration.ts";
import type { Bracket } from "../ports.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import type { Step, TransactionScript } from "../core/script.ts";
import { quoteProgress, type TrackerName } from "../core/tracker.ts";
import type { Version } from "../core/version.ts";
import { type Convoy, executeRecord, guard, handOn } from "./convoy.ts";
import { proofSql, recordSql, rowExists, stepIsDone } from "./proof.ts";

export interface Flight {
  readonly script: string;
  /** What stands in front of the body: PostgreSQL's positions count from the message's start. */
  readonly prefix: string;
  readonly body: string;
  /** Command tags that the reply has in front of the body's. */
  readonly prefixTags: number;
  /** Command tags between the body's and that of COMMIT. */
  readonly suffixTags: number;
  /** The tags a reply must end in. Nothing else proves that the flight was recorded. */
  readonly proof: readonly string[];
  /** Whether row and proof are the prepared record. */
  readonly isPrepared: boolean;
  /** Command tags behind those: of what hands on to the next flight. */
  readonly tailTags: number;
}

export interface FlightContext {
  readonly tracker: TrackerName;
  readonly lockKey: bigint;
  /** Who logged in. */
  readonly login: string;
  /** The role that the login has, in SET ROLE's words: `none` or a role. */
  readonly role: string;
  /** Unguessable, new for each flight. */
  readonly nonce: string;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number | undefined;
  readonly bracket: Bracket | undefined;
  readonly convoy?: Convoy;
}

/**
 * A transactional migration: body and row in one transaction.
 *
 * Of one that others follow, row and proof are a prepared statement (`prepareRecord`).
 */
export function migrationFlight(script: TransactionScript, context: FlightContext): Flight {
  // Only SET LOCAL stands in front of the body, so that a body may begin with SET TRANSACTION.
  const characteristics =
    script.characteristics === undefined ? [] : [`set transaction ${script.characteristics}`];
  const prefix = [...opening(context), ...guard(context.convoy), ...characteristics];
  const { tracker, convoy } = context;
  const isShort = convoy?.isDurable === false && script.indexes.length === 0;
  const prepared = isShort ? convoy.record : undefined;
  const suffix = [
    // Deferred triggers are the body's: they run under its role and its search_path.
    bracketOf(context).settle,
    // For the session, not SET LOCAL: whatever the body set for it ends with the body.
    `set session authorization ${quoteIdentifier(context.login)}`,
    "reset role",
    ...(prepared !== undefined
      ? [executeRecord(prepared, script.migration, context.nonce)]
      : [
          "set local search_path = pg_catalog",
          recordSql(tracker, script.migration),
          ...settledOwn(context),
          proofSql(context, rowExists(tracker, script.migration), script.indexes),
        ]),
  ];
  return flight(context, prefix, script.body, suffix, prepared !== undefined);
}

/** A statement of a `no-transaction` file that can run in a transaction: exactly once. */
export function stepFlight(version: Version, step: Step, context: FlightContext): Flight {
  return flight(context, opening(context), step.sql, [
    bracketOf(context).settle,
    ...asOurselves(context),
    doneSql(context.tracker, version, step),
    proofSql(context, stepIsDone(context.tracker, version, step)),
  ]);
}

/** What precedes a statement that cannot run in a transaction, or that ends its own. */
export function startedFlight(version: Version, step: Step, context: FlightContext): Flight {
  const progress = quoteProgress(context.tracker);
  return flight(context, opening(context), "", [
    ...asOurselves(context),
    `insert into ${progress} (version, statement, digest, state, invalid_before, started_at) ` +
      `select ${version}, ${step.number}, ${quoteLiteral(step.digest)}, 'started', ` +
      "array(select i.indexrelid from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid " +
      "where not i.indisvalid and c.relkind = 'i'), pg_catalog.clock_timestamp() " +
      // Started before and looked at since: what was INVALID then is what counts.
      "on conflict (version, statement) do update set digest = excluded.digest",
    proofSql(context, "true"),
  ]);
}

export function doneFlight(version: Version, step: Step, context: FlightContext): Flight {
  return flight(context, opening(context), "", [
    ...asOurselves(context),
    doneSql(context.tracker, version, step),
    proofSql(context, stepIsDone(context.tracker, version, step)),
  ]);
}

/** The row of a `no-transaction` file; its progress goes in the same transaction. */
export function recordFlight(migration: Migration, context: FlightContext): Flight {
  return flight(context, opening(context), "", [
    ...asOurselves(context),
    `delete from ${quoteProgress(context.tracker)} where version = ${migration.version}`,
    recordSql(context.tracker, migration),
    proofSql(context, rowExists(context.tracker, migration)),
  ]);
}

const transaction: Bracket = {
  open: "begin",
  // Only our own statements come behind it, so it cannot fail a later statement that would be
  // right at COMMIT; and a deferred trigger on the tracker has to show itself to the proof.
  settle: "set constraints all immediate",
  close: "commit",
  closeTag: "COMMIT",
};

function bracketOf({ bracket }: FlightContext): Bracket {
  return bracket ?? transaction;
}

/** A deferred trigger on the tracker; and what the body's role was not allowed to settle. */
function settledOwn(context: FlightContext): readonly string[] {
  const { settleOwn } = bracketOf(context);
  return settleOwn === undefined ? [] : [settleOwn];
}

function flight(
  context: FlightContext,
  prefix: readonly string[],
  body: string,
  suffix: readonly string[],
  isPrepared = false,
): Flight {
  const { close, closeTag } = bracketOf(context);
  const tail = handOn(context.convoy);
  const head = `${prefix.join("; ")}; `;
  return {
    // The line end closes a comment that the body ends in; the semicolon its last statement.
    script: `${head}${body}\n; ${suffix.join("; ")}; ${close}${tail.script}`,
    prefix: head,
    body,
    prefixTags: prefix.length,
    suffixTags: suffix.length,
    proof: isPrepared
      ? ["SELECT 1", closeTag]
      : ["INSERT 0 1", ...settledOwn(context).map(() => "DO"), "SELECT 1", closeTag],
    isPrepared,
    tailTags: tail.statements,
  };
}

function opening(context: FlightContext): readonly string[] {
  const { statementTimeoutMs } = context;
  return [
    bracketOf(context).open,
    `set local lacuna.marker = ${quoteLiteral(context.nonce)}`,
    `set local lock_timeout = ${context.lockTimeoutMs}`,
    ...(statementTimeoutMs === undefined
      ? []
      : [`set local statement_timeout = ${statementTimeoutMs}`]),
  ];
}

/**
 * For the statements of a `no-transaction` file, whose session settings have to outlive the
 * transaction: SET LOCAL steps in front of them and gives way again at COMMIT.
 */
function asOurselves({ login, role }: FlightContext): readonly string[] {
  return [
    `set local session authorization ${quoteIdentifier(login)}`,
    `set local role ${role === "none" ? "none" : quoteIdentifier(role)}`,
    "set local search_path = pg_catalog",
  ];
}

function doneSql(tracker: TrackerName, version: Version, step: Step): string {
  return (
    `insert into ${quoteProgress(tracker)} (version, statement, digest, state, started_at) values ` +
    `(${version}, ${step.number}, ${quoteLiteral(step.digest)}, 'done', pg_catalog.clock_timestamp()) ` +
    "on conflict (version, statement) do update set state = 'done', digest = excluded.digest"
  );
}
