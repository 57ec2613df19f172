import type { TrackerName } from "../core/tracker.ts";
import { quoteIdentifier } from "../core/quote.ts";
import type { Blocker } from "../core/blockers.ts";
import type { Migration } from "../core/migration.ts";
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
  readonly settings: string;
  /** For how long a migration that cannot get a lock is tried again. */
  readonly lockRetryForMs: number;
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
 * own: in front of a BEGIN it would belong to that transaction and be undone with it. Never
 * DISCARD ALL, which drops the runner's lock (research: mechanisms, M10).
 */
export async function resetSession({ session, ...own }: ApplyContext): Promise<void> {
  await session.run(resetScript(own));
}

export function resetScript({ login, settings }: Pick<ApplyContext, "login" | "settings">): string {
  return (
    `set session authorization ${quoteIdentifier(login)}; reset role; reset all; close all; deallocate all; ` +
    `unlisten *; discard temp; discard sequences; ${settings}`
  );
}
