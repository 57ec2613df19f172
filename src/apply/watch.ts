/**
 * A look, from a second session, at who is in the way of a migration that waits for a lock: said
 * while it waits, before a lock timeout ends the attempt.
 *
 * The session is opened when something has run for a while and closed behind the migration; a
 * quick migration costs none. One that is not to be had is no failure of the run.
 */
import { type Blocker, isWorthSaying, lookAfterMs } from "../core/blockers.ts";
import type { Migration } from "../core/migration.ts";
import { deferred } from "../deferred.ts";
import { isDurableBeside } from "../ledger/barrier.ts";
import { readWait, watcherSettings } from "../ledger/blockers.ts";
import { Refusal, type Session, SqlError } from "../ports.ts";
import { applicationNameOf } from "../product.ts";
import type { ApplyContext, MigrationContext, Watch } from "./context.ts";

/** Runs `work` with a watch on the migration, and ends it behind the work. */
export async function watched<T>(
  context: ApplyContext,
  migration: Migration,
  work: (context: MigrationContext) => Promise<T>,
): Promise<T> {
  const watcher = watcherOf(context, migration);
  try {
    return await work({ ...context, watch: watcher.watch });
  } finally {
    await watcher.close();
  }
}

function watcherOf(
  { world, lockKey, stage, session: runner }: ApplyContext,
  migration: Migration,
): { readonly watch: Watch; close(): Promise<void> } {
  const { database, clock, reporter } = world;
  const closing = deferred<void>();
  let opening: Promise<Session | undefined> | undefined;
  let ended: Promise<void> = Promise.resolve();
  let looking: Promise<void> = Promise.resolve();
  let lastSeen: readonly Blocker[] = [];
  let said = { blockers: lastSeen, times: 0, atMs: 0 };

  const open = (): Promise<Session | undefined> => {
    const { promise, resolve } = deferred<Session | undefined>();
    const options = {
      opening: watcherSettings,
      applicationName: applicationNameOf("watcher", world.hostName),
      connectTimeoutMs: 2000,
      extensions: [],
    };
    ended = database
      .session(options, async (session) => {
        resolve(session);
        await closing.promise;
      })
      .catch(unlessExpected)
      .finally(() => {
        resolve(undefined);
      });
    return promise;
  };

  const look = async (startMs: number, isOver: () => boolean): Promise<void> => {
    opening ??= open();
    const session = await opening;
    if (session === undefined || isOver()) return;
    // What is applied by now need not wait, to be said, for the end of what runs so long.
    await stage.releaseIf(() => isDurableBeside(session, lockKey, runner.backendPid));
    if (isOver()) return;
    const { blockers, phase } = await readWait(session, lockKey);
    if (isOver() || blockers.length === 0) return;
    lastSeen = blockers;
    const nowMs = clock.nowMs();
    if (!isWorthSaying(blockers, { ...said, agoMs: nowMs - said.atMs })) return;
    said = { blockers, times: said.times + 1, atMs: nowMs };
    reporter.report({ kind: "blocked", migration, blockers, phase, runningMs: nowMs - startMs });
  };

  const watch: Watch = {
    get blockers() {
      return lastSeen;
    },
    async during(lockTimeoutMs, work) {
      if (database.hasManySessions !== true) return work();
      const over = deferred<void>();
      let isOver = false;
      const startMs = clock.nowMs();
      const before = looking;
      const lookAgain = async (): Promise<void> => {
        await before;
        for (let number = 0; ; number++) {
          await pause(lookAfterMs(number, lockTimeoutMs), over.promise);
          if (isOver) return;
          await look(startMs, () => isOver);
        }
      };
      // A look that fails is the last one of this message.
      looking = lookAgain().catch(unlessExpected);
      try {
        return await work();
      } finally {
        isOver = true;
        over.resolve();
      }
    },
  };
  return {
    watch,
    async close() {
      closing.resolve();
      await looking;
      await ended;
    },
  };
}

function unlessExpected(error: unknown): void {
  if (!(error instanceof SqlError) && !(error instanceof Refusal)) throw error;
}

/** Unlike the clock's sleep it goes on while a run is being interrupted, and keeps nothing alive. */
async function pause(milliseconds: number, over: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([time, over]);
  clearTimeout(timer);
}
