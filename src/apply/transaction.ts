/** One flight: sent, judged by its command tags, and tried again where a lock was in the way. */
import {
  type ApplyContext,
  type MigrationContext,
  noticesOf,
  resetSession,
  type Watch,
} from "./context.ts";
import { offsetOfPosition, type Place, placeOf } from "../core/locate.ts";
import type { Migration } from "../core/migration.ts";
import type { Kept, Problem, Stage, Signal } from "../core/problem.ts";
import { attemptLimitMs, isLockTimeout, isRetryable, pauseMs } from "../core/retry.ts";
import type { TransactionScript } from "../core/script.ts";
import type { IndexName } from "../core/statements.ts";
import type { Span } from "../core/split.ts";
import {
  type BrokenProof,
  brokenProof,
  type Flight,
  type FlightContext,
  migrationFlight,
} from "../ledger/flight.ts";
import { SqlError } from "../ports.ts";

/** A transactional migration. Undefined: it is applied, and the server's reply proves it. */
export function applyTransaction(
  script: TransactionScript,
  context: MigrationContext,
): Promise<Problem | undefined> {
  const { migration, body, statements } = script;
  const cargo: Cargo = {
    migration,
    text: body,
    bodyOffset: 0,
    statements,
    firstNumber: 1,
    of: statements.length,
    kept: { kind: "nothing" },
    indexes: script.indexes,
    compose: (flown) => migrationFlight(script, flown),
  };
  return fly(cargo, context);
}

/** What is flown, and how to speak of it when it fails. */
export interface Cargo {
  readonly migration: Migration;
  /** The file's text. */
  readonly text: string;
  /** Where in the text the flight's body begins. */
  readonly bodyOffset: number;
  /** The body's statements, as offsets in the text. */
  readonly statements: readonly Span[];
  /** The number of the body's first statement among the file's. */
  readonly firstNumber: number;
  /** How many statements the file has. */
  readonly of: number;
  readonly kept: Kept;
  /** The indexes that the proof looks at. */
  readonly indexes: readonly IndexName[];
  compose(context: FlightContext): Flight;
}

/** Sends a flight until it is proven, or has failed for good. */
export async function fly(cargo: Cargo, context: MigrationContext): Promise<Problem | undefined> {
  const { clock, reporter, interruption } = context.world;
  const { migration } = cargo;
  const startMs = clock.nowMs();
  for (let attempt = 1; ; attempt++) {
    const { signal } = interruption;
    if (signal !== undefined) return interrupted(cargo, signal);
    const lockTimeoutMs = migration.directives.lockTimeoutMs ?? attemptLimitMs(attempt);
    const flight = cargo.compose(flightContext(context, migration, lockTimeoutMs));
    const failed = await context.watch.during(lockTimeoutMs, () =>
      send(flight, migration, context),
    );
    if (failed === undefined) return undefined;
    if (!(failed instanceof SqlError)) return notProven(cargo, "reply", failed);

    if (interruption.signal !== undefined && failed.kind !== "lost") {
      return interrupted(cargo, interruption.signal);
    }
    const pause = pauseMs(lockTimeoutMs, clock.random());
    const isOver = clock.nowMs() - startMs + pause > context.lockRetryForMs;
    if (failed.kind === "lost" || isOver || !isRetryable(failed.server)) {
      return failure(cargo, flight, failed, attempt, context.watch);
    }
    reporter.report({ kind: "retrying", migration, error: failed.server, attempt, pauseMs: pause });
    await clock.sleep(pause);
    if (cargo.kept.kind === "nothing") await resetSession(context);
  }
}

function interrupted(cargo: Cargo, signal: Signal): Problem {
  return { code: "interrupted", signal, during: { id: cargo.migration.id, kept: cargo.kept } };
}

function flightContext(
  context: ApplyContext,
  migration: Migration,
  lockTimeoutMs: number,
): FlightContext {
  return {
    tracker: context.tracker,
    lockKey: context.lockKey,
    role: context.role,
    login: context.login,
    nonce: crypto.randomUUID(),
    lockTimeoutMs,
    statementTimeoutMs: migration.directives.statementTimeoutMs,
    bracket: context.session.bracket,
  };
}

/**
 * Undefined: proven. An SqlError: failed. Tags: a reply that proves nothing. Whichever it is,
 * no transaction stays open.
 */
async function send(
  flight: Flight,
  migration: Migration,
  { session, world }: ApplyContext,
): Promise<undefined | SqlError | readonly string[]> {
  try {
    const results = await session.run(flight.script, noticesOf(world, migration));
    const tags = results.map((result) => result.tag);
    const end = tags.slice(-flight.proof.length);
    if (end.join("; ") === flight.proof.join("; ")) return undefined;
    await session.undo();
    return tags;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    if (error.kind !== "lost") await session.undo().catch(() => undefined);
    return error;
  }
}

function failure(
  cargo: Cargo,
  flight: Flight,
  error: SqlError,
  attempts: number,
  { blockers }: Watch,
): Problem {
  const { id, version, up } = cargo.migration;
  if (error.kind === "lost") {
    return { code: "outcome-unknown", id, version, error: error.server };
  }
  const broken = brokenProof(error.server);
  if (broken === "index") {
    const index = cargo.indexes.map((one) => one.name).join(", ");
    return { code: "invalid-index", id, path: up.path, index };
  }
  if (broken !== undefined) return notProven(cargo, broken, []);
  const { kept } = cargo;
  const found = whereIn(cargo, flight, error);
  return {
    code: "migration-failed",
    id,
    path: up.path,
    error: error.server,
    ...found,
    kept,
    attempts,
    ...(isLockTimeout(error.server) && blockers.length > 0 ? { blockers } : {}),
  };
}

function notProven(
  cargo: Cargo,
  broken: Exclude<BrokenProof, "index"> | "reply",
  reply: readonly string[],
): Problem {
  const { id, up } = cargo.migration;
  return { code: "not-proven", id, path: up.path, broken, reply };
}

/**
 * PostgreSQL gives a position for what it parses and analyses. An error at run time (a
 * violated constraint, a division by zero) has none, but the tags that came before it say
 * which statement it was.
 */
function whereIn(
  cargo: Cargo,
  flight: Flight,
  error: SqlError,
): { readonly place: Place | undefined; readonly stage: Stage } {
  const { text, statements, bodyOffset } = cargo;
  const { position } = error.server;
  const inBody =
    position === undefined
      ? undefined
      : offsetOfPosition(text.slice(bodyOffset), position, flight.prefixLength);
  // Behind the body stands what lacuna added.
  const isOurs =
    inBody !== undefined &&
    position !== undefined &&
    position > flight.prefixLength + flight.bodyLength + 1;
  const offset = inBody === undefined || isOurs ? undefined : bodyOffset + inBody;
  const index =
    offset === undefined
      ? error.completed - flight.prefixTags
      : statements.findLastIndex((span) => span.start <= offset);
  const span = statements[index];
  if (span === undefined && offset === undefined) {
    // The suffix begins with what a COMMIT would check, and ends in front of the COMMIT.
    const behindBody = error.completed - flight.prefixTags - statements.length;
    const kind = behindBody === 0 || behindBody >= flight.suffixTags ? "commit" : "record";
    return { place: undefined, stage: { kind } };
  }
  return {
    place: placeOf(text, offset ?? span?.start ?? 0),
    stage: { kind: "statement", number: Math.max(index, 0) + cargo.firstNumber, of: cargo.of },
  };
}
