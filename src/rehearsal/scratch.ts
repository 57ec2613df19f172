/** A database of its own on the server, for one rehearsal. */
import { connect } from "../connect.ts";
import type { MigrationSet } from "../core/migration.ts";
import type { TrackerName } from "../core/tracker.ts";
import {
  abandonedScratches,
  claimScratch,
  createScratch,
  dropScratch,
  scratchName,
} from "../ledger/scratch.ts";
import { type Database, Refusal, type Session, SqlError, type World } from "../ports.ts";
import type { PoolerMode } from "../request.ts";

export interface ScratchOptions {
  readonly set: MigrationSet;
  readonly tracker: TrackerName;
  readonly connectTimeoutMs: number;
  readonly pooler: PoolerMode;
  /** The database of that name on the same server. */
  readonly sibling: (name: string) => Promise<Database>;
}

/**
 * Makes the database, gives it to `work`, and drops it, also after a failure or a signal. What a
 * killed run left is dropped first: its maker's lock went with its connection.
 */
export async function inScratch<T>(
  world: World,
  options: ScratchOptions,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const { set, tracker, pooler, connectTimeoutMs: timeoutMs } = options;
  // Somebody listens: a signal must not end the process before the database is dropped.
  const stopListening = world.interruption.onSignal(() => undefined);
  try {
    const connecting = { set, tracker, timeoutMs, purpose: "writing", pooler } as const;
    return await connect(world, connecting, (session) => holding(session));
  } finally {
    stopListening();
  }

  async function holding(session: Session): Promise<T> {
    const name = scratchName(crypto.randomUUID().replaceAll("-", "").slice(0, 16));
    // Before the database is there: nobody may take it for an abandoned one.
    await claimScratch(session, name);
    for (const abandoned of await abandonedScratches(session)) {
      // Somebody else's run may be dropping it just now.
      await dropScratch(session, abandoned).catch(() => undefined);
    }
    await make(session, name);
    let result: T;
    try {
      await using database = await options.sibling(name);
      result = await work(database);
    } catch (error) {
      await dropScratch(session, name).catch(() => undefined);
      throw error;
    }
    await dropOrSay(session, name);
    return result;
  }

  async function make(session: Session, name: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await createScratch(session, name);
        return;
      } catch (error) {
        // Somebody is connected to template1, as CREATE DATABASE of another run is.
        if (!(error instanceof SqlError) || error.kind === "lost") throw error;
        const { code, message } = error.server;
        if (code !== objectInUse || attempt === createAttempts) {
          throw new Refusal([{ code: "no-scratch", message: `${message} (${code})` }]);
        }
        await world.clock.sleep(500);
      }
    }
  }
}

async function dropOrSay(session: Session, name: string): Promise<void> {
  try {
    await dropScratch(session, name);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw new Refusal([{ code: "scratch-left", name, message: error.server.message }]);
  }
}

const objectInUse = "55006";
const createAttempts = 10;
