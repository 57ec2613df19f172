/** One flight: sent, judged by its command tags, and tried again where a lock was in the way. */
import {
  type ApplyContext,
  type MigrationContext,
  noticesOf,
  resetSession,
  type Watch,
} from "./context.ts";
import { codePointsIn, offsetOfPosition, type Place, placeOf } from "../core/locate.ts";
import type { Migration } from "../core/migration.ts";
import type { Kept, Problem, ServerMessage, Stage, Signal } from "../core/problem.ts";
import { attemptLimitMs, isLockTimeout, isRetryable, pauseMs } from "../core/retry.ts";
import type { TransactionScript } from "../core/script.ts";
import type { IndexName } from "../core/statements.ts";
import type { Span } from "../core/split.ts";
import { type Convoy, isOfConvoy } from "../ledger/convoy.ts";
import { type Flight, type FlightContext, migrationFlight } from "../ledger/flight.ts";
import { type BrokenProof, brokenProof } from "../ledger/proof.ts";
import { type NoticeListener, type Session, SqlError } from "../ports.ts";

/** A transactional migration. Undefined: it is applied, and the server's reply proves it. */
export function applyTransaction(
  script: TransactionScript,
  context: MigrationContext,
  sent?: Sent,
): Promise<Problem | undefined> {
  return fly(cargoOf(script), context, sent);
}

