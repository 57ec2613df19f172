/**
 * The thread that PGlite runs in. It holds one database in memory, does what it is told by
 * pglite-thread.ts in the order in which it is told, and answers with what a Session would:
 * tags, the rows that are wanted, or an SqlError's fields. Nobody else starts this file.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { ServerMessage } from "../core/problem.ts";
import { deferred } from "../deferred.ts";
import { type Row, type Session, SqlError, type StatementResult } from "../ports.ts";
import { embeddedDatabase } from "./pglite.ts";
import type { PgliteModules } from "./pglite-assets.ts";

export interface WorkerData {
  /** A cluster to start from. */
  readonly image: Uint8Array<ArrayBuffer> | undefined;
  readonly modules: PgliteModules;
}

/** `session` tells sessions that are open at the same time from each other. */
export type Order = { readonly id: number; readonly session: number } & (
  | { readonly do: "open"; readonly opening: string; readonly extensions: readonly string[] }
  | { readonly do: "run" | "rows"; readonly script: string }
  | { readonly do: "undo" | "close" }
);

export type Answer =
  | { readonly id: number; readonly value: Value }
  | { readonly id: number; readonly failure: Failure }
  | { readonly session: number; readonly notice: ServerMessage };

export type Value =
  | undefined
  | Pick<Session, "backendPid" | "opening">
  | readonly StatementResult[]
  | readonly (readonly Row[])[];

/** An SqlError; its class would not survive the way. */
export type Failure = Pick<SqlError, "kind" | "server" | "tags">;

interface OpenSession {
  readonly session: Session;
  close(): Promise<void>;
}

const { image, modules } = workerData as WorkerData;
const database = embeddedDatabase(
  { engine: "pglite", folder: undefined },
  { image: image && new Blob([image]), modules },
);
const sessions = new Map<number, OpenSession>();
let turn: Promise<void> = Promise.resolve();
parentPort?.on("message", (order: Order) => {
  turn = turn.then(() => answer(order));
});

async function answer(order: Order): Promise<void> {
  const { id } = order;
  try {
    say({ id, value: await obey(order) });
  } catch (error) {
    say({ id, failure: failureOf(error) });
  }
}

function say(said: Answer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  parentPort?.postMessage(said);
}

async function obey(order: Order): Promise<Value> {
  if (order.do === "open") {
    const opened = await open(order);
    sessions.set(order.session, opened);
    const { backendPid, opening } = opened.session;
    return { backendPid, opening };
  }
  const opened = sessions.get(order.session);
  if (opened === undefined) {
    // Closed behind an opening that failed.
    if (order.do === "close") return undefined;
    throw new Error(`no session ${order.session}`);
  }
  switch (order.do) {
    case "run":
      return opened.session.run(order.script, (notice) => {
        say({ session: order.session, notice });
      });
    case "rows":
      return opened.session.rows(order.script);
    case "undo":
      await opened.session.undo();
      return undefined;
    case "close":
      sessions.delete(order.session);
      await opened.close();
      return undefined;
  }
}

/** A Database lends its sessions for as long as a function runs: this one runs until `close`. */
function open(order: Extract<Order, { readonly do: "open" }>): Promise<OpenSession> {
  const { opening, extensions } = order;
  const options = {
    opening,
    extensions,
    applicationName: "lacuna",
    connectTimeoutMs: 0,
  };
  return new Promise((resolve, reject) => {
    const closed = database.session(options, (session) => {
      const { promise: toldToClose, resolve: tellToClose } = deferred<void>();
      const close = async (): Promise<void> => {
        tellToClose();
        await closed;
      };
      resolve({ session, close });
      return toldToClose;
    });
    closed.catch(reject);
  });
}

function failureOf(error: unknown): Failure {
  if (error instanceof SqlError) {
    const { kind, server, tags } = error;
    return { kind, server, tags };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    kind: "lost",
    server: { severity: "FATAL", code: "PGLITE_DIED", message },
    tags: [],
  };
}
