/**
 * The embedded Postgres in a thread of its own, in memory, with a watchdog.
 *
 * PGlite obeys no statement_timeout and no cancel request, and some statements never come back:
 * in its own thread there is somebody left to notice, and to end it. Ending the thread is the
 * one thing that stops a statement, and takes the database with it. So, after a statement that
 * got stuck, a cancel or a breakdown, every call of the session fails, and the next session of
 * the same Database finds a new and empty one: who rehearses starts from the beginning.
 *
 * Bun cannot end a thread in a loop that never leaves WebAssembly (`loop end loop` in PL/pgSQL):
 * such a one is left behind, with a core and 300 MB, until the process ends, which has to call
 * process.exit. Behind two of them no engine is started (oven-sh/bun#36356).
 */
import { Worker } from "node:worker_threads";
import { labelOf } from "../core/target.ts";
import { deferred } from "../deferred.ts";
import {
  type Database,
  type NoticeListener,
  type Row,
  type Session,
  type SessionOptions,
  SqlError,
  type StatementResult,
} from "../ports.ts";
import { pgliteModules } from "./pglite-assets.ts";
import type { Answer, Order, Value, WorkerData } from "./pglite-worker.ts";

export interface ThreadOptions {
  /** How long one message to the database may take: a migration, or a question about it. */
  readonly stuckAfterMs: number;
  /** A cluster to start from, as PGlite's `dumpDataDir` gives it, where none is built in. */
  readonly image?: Uint8Array<ArrayBuffer>;
}

export function threadedPglite(options: ThreadOptions): Database {
  let thread: Thread | undefined;
  let sessions = 0;
  let leftBehind = 0;
  return {
    label: labelOf({ engine: "pglite", folder: undefined }),
    async session(sessionOptions, work) {
      const end = thread?.end();
      if (thread !== undefined && end !== undefined) {
        if ((await thread.stop(end)) === "left behind") leftBehind++;
        if (leftBehind > 1) throw tooMany(end);
        thread = undefined;
      }
      const modules = await pgliteModules().catch(neverStarted);
      thread ??= startThread({ image: options.image, modules });
      const number = ++sessions;
      const { stuckAfterMs } = options;
      const own = thread;
      try {
        const session = await openSession(own, number, sessionOptions, stuckAfterMs);
        return await work(session);
      } finally {
        await own.ask({ session: number, do: "close" }, stuckAfterMs).catch(() => undefined);
      }
    },
    async [Symbol.asyncDispose]() {
      await thread?.stop(stopped("PGLITE_CLOSED", "the database is closed"));
    },
  };
}

/** An order without what the thread adds to it. */
type Wish = Order extends infer One ? (One extends unknown ? Omit<One, "id"> : never) : never;

interface Thread {
  /** Why there is no thread any more. */
  end(): SqlError | undefined;
  readonly lost: Promise<SqlError>;
  ask(wish: Wish, limitMs: number): Promise<Value>;
  /** Who is told of notices, until somebody else is. */
  listen(session: number, onNotice: NoticeListener | undefined): void;
  /** Ends the thread whatever it does, and every call with it. */
  stop(why: SqlError): Promise<"ended" | "left behind">;
}

function startThread(workerData: WorkerData): Thread {
  const { promise: lost, resolve: announceLoss } = deferred<SqlError>();
  const waiting = new Map<number, Waiting>();
  const listeners = new Map<number, NoticeListener>();
  let ids = 0;
  let end: SqlError | undefined;

  const { promise: exited, resolve: announceExit } = deferred<"ended">();
  let stopping: Promise<"ended" | "left behind"> | undefined;

  const worker = new Worker(workerFile(), { workerData });
  const stop = (why: SqlError): Promise<"ended" | "left behind"> => {
    if (end === undefined) {
      end = why;
      announceLoss(why);
      for (const one of waiting.values()) one.reject(why);
      waiting.clear();
      void worker.terminate();
      stopping = within(endsWithinMs, exited);
    }
    return stopping ?? exited;
  };
  worker.on("message", (answer: Answer) => {
    if ("notice" in answer) {
      listeners.get(answer.session)?.(answer.notice);
      return;
    }
    const one = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("value" in answer) one?.resolve(answer.value);
    else {
      const { kind, server, tags } = answer.failure;
      const error = new SqlError(kind, server, { tags });
      one?.reject(error);
      // An engine that broke down, or never started, is not asked again.
      if (kind !== "server") void stop(error);
    }
  });
  worker.on("error", (error: unknown) => {
    const words = error instanceof Error ? error.message : String(error);
    void stop(stopped("PGLITE_DIED", `PGlite broke down: ${words}`, error));
  });
  worker.on("exit", (code) => {
    announceExit("ended");
    void stop(stopped("PGLITE_DIED", `PGlite's thread ended by itself (${code})`));
  });

  return {
    end: () => end,
    lost,
    stop,
    listen(session, onNotice) {
      if (onNotice === undefined) listeners.delete(session);
      else listeners.set(session, onNotice);
    },
    ask(wish, limitMs) {
      if (end !== undefined) return Promise.reject(end);
      const id = ++ids;
      const { promise, resolve, reject } = deferred<Value>();
      waiting.set(id, { resolve, reject });
      const order: Order = { ...wish, id };
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
      worker.postMessage(order);
      return watched(promise, limitMs, () => {
        void stop(stuck(limitMs));
      });
    },
  };
}

