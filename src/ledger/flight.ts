/**
 * The messages that apply something: text, composed and never sent here.
 *
 * A migration travels as one simple-protocol message: BEGIN, the body, its row, the proof,
 * COMMIT. It either happens wholly or not at all, and its last command tags say which
 * (research: mechanisms, M1).
 */
import type { Migration } from "../core/migration.ts";
import type { Bracket } from "../ports.ts";
import type { ServerMessage } from "../core/problem.ts";
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import type { IndexName } from "../core/statements.ts";
import type { Step, TransactionScript } from "../core/script.ts";
import { quoteProgress, quoteTracker, type TrackerName } from "../core/tracker.ts";
import type { Version } from "../core/version.ts";
import { stillHolds } from "./lock.ts";

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
  /** Unguessable, its own; undefined: all that is ahead was answered, and nothing has to be guarded. */
  readonly turn: string | undefined;
  /** Undefined: nothing follows. */
  readonly next: { readonly turn: string; readonly reset: Reset } | undefined;
  /** Whether COMMIT waits until it is on disk. */
  readonly isDurable: boolean;
  /** Whether the tracker has neither triggers nor rules: what is inserted stays. */
  readonly isPlain: boolean;
}

/**
 * A transactional migration: body and row in one transaction.
 *
 * Of one that others follow, the INSERT itself is the proof, by what it returns: a row that was
 * inserted as it is. That takes the server half the time. A trigger could still take the row away,
 * so it is for trackers that have none (migrate.ts) and runs in which no body so far may have made one
 * (core/pipelining.ts), and the last of a run looks at its row again.
 */
export function migrationFlight(script: TransactionScript, context: FlightContext): Flight {
  // Only SET LOCAL stands in front of the body, so that a body may begin with SET TRANSACTION.
  const characteristics =
    script.characteristics === undefined ? [] : [`set transaction ${script.characteristics}`];
  const prefix = [...opening(context), ...guard(context), ...characteristics];
  const { tracker, convoy } = context;
  const record = recordSql(tracker, script.migration);
  const isEarly = convoy?.isDurable === false && convoy.isPlain && script.indexes.length === 0;
  const suffix = [
    // Deferred triggers are the body's: they run under its role and its search_path.
    bracketOf(context).settle,
    // For the session, not SET LOCAL: whatever the body set for it ends with the body.
    `set session authorization ${quoteIdentifier(context.login)}`,
    "reset role",
    "set local search_path = pg_catalog",
    ...(isEarly
      ? [
          "set local synchronous_commit = off",
          `${record} returning ${proofCase(context, [])} as proof`,
        ]
      : [
          record,
          ...settledOwn(context),
          proofSql(context, rowExists(tracker, script.migration), script.indexes),
        ]),
  ];
  return flight(context, prefix, script.body, suffix, isEarly);
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

export type BrokenProof = "turn" | "transaction" | "lock" | "row" | "index";

/** Which part of the proof raised, told by the word in PostgreSQL's complaint about the cast. */
export function brokenProof(error: ServerMessage): BrokenProof | undefined {
  const invalidText = "22P02";
  if (error.code !== invalidText) return undefined;
  const word = /lacuna proof: (turn|transaction|lock|row|index)/.exec(error.message)?.[1];
  return word as BrokenProof | undefined;
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
  isProvenByRow = false,
): Flight {
  const { close, closeTag } = bracketOf(context);
  const tail = handOn(context);
  const head = `${prefix.join("; ")}; `;
  return {
    // The line end closes a comment that the body ends in; the semicolon its last statement.
    script: `${head}${body}\n; ${suffix.join("; ")}; ${close}${tail.script}`,
    prefix: head,
    body,
    prefixTags: prefix.length,
    suffixTags: suffix.length,
    proof: [
      "INSERT 0 1",
      ...settledOwn(context).map(() => "DO"),
      ...(isProvenByRow ? [] : ["SELECT 1"]),
      closeTag,
    ],
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

/** A query, so it stands in front of bodies alone that do not mind one (core/pipelining.ts). */
function guard({ convoy }: FlightContext): readonly string[] {
  if (convoy?.turn === undefined) return [];
  return [
    "select case when coalesce(pg_catalog.current_setting('lacuna.turn', true), '') " +
      `operator(pg_catalog.=) ${quoteLiteral(convoy.turn)} then 0 else ${raise("turn")} end as turn`,
  ];
}

/**
 * Behind the COMMIT, in a transaction that is not the migration's: nothing that this one left in the
 * session reaches the next.
 */
function handOn({ convoy }: FlightContext): Reset {
  const { next } = convoy ?? {};
  if (next === undefined) return { script: "", statements: 0 };
  const { script, statements } = next.reset;
  const turn = `set lacuna.turn = ${quoteLiteral(next.turn)}`;
  return { script: `; ${script}; ${turn}`, statements: statements + 1 };
}

/** A cast that fails. concat() is not immutable, so the planner does not try it beforehand. */
function raise(word: BrokenProof): string {
  return `pg_catalog.concat('lacuna proof: ', '${word}')::pg_catalog.int4`;
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

function recordSql(tracker: TrackerName, migration: Migration): string {
  return (
    `insert into ${quoteTracker(tracker)} (version, name, applied_at, checksum) values ` +
    `(${migration.version}, ${quoteLiteral(migration.name)}, pg_catalog.clock_timestamp(), ` +
    `${quoteLiteral(migration.up.checksum)})`
  );
}

function doneSql(tracker: TrackerName, version: Version, step: Step): string {
  return (
    `insert into ${quoteProgress(tracker)} (version, statement, digest, state, started_at) values ` +
    `(${version}, ${step.number}, ${quoteLiteral(step.digest)}, 'done', pg_catalog.clock_timestamp()) ` +
    "on conflict (version, statement) do update set state = 'done', digest = excluded.digest"
  );
}

function rowExists(tracker: TrackerName, migration: Migration): string {
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

function stepIsDone(tracker: TrackerName, version: Version, step: Step): string {
  return (
    `exists (select from ${quoteProgress(tracker)} r where r.version = ${version} ` +
    `and r.statement = ${step.number} and r.state = 'done')`
  );
}

/**
 * One SELECT that raises unless the transaction is still the one that was begun, this backend
 * holds the lock and the row is there. It raises by a cast that fails: no function has to be
 * made for it, and a WHERE that finds nothing would not stop the COMMIT.
 *
 * It also takes back a `synchronous_commit = off` of the body: what is acknowledged is durable.
 */
function proofSql(context: FlightContext, row: string, indexes: readonly IndexName[] = []): string {
  const isDurable = context.convoy?.isDurable ?? true;
  const [wrong, right] = isDurable ? ["= 'off'", "on"] : ["<> 'off'", "off"];
  const proof = proofCase(context, [
    `when not ${row} then ${raise("row")}`,
    ...indexes.map((index) => `when ${isInvalid(index)} then ${raise("index")}`),
    `when pg_catalog.current_setting('synchronous_commit') ${wrong} ` +
      `then pg_catalog.length(pg_catalog.set_config('synchronous_commit', '${right}', true))`,
  ]);
  return `select ${proof} as proof`;
}

function proofCase({ nonce, lockKey }: FlightContext, others: readonly string[]): string {
  return [
    "case",
    `when pg_catalog.current_setting('lacuna.marker', true) is distinct from ${quoteLiteral(nonce)} ` +
      `then ${raise("transaction")}`,
    `when not ${stillHolds(lockKey)} then ${raise("lock")}`,
    ...others,
    "else 0 end",
  ].join(" ");
}
