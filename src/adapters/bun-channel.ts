/**
 * Bun's own sockets. Their types are said here, since the same source is checked by Deno:
 * https://bun.com/docs/runtime/networking/tcp (Bun 1.4.5).
 */
import { deferred } from "../deferred.ts";
import {
  type Channel,
  type Connect,
  type Events,
  keepAliveMs,
  newEvents,
  type Place,
} from "./channel.ts";
import { type Handshake, handshakeOf, type Verification } from "./tls.ts";

interface BunSocket {
  /** How many bytes the system took; -1 when the socket is closed. */
  write(bytes: Uint8Array): number;
  setNoDelay(isOn: boolean): void;
  setKeepAlive(isOn: boolean, initialDelayMs: number): void;
  /** Without a name before the handshake is over, and when it has failed. */
  getCipher(): { readonly name?: string | null };
  readonly authorized: boolean;
  upgradeTLS(options: { tls: object; socket: Handlers }): [raw: BunSocket, secure: BunSocket];
  /** Closes it behind what was written. */
  shutdown(): void;
  terminate(): void;
}

interface Handlers {
  binaryType: "uint8array";
  data(socket: BunSocket, chunk: Uint8Array): void;
  drain(socket: BunSocket): void;
  error(socket: BunSocket, error: Error): void;
  close(socket: BunSocket, error?: Error): void;
  /** `isAccepted` says little where nothing is asked for: with an unknown authority it is true. */
  handshake?(socket: BunSocket, isAccepted: boolean, error: CodedError | null): void;
}

type CodedError = Error & { readonly code?: string };

const bun = (
  globalThis as unknown as {
    readonly Bun?: { connect(options: object): Promise<BunSocket> };
  }
).Bun;

/**
 * Undefined where this is not Bun. Bun cannot take back a connect: one that nobody answers keeps
 * the process alive for as long as the system tries (two minutes on Linux), so this is for a
 * program that ends by itself, and not for a library.
 */
export const connectBun: Connect | undefined =
  bun && ((place, signal) => connect(bun, place, signal));

async function connect(
  runtime: NonNullable<typeof bun>,
  place: Place,
  signal: AbortSignal,
): Promise<Channel> {
  const [events, queue] = [newEvents(), newQueue()];
  const target =
    "path" in place ? { unix: place.path } : { hostname: place.host, port: place.port };
  const opening = runtime.connect({ ...target, socket: handlersFor(events, queue) });
  const { promise: aborted, reject } = deferred<never>();
  const abort = (): void => {
    reject(signal.reason);
    void terminateLate(opening);
  };
  signal.addEventListener("abort", abort);
  try {
    const socket = await Promise.race([opening, aborted]).catch((error: unknown) => {
      throw named(error, place);
    });
    if (!("path" in place)) {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveMs);
    }
    return channelOver(socket, events, queue);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Bun says "Failed to connect", and neither why nor where to. */
function named(error: unknown, place: Place): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || code === undefined || code === "ENOTFOUND") return error;
  const where = "path" in place ? place.path : `${place.host}:${place.port}`;
  return Object.assign(new Error(`${syscall ?? "connect"} ${code} ${where}`, { cause: error }), {
    code,
  });
}

async function terminateLate(opening: Promise<BunSocket>): Promise<void> {
  const [result] = await Promise.allSettled([opening]);
  if (result.status === "fulfilled") result.value.terminate();
}

function channelOver(socket: BunSocket, events: Events, queue: Queue): Channel {
  return {
    get isOpen() {
      return events.isOpen;
    },
    listen: events.listen,
    write: (bytes) => queue.send(socket, bytes),
    encrypt: (policy, host) => encrypt(socket, handshakeOf(policy, host)),
    end(bytes) {
      queue.send(socket, bytes);
      // Half of it: behind end() the system closes, and the server's own end is not waited for.
      socket.shutdown();
    },
    destroy() {
      socket.terminate();
    },
  };
}

function handlersFor(events: Events, queue: Queue): Handlers {
  return {
    binaryType: "uint8array",
    data(_, chunk) {
      events.data(chunk);
    },
    drain(socket) {
      if (queue.flush(socket)) events.drained();
    },
    error(_, error) {
      events.failed(error);
    },
    close(_, error) {
      if (error !== undefined) events.failed(error);
      events.closed();
    },
  };
}

/** What the system did not take is kept until it takes more. */
interface Queue {
  /** @returns whether nothing is left. */
  send(socket: BunSocket, bytes: Uint8Array): boolean;
  flush(socket: BunSocket): boolean;
}

function newQueue(): Queue {
  let left: Uint8Array[] = [];
  const flush = (socket: BunSocket): boolean => {
    for (let [first] = left; first !== undefined; [first] = left) {
      const taken = Math.max(0, socket.write(first));
      if (taken < first.length) {
        left[0] = first.subarray(taken);
        return false;
      }
      left = left.slice(1);
    }
    return true;
  };
  return {
    flush,
    send(socket, bytes) {
      left.push(bytes);
      // Not before what stands ahead of it.
      return left.length === 1 && flush(socket);
    },
  };
}

/**
 * Bun checks the chain first, and the name in a chain that is good, so an error about the name alone
 * says that the authority is known. Its own refusal is used for verify-full.
 */
function encrypt(socket: BunSocket, handshake: Handshake): Promise<Channel> {
  const { verification, serverName, files } = handshake;
  const [events, queue] = [newEvents(), newQueue()];
  const { promise, resolve, reject } = deferred<Channel>();
  const tls = {
    ...files,
    ...(serverName === undefined ? {} : { serverName }),
    rejectUnauthorized: verification === "identity",
  };
  const handlers = handlersFor(events, queue);
  const [, secure] = socket.upgradeTLS({
    tls,
    socket: {
      ...handlers,
      handshake(upgraded, isAccepted, error) {
        const refusal = refusalOf(verification, upgraded, isAccepted, error);
        if (refusal === undefined) resolve(channelOver(secure, events, queue));
        else reject(refusal);
      },
      close(upgraded, error) {
        handlers.close(upgraded, error);
        reject(error ?? new Error("the server closed the connection in the handshake"));
      },
    },
  });
  return promise;
}

function refusalOf(
  verification: Verification,
  socket: BunSocket,
  isAccepted: boolean,
  error: CodedError | null,
): Error | undefined {
  const failure = error ?? new Error("the handshake failed");
  // No cipher was agreed on: it was no handshake.
  if ((socket.getCipher().name ?? "") === "") return failure;
  const isProven = socket.authorized && error === null;
  switch (verification) {
    case "none":
      return undefined;
    case "authority":
      return isProven || error?.code === wrongName ? undefined : failure;
    case "identity":
      return isProven && isAccepted ? undefined : failure;
  }
}

const wrongName = "ERR_TLS_CERT_ALTNAME_INVALID";
