/** Getting a session, and waiting for a database that is not there yet. */
import { setDigest } from "./core/digest.ts";
import { extensionsAskedFor } from "./core/extensions.ts";
import type { MigrationSet } from "./core/migration.ts";
import { isNotThereYet, pollMs } from "./core/retry.ts";
import type { TrackerName } from "./core/tracker.ts";
import { type Facts, openingScript, readFacts } from "./ledger/facts.ts";
import { type Access, setStatements, settingsFor, settingsOfMessage } from "./ledger/settings.ts";
import { demandSessionMode, isBehindPooler } from "./pooler.ts";
import { type Interruption, Refusal, type Session, SqlError, type World } from "./ports.ts";
import { applicationNameOf } from "./product.ts";
import type { PoolerMode } from "./request.ts";

export interface ConnectOptions {
  readonly tracker: TrackerName;
  /** One that is still being read is known when `work` begins, unless that takes the lock. */
  readonly set: MigrationSet | Promise<MigrationSet>;
  /** How long to wait for a database that is not there yet. */
  readonly timeoutMs: number;
  /**
   * `reading` takes a standby as it is, and sets nothing for the session. `writing` waits for it to
   * be promoted, and sets what `settingsFor` says; `locking` does too, and leaves that to `takeLock`.
   */
  readonly purpose: "reading" | "writing" | "locking";
  /** What is said of a pooler: where its mode cannot be found out, `writing` goes by it. */
  readonly pooler: PoolerMode;
  /** `read only`: the server refuses whatever would write. Left out, it may be written. */
  readonly access?: Access;
}

/**
 * Runs `work` in one session. Refused connections, unknown hosts and servers that start up
 * are tried again until the time is over; a wrong password or database fails at once.
 * @throws Refusal where no session is to be had.
 */
export async function connect<T>(
  world: World,
  options: ConnectOptions,
  work: (session: Session, facts: Facts) => Promise<T>,
): Promise<T> {
  const { clock, database, reporter } = world;
  const startMs = clock.nowMs();
  for (let attempt = 1; ; attempt++) {
    const leftMs = options.timeoutMs - (clock.nowMs() - startMs);
    const tried = await attemptOnce(world, options, Math.max(leftMs, shortestAttemptMs), work);
    if (tried.kind === "done") return tried.value;

    const { signal } = world.interruption;
    if (signal !== undefined) throw new Refusal([{ code: "interrupted", signal }]);
    // Files that may not run are not waited for.
    await options.set;
    const waitedMs = clock.nowMs() - startMs;
    const pause = pollMs(attempt, clock.random());
    if (waitedMs + pause >= options.timeoutMs) {
      throw new Refusal([
        tried.reason === "standby"
          ? { code: "standby", target: database.label, waitedMs }
          : { code: "cannot-connect", target: database.label, message: tried.reason, waitedMs },
      ]);
    }
    if (attempt === 1) {
      const reason = tried.reason === "standby" ? "it is a standby" : tried.reason;
      reporter.report({ kind: "waiting-for-database", database: database.label, reason });
    }
    await clock.sleep(pause);
  }
}

/**
 * A session for a command that only reads: no lock, and a standby will do. `read only` is for those
 * that are never to write, whatever they ask: the server keeps them from it.
 */
export function connectToRead<T>(
  world: World,
  request: { readonly tracker: TrackerName; readonly connectTimeoutMs: number },
  set: MigrationSet,
  work: (session: Session, facts: Facts) => Promise<T>,
  access: Access = "writing",
): Promise<T> {
  const { tracker, connectTimeoutMs: timeoutMs } = request;
  const options = {
    tracker,
    set,
    timeoutMs,
    purpose: "reading",
    pooler: "auto",
    access,
  } as const;
  return connect(world, options, work);
}

/** One attempt for a command that comes back by itself: nothing is waited for, nothing is said. */
export function connectOnceToRead<T>(
  world: World,
  request: { readonly tracker: TrackerName; readonly limitMs: number },
  set: MigrationSet,
  work: (session: Session, facts: Facts) => Promise<T>,
): Promise<Tried<T>> {
  const silent = { ...world, reporter: { report: (): void => undefined } };
  const { tracker, limitMs } = request;
  const options = {
    tracker,
    set,
    timeoutMs: limitMs,
    purpose: "reading",
    pooler: "auto",
  } as const;
  return attemptOnce(silent, options, limitMs, work);
}