export function cargoOf(script: TransactionScript): Cargo {
  const { migration, body, statements } = script;
  return {
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

/** A flight that is on its way already. */
export interface Sent {
  readonly flight: Flight;
  readonly isDurable: boolean;
  readonly reply: Promise<Reply>;
  /** What the server says beside its answer is told from now on; until then it is kept. */
  readonly listen: () => void;
}

/** Sends a flight until it is proven, or has failed for good. @param sent Its first attempt. */
export async function fly(
  cargo: Cargo,
  context: MigrationContext,
  sent?: Sent,
): Promise<Problem | undefined> {
  const { clock, interruption } = context.world;
  const { migration } = cargo;
  const startMs = clock.nowMs();
  let ahead = sent;
  for (let attempt = 1; ; attempt++) {
    if (ahead === undefined && interruption.signal !== undefined)
      return interrupted(cargo, interruption.signal);
    const lockTimeoutMs = migration.directives.lockTimeoutMs ?? attemptLimitMs(attempt);
    const { flight, reply, listen } = ahead ?? launch(cargo, context, lockTimeoutMs);
    listen();
    const { failed } = await context.watch.during(lockTimeoutMs, () => reply);
    if (failed === undefined) return undefined;

    // What was sent behind it has failed with it, and no transaction stays open.
    const isOurs =
      ahead !== undefined && failed instanceof SqlError && isOfFlight(failed, flight, cargo);
    await context.grounded(isOurs);
    ahead = undefined;
    if (!(failed instanceof SqlError)) {
      await context.session.undo();
      return notProven(cargo, "reply", failed);
    }
    if (failed.kind !== "lost") await context.session.undo().catch(() => undefined);
    if (interruption.signal !== undefined && failed.kind !== "lost") {
      return interrupted(cargo, interruption.signal);
    }
    if (isOurs) {
      // None of the migration's: it goes again, alone.
      await resetSession(context);
      attempt--;
      continue;
    }
    const pause = pauseMs(lockTimeoutMs, clock.random());
    const isOver = clock.nowMs() - startMs + pause > context.lockRetryForMs;
    if (failed.kind === "lost" || isOver || !isRetryable(failed.server)) {
      return failure(cargo, flight, failed, attempt, context.watch);
    }
    await context.stage.settle(context.session);
    const retrying = { migration, error: failed.server, attempt, pauseMs: pause };
    context.stage.report({ kind: "retrying", ...retrying });
    await clock.sleep(pause);
    if (cargo.kept.kind === "nothing") await resetSession(context);
  }
}

/**
 * Whether it was sent too early, or the prepared record was in its way: then the proof that looks for itself judges.
 */
function isOfFlight({ kind, server, tags }: SqlError, flight: Flight, cargo: Cargo): boolean {
  if (kind === "lost") return false;
  if (isOfConvoy(server)) return true;
  const inFront = flight.prefixTags + cargo.statements.length + flight.suffixTags - 1;
  const broken = brokenProof(server);
  // Those two are the body's doing, whoever looks.
  return (
    flight.isPrepared && tags.length === inFront && broken !== "transaction" && broken !== "lock"
  );
}

function interrupted(cargo: Cargo, signal: Signal): Problem {
  return { code: "interrupted", signal, during: { id: cargo.migration.id, kept: cargo.kept } };
}

/** Composes a flight and sends it. */
export function launch(
  cargo: Cargo,
  context: ApplyContext,
  lockTimeoutMs: number,
  convoy?: Convoy,
): Sent {
  const { migration } = cargo;
  const flight = cargo.compose({
    tracker: context.tracker,
    lockKey: context.lockKey,
    role: context.role,
    login: context.login,
    nonce: crypto.randomUUID(),
    lockTimeoutMs,
    statementTimeoutMs: migration.directives.statementTimeoutMs,
    bracket: context.session.bracket,
    ...(convoy === undefined ? {} : { convoy }),
  });
  const isDurable = convoy?.isDurable ?? true;
  const notices = keptNotices(noticesOf(context.world, migration));
  const reply = transmit(flight, cargo, context.session, notices.listener);
  return { flight, isDurable, reply, listen: notices.listen };
}

/** What became of a flight. */
interface Reply {
  /** Undefined: it is proven. An SqlError: it failed. Tags: a reply that proves nothing. */
  readonly failed: undefined | SqlError | readonly string[];
  /** Whether the session was reset behind it, and the turn handed on. */
  readonly handsOn: boolean;
}

/** What a flight's notices say is told behind the migration ahead of it. */
function keptNotices(tell: NoticeListener): {
  readonly listener: NoticeListener;
  readonly listen: () => void;
} {
  let kept: ServerMessage[] | undefined = [];
  return {
    listener(notice) {
      if (kept === undefined) tell(notice);
      else kept.push(notice);
    },
    listen() {
      const early = kept ?? [];
      kept = undefined;
      early.forEach(tell);
    },
  };
}

async function transmit(
  flight: Flight,
  cargo: Cargo,
  session: Session,
  listener: NoticeListener,
): Promise<Reply> {
  try {
    const results = await session.run(flight.script, listener);
    const tags = results.map((result) => result.tag);
    const isProven = provesAt(tags.length - flight.tailTags, tags, flight);
    return { failed: isProven ? undefined : tags, handsOn: isProven && flight.tailTags > 0 };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    // What comes behind its COMMIT is no part of it: the one that stands where the flight's own does.
    const end = flight.prefixTags + cargo.statements.length + flight.suffixTags + 1;
    const isProven = error.tags.length >= end && provesAt(end, error.tags, flight);
    return { failed: isProven ? undefined : error, handsOn: false };
  }
}

/** Whether the tags in front of a place are those that prove a flight. */
function provesAt(end: number, tags: readonly string[], { proof }: Flight): boolean {
  return (
    end >= proof.length && proof.every((tag, index) => tags[end - proof.length + index] === tag)
  );
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
  const prefixLength = codePointsIn(flight.prefix);
  const inBody =
    position === undefined
      ? undefined
      : offsetOfPosition(text.slice(bodyOffset), position, prefixLength);
  // Behind the body stands what lacuna added.
  const isOurs =
    inBody !== undefined &&
    position !== undefined &&
    position > prefixLength + codePointsIn(flight.body) + 1;
  const offset = inBody === undefined || isOurs ? undefined : bodyOffset + inBody;
  const index =
    offset === undefined
      ? error.tags.length - flight.prefixTags
      : statements.findLastIndex((span) => span.start <= offset);
  const span = statements[index];
  if (span === undefined && offset === undefined) {
    // The suffix begins with what a COMMIT would check, and ends in front of the COMMIT.
    const behindBody = error.tags.length - flight.prefixTags - statements.length;
    const kind = behindBody === 0 || behindBody >= flight.suffixTags ? "commit" : "record";
    return { place: undefined, stage: { kind } };
  }
  return {
    place: placeOf(text, offset ?? span?.start ?? 0),
    stage: { kind: "statement", number: Math.max(index, 0) + cargo.firstNumber, of: cargo.of },
  };
}
