/**
 * Authentication (SCRAM, MD5, a password in the clear), by postgres.js: it writes the first message behind it too, and is
 * not spoken to again. What comes back is read by wire.ts all the while.
 *
 * It is given a socket that is open, and given it once: it would silently go on with a new backend,
 * which holds no lock (postgres.js 3.4.9, pinned by the contract suite). The server has its start-up already.
 */
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import postgres from "postgres";
import type { ServerTarget } from "../core/target.ts";
import { deferred } from "../deferred.ts";
import { type SessionOptions, SqlError } from "../ports.ts";
import type { Channel } from "./channel.ts";
import type { Conversation } from "./conversation.ts";
import type { Exchange } from "./wire.ts";

/**
 * What the first message brought.
 * @param heard What the server has said to the start-up so far; it is taken from it. @throws SqlError
 */
export async function authenticate(
  channel: Channel,
  conversation: Conversation,
  target: ServerTarget,
  { applicationName, opening }: SessionOptions,
  heard: Uint8Array[],
): Promise<Exchange> {
  const { socket, pass } = facadeOf(channel, heard);
  const stopOverhearing = conversation.overhear((chunk) => {
    // Ours is given back to the system, or belongs to it.
    heard.push(Buffer.from(chunk));
    pass();
  });
  const sql = postgres(clientOptions(target, applicationName, givenOnce(socket)));
  const { promise: refused, reject } = deferred<never>();
  sql
    .unsafe(opening)
    .simple()
    .catch((error: unknown) => {
      reject(refusalOf(error));
    });
  refused.catch(() => undefined);
  const answered = conversation.expect({ keepRows: true });
  try {
    // What the server says of it is read beside postgres.js, which knows what else can be wrong.
    return await Promise.race([answered, refusedAlone(refused, answered)]);
  } finally {
    stopOverhearing();
  }
}

/** What postgres.js itself finds wrong; where the server said it, our own reader tells it better. */
async function refusedAlone(refused: Promise<never>, answered: Promise<Exchange>): Promise<never> {
  try {
    return await refused;
  } catch (error) {
    await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    throw error;
  }
}

function refusalOf(error: unknown): SqlError {
  const { code, message } = error as { code?: string; message?: string };
  const server = {
    severity: "FATAL",
    code: code ?? "CONNECTION_CLOSED",
    message: message ?? String(error),
  };
  return new SqlError("lost", server, { cause: error });
}

/** What postgres.js uses of a net.Socket (its `socket` option). */
interface PostgresSocket extends EventEmitter {
  readonly readyState: string;
  write(bytes: Uint8Array): boolean;
  end(bytes: Uint8Array): boolean;
  destroy(): void;
}

/**
 * The first that postgres.js writes is a start-up: it is answered by what is here already, and listens from then on.
 */
function facadeOf(
  channel: Channel,
  heard: Uint8Array[],
): { readonly socket: PostgresSocket; readonly pass: () => void } {
  let isStarted = false;
  const socket: PostgresSocket = Object.assign(new EventEmitter(), {
    readyState: "open",
    write(bytes: Uint8Array): boolean {
      if (isStarted) return channel.write(bytes);
      isStarted = true;
      queueMicrotask(pass);
      return true;
    },
    end: channel.write,
    destroy: channel.destroy,
  });
  function pass(): void {
    if (isStarted) for (const chunk of heard.splice(0)) socket.emit("data", chunk);
  }
  return { socket, pass };
}

/** What is asked for a second time is a reconnection, and there is none. */
function givenOnce(socket: PostgresSocket): () => PostgresSocket {
  let isGiven = false;
  return () => {
    if (isGiven) throw new Error("a session does not reconnect");
    isGiven = true;
    return socket;
  };
}

/**
 * Everything is said explicitly: what is not, postgres.js takes from PG* variables and its
 * own defaults (a pool of ten, a life of an hour, a query for the array types).
 */
function clientOptions(
  target: ServerTarget,
  applicationName: string,
  socket: () => PostgresSocket,
): postgres.Options<Record<string, postgres.PostgresType>> {
  const [address] = target.hosts;
  return {
    host: address?.host ?? "",
    port: address?.port ?? 5432,
    user: target.user,
    pass: target.password ?? "",
    database: target.database,
    ssl: false,
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: 0,
    backoff: () => 0,
    keep_alive: null,
    prepare: false,
    fetch_types: false,
    publications: "",
    debug: false,
    onnotice: () => undefined,
    connection: {
      application_name: target.applicationName ?? applicationName,
      ...(target.options === undefined ? {} : { options: target.options }),
    },
    socket,
  } as postgres.Options<Record<string, postgres.PostgresType>>;
}
