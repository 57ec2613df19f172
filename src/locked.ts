/** Work under the lock: taken by polling, released whatever happens. */
import { raiseBarrier } from "./apply/stage.ts";
import { connect } from "./connect.ts";
import { setDigest } from "./core/digest.ts";
import type { MigrationSet } from "./core/migration.ts";
import { quoteLiteral } from "./core/quote.ts";
import { barrier } from "./ledger/barrier.ts";
import type { Facts } from "./ledger/facts.ts";
import { type HeldLock, lockKeyOf, releaseLock, takeLock } from "./ledger/lock.ts";
import { type Setting, setStatements, settingsFor } from "./ledger/settings.ts";
import { type Known, readKnown, tablesScript } from "./ledger/state.ts";
import type { TrackerName } from "./core/tracker.ts";
import { Refusal, type Session, SqlError, type World } from "./ports.ts";
import { applicationNameOf } from "./product.ts";
import type { PoolerMode } from "./request.ts";

export interface Locked {
  readonly session: Session;
  readonly facts: Facts;
  readonly lockKey: bigint;
  /** What is known of the tracker, since it came with the lock. */
  readonly known: Known | undefined;
  /** What is set for the session, and again behind each reset. */
  readonly settings: readonly Setting[];
  /** What the work rests on, and did not do itself, may have to be made durable behind it. */
  readonly rest: { isUndurable: boolean };
}

interface LockedRequest {
  readonly tracker: TrackerName;
  readonly connectTimeoutMs: number;
  readonly lockWaitMs: number;
  readonly pooler: PoolerMode;
  /** Whether the digest of what is applied comes with the lock: enough where it is the set's beginning. */
  readonly asksDigest?: boolean;
}

/**
 * The lock and the work share one session, so losing one loses the other.
 * @throws Refusal where the database or the lock is not to be had.
 */
export async function withLock<T>(
  world: World,
  request: LockedRequest,
  set: MigrationSet | Promise<MigrationSet>,
  work: (locked: Locked) => Promise<T>,
): Promise<T> {
  const { tracker } = request;
  const options = {
    tracker,
    set,
    timeoutMs: request.connectTimeoutMs,
    purpose: "locking",
    pooler: request.pooler,
  } satisfies Parameters<typeof connect>[1];
  // Somebody listens: a signal does not end the process in the middle of things.
  const stopListening = world.interruption.onSignal(() => undefined);
  try {
    return await connect(world, options, (session, facts) => holding(session, facts));
  } finally {
    stopListening();
  }

  async function holding(session: Session, facts: Facts): Promise<T> {
    // Whatever runs is cancelled, and fails by itself (57014): a cancel that fails does not count.
    let isOver = false;
    const stopCancelling = world.interruption.onSignal(
      () => void cancelUntil(() => isOver, session),
    );
    try {
      return await locking(session, facts);
    } finally {
      isOver = true;
      stopCancelling();
    }
  }

  async function locking(session: Session, facts: Facts): Promise<T> {
    const key = lockKeyOf(tracker);
    const own = settingsFor(facts.server);
    const taking = takeLock(session, {
      ...world,
      key,
      waitMs: request.lockWaitMs,
      settings: setStatements(own).join("; "),
      reading: request.asksDigest === true ? tablesScript(tracker, facts, "digest") : undefined,
    });
    // A set that may not run ends the session, and the lock with it.
    taking.catch(() => undefined);
    const whole = await set;
    const settings = [...own, ...ownName(facts, whole)];
    const taken = await taking;
    const { signal } = world.interruption;
    if (!taken.held) {
      const { waitedMs, holder } = taken;
      throw new Refusal([
        signal === undefined
          ? { code: "lock-unavailable", waitedMs, holder }
          : { code: "interrupted", signal },
      ]);
    }
    // The end of the session releases it as well, a moment later; a lost one has released it already.
    const release = (): Promise<void> => releaseLock(session, taken.lock).catch(() => undefined);
    const known = taken.read && readKnown(taken.read, whole);
    const rest = { isUndurable: false };
    let result: T;
    try {
      result = await work({ session, facts, lockKey: key, known, settings, rest });
    } catch (error) {
      await release();
      throw error;
    }
    if (rest.isUndurable) await releaseDurably(session, taken.lock);
    else await release();
    return result;
  }

  /** The set's digest is part of the name, unless somebody chose another. */
  function ownName({ applicationName }: Facts, known: MigrationSet): readonly Setting[] {
    const { hostName } = world;
    if (!(set instanceof Promise) || applicationName !== applicationNameOf(undefined, hostName))
      return [];
    const digest = setDigest(known);
    const value = quoteLiteral(applicationNameOf(digest, hostName));
    return [{ name: "application_name", value }];
  }
}

/** In one message, where the server has no objection. */
async function releaseDurably(session: Session, lock: HeldLock): Promise<void> {
  try {
    await releaseLock(session, lock, barrier);
  } catch (error) {
    if (!(error instanceof SqlError) || error.kind !== "server") throw error;
    await raiseBarrier(session);
    await releaseLock(session, lock);
  }
}

/** A cancel that arrives between two statements is lost: it is sent again until all is over. */
async function cancelUntil(isOver: () => boolean, session: Session): Promise<void> {
  while (!isOver()) {
    await session.cancel().catch(() => undefined);
    await new Promise((resolve) => {
      setTimeout(resolve, 250);
    });
  }
}

/**
 * What the work found was done by others, a moment ago: one of them may have died behind a COMMIT that did not wait
 * for the disk.
 */
export function restOnOthers({ database }: World, { session, rest }: Locked): void {
  rest.isUndurable = database.canBeReopened === true && session.bracket === undefined;
}