interface Waiting {
  resolve(value: Value): void;
  reject(error: SqlError): void;
}

/**
 * Beside the sources it is TypeScript, beside compiled ones JavaScript. build.ts makes it an
 * entry point of the executable.
 */
function workerFile(): URL {
  const { url } = import.meta;
  return new URL(url.endsWith(".ts") ? "./pglite-worker.ts" : "./pglite-worker.js", url);
}

/** An answer may lie in the queue when the time is over, if this thread was busy: it is read first. */
async function watched<T>(answer: Promise<T>, limitMs: number, onStuck: () => void): Promise<T> {
  let isAnswered = false;
  const timer = setTimeout(() => {
    setTimeout(() => {
      if (!isAnswered) onStuck();
    }, 10);
  }, limitMs);
  try {
    return await answer;
  } finally {
    isAnswered = true;
    clearTimeout(timer);
  }
}

async function openSession(
  thread: Thread,
  number: number,
  { opening, extensions }: SessionOptions,
  stuckAfterMs: number,
): Promise<Session> {
  const ask = (wish: Wish): Promise<Value> => thread.ask(wish, stuckAfterMs);
  const of = { session: number } as const;
  // The first session waits for the engine to start, which is no migration's doing.
  const open = { ...of, do: "open", opening, extensions: [...extensions] } as const;
  const opened = (await thread.ask(open, startsWithinMs)) as Pick<
    Session,
    "backendPid" | "opening"
  >;
  return {
    ...opened,
    lost: thread.lost,
    async run(script, onNotice) {
      thread.listen(number, onNotice);
      try {
        return (await ask({ ...of, do: "run", script })) as readonly StatementResult[];
      } finally {
        thread.listen(number, undefined);
      }
    },
    rows: async (script) =>
      (await ask({ ...of, do: "rows", script })) as readonly (readonly Row[])[],
    async undo() {
      await ask({ ...of, do: "undo" });
    },
    // The code of a statement that a server has cancelled: what was open is rolled back, for
    // there is nothing left that it could be in.
    async cancel() {
      await thread.stop(canceled());
    },
  };
}

/** What PGlite is made of is not there, or there is no memory for it. */
function neverStarted(cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause);
  const server = { severity: "FATAL", code: "PGLITE_FAILED", message };
  throw new SqlError("refused", server, { cause });
}

function canceled(): SqlError {
  const message = "canceling statement due to user request";
  return new SqlError("server", { severity: "ERROR", code: "57014", message });
}

function stuck(limitMs: number): SqlError {
  const message = `there was no answer within ${limitMs / 1000} s, and PGlite was stopped`;
  return stopped("PGLITE_STUCK", message);
}

function tooMany(cause: SqlError): SqlError {
  const message = "two statements could not be stopped, and still run: there is no third engine";
  const server = { severity: "FATAL", code: "PGLITE_STUCK", message };
  return new SqlError("refused", server, { cause });
}

function stopped(
  code: "PGLITE_STUCK" | "PGLITE_DIED" | "PGLITE_CLOSED",
  message: string,
  cause?: unknown,
): SqlError {
  return new SqlError("lost", { severity: "FATAL", code, message }, { cause });
}

/** The timer keeps the process alive: Bun does not wait for a thread that is to end. */
async function within(limitMs: number, exited: Promise<"ended">): Promise<"ended" | "left behind"> {
  const { promise: late, resolve } = deferred<"left behind">();
  const timer = setTimeout(resolve, limitMs, "left behind" as const);
  try {
    return await Promise.race([exited, late]);
  } finally {
    clearTimeout(timer);
  }
}

const startsWithinMs = 60_000;
const endsWithinMs = 1000;