type Tried<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "not yet"; readonly reason: string };

async function attemptOnce<T>(
  world: World,
  options: ConnectOptions,
  limitMs: number,
  work: (session: Session, facts: Facts) => Promise<T>,
): Promise<Tried<T>> {
  const { database, reporter } = world;
  const { set } = options;
  // A failure of the work is not a failure to connect, though both leave by the same door.
  let isWorking = false;
  const sessionOptions = {
    opening: openingScript(options.tracker, options.access),
    applicationName: applicationNameOf(
      set instanceof Promise ? undefined : setDigest(set),
      world.hostName,
    ),
    // A rehearsal's database is dropped behind it, and for that the server waits for all sessions.
    endsUnlocked: options.purpose === "locking" && database.canBeReopened === true,
    connectTimeoutMs: Math.round(Math.min(limitMs, longestAttemptMs)),
    interruption: set instanceof Promise ? untilRefused(world, set) : world.interruption,
    // Every text is read for them, and no server asks.
    get extensions() {
      return set instanceof Promise ? [] : extensionsAskedFor(set);
    },
  };
  try {
    return await database.session(sessionOptions, async (session): Promise<Tried<T>> => {
      const facts = readFacts(session.opening);
      // Who takes the lock needs it later.
      if (options.purpose !== "locking") await set;
      if (facts.isStandby && options.purpose !== "reading") {
        return { kind: "not yet", reason: "standby" };
      }
      isWorking = true;
      if (facts.server.versionNumber < oldestServer) {
        throw new Refusal([{ code: "server-too-old", serverVersion: facts.serverVersion }]);
      }
      const { serverVersion } = facts;
      reporter.report({ kind: "connected", database: database.label, serverVersion });
      const isPooled = isBehindPooler(session, facts.backend);
      if (options.purpose === "reading") {
        // Each message says so too; a backend that is nobody else's is held to it for good.
        if (options.access === "read only" && !isPooled)
          await session.run("set default_transaction_read_only = on");
        return done(await work(readingThrough(session, options.access), facts));
      }
      if (isPooled) {
        await demandSessionMode(world, session, facts.backend, sessionOptions, options.pooler);
        reporter.report({ kind: "pooler", database: database.label, mode: "session" });
      }
      // Those of the opening ended with its message.
      if (options.purpose === "writing")
        await session.run(setStatements(settingsFor(facts.server)).join("; "));
      return done(await work(session, facts));
    });
  } catch (error) {
    if (isWorking || !(error instanceof SqlError)) throw error;
    const { message } = error.server;
    if (isNotThereYet(error.server) || world.interruption.signal !== undefined)
      return { kind: "not yet", reason: message };
    const { startsAs } = database;
    if (
      startsAs !== undefined &&
      roleCodes.has(error.server.code) &&
      message.includes(startsAs.role)
    ) {
      throw new Refusal([{ code: "role-refused", ...startsAs, error: error.server }]);
    }
    await set;
    // The opening script was refused by a server older than its settings, or by a pooler.
    throw new Refusal([
      {
        code: "cannot-connect",
        target: database.label,
        message: `${message} (${error.server.code})`,
        waitedMs: 0,
      },
    ]);
  }
}

/** An attempt ends by a signal, and with a set of which nothing may run. */
function untilRefused({ interruption }: World, set: Promise<MigrationSet>): Interruption {
  return {
    get signal() {
      return interruption.signal;
    },
    onSignal(callback) {
      let isListening = true;
      const listen = async (): Promise<void> => {
        const [ended] = await Promise.allSettled([set]);
        if (ended.status === "rejected" && isListening) callback();
      };
      void listen();
      const stop = interruption.onSignal(callback);
      return () => {
        isListening = false;
        stop();
      };
    },
  };
}

function done<T>(value: T): Tried<T> {
  return { kind: "done", value };
}

/** The settings go with each message: behind a pooler each may have another backend. */
function readingThrough(session: Session, access: Access = "writing"): Session {
  const own = settingsOfMessage[access];
  return { ...session, rows: (script) => session.rows(`${own}; ${script}`) };
}

/** insufficient_privilege, and invalid_parameter_value for a role that does not exist. */
const roleCodes: ReadonlySet<string> = new Set(["42501", "22023"]);
const oldestServer = 140_000;
const shortestAttemptMs = 1000;
const longestAttemptMs = 15_000;
