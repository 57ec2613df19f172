import type { TrackerName } from "../core/tracker.ts";
import { quoteIdentifier } from "../core/quote.ts";
import type { Blocker } from "../core/blockers.ts";
import type { Migration } from "../core/migration.ts";
import type { Stage } from "./stage.ts";
import type { PendingEntry } from "../core/entry.ts";
import type { Version } from "../core/version.ts";
import type { Reset } from "../ledger/convoy.ts";
import { type Setting, setStatements } from "../ledger/settings.ts";
import type { NoticeListener, Session, World } from "../ports.ts";

/** What the application of a plan works with: one session, which holds the lock. */
export interface ApplyContext {
  readonly world: World;
  readonly session: Session;
  readonly tracker: TrackerName;
  readonly lockKey: bigint;
  readonly role: string;
  readonly login: string;
  /** What is set for the session, and again behind each reset. */
  readonly settings: readonly Setting[];
  /** What may not be said yet. */
  readonly stage: Stage;
  /**
   * Waits until nothing is on its way: what was sent behind a failure has failed with it. How many.
   * @param isOfConvoy What failed was no migration, but what is in front of it or behind it.
   */
  grounded(isOfConvoy?: boolean): Promise<number>;
  /** What was sent and has no answer that can be relied on yet. */
  readonly doubts: Doubts;
  /** For how long a migration that cannot get a lock is tried again. */
  readonly lockRetryForMs: number;
}

/** What was sent, by its version: nobody knows whether it was applied once the connection is lost. */
export type Doubts = Map<Version, Doubt>;

interface Doubt {
  readonly entry: PendingEntry;
  readonly startMs: number;
  /** Its COMMIT was acknowledged: only a crash of the server takes it back. */
  isAcknowledged?: true;
}

/** The same for one migration, with somebody who looks on. */
export interface MigrationContext extends ApplyContext {
  readonly watch: Watch;
}

export interface Watch {
  /** Who was in the way of this migration when it last waited for a lock. */
  readonly blockers: readonly Blocker[];
  /** Looks on while something runs. @param lockTimeoutMs How long it may wait for a lock. */
  during<T>(lockTimeoutMs: number | undefined, work: () => Promise<T>): Promise<T>;
}

/** What lacuna's own statements say (an index that is not there) is nobody's concern. */
export function noticesOf({ reporter }: World, migration: Migration): NoticeListener {
  return (notice) => {
    reporter.report({ kind: "notice", notice, migration });
  };
}

/**
 * Nothing that a migration left in the session reaches the next one. It is a message of its
 * own, or stands behind a COMMIT: in front of a BEGIN it would belong to that transaction and be undone with it. Never
 * DISCARD ALL, which drops the runner's lock (research: mechanisms, M10).
 */
export async function resetSession({ session, ...own }: ApplyContext): Promise<void> {
  await session.run(resetScript(own));
}

export function resetScript(own: Own): string {
  return resetOf(own).script;
}

/** @param isOurselves A flight ends as who logged in. */
export function resetOf({ login, settings }: Own, isOurselves = false): Reset {
  return resetBy([
    ...(isOurselves ? [] : [`set session authorization ${quoteIdentifier(login)}`, "reset role"]),
    "reset all",
    // At once: under a statement_timeout of the role's, dropping temporary tables may take too long.
    ...setStatements(settings),
    ...leftovers,
    "deallocate all",
  ]);
}

/**
 * The same between two flights of a convoy: what is set there is what a reset does not bring back by
 * itself and a flight does not set. The statements that lacuna has prepared stay.
 */
export function resetBetween(settings: readonly Setting[]): Reset {
  const own = settings.filter(({ name }) => name !== "lock_timeout");
  return resetBy(["reset all", ...setStatements(own), ...leftovers]);
}

function resetBy(statements: readonly string[]): Reset {
  return { script: statements.join("; "), statements: statements.length };
}

const leftovers = ["close all", "unlisten *", "discard temp", "discard sequences"];

/** What a session goes back to. */
export type Own = Pick<ApplyContext, "login" | "settings">;
