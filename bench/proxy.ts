/**
 * Counts round trips: how often a client begins to send when all that it sent before is answered.
 * Many messages that are sent without waiting are one, and so is what a network would make of them.
 * Only what a client sends and then does not wait for, its goodbye, is none.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import net from "node:net";

export interface Counts {
  /** From the first byte on. */
  readonly all: number;
  /** Behind the first ReadyForQuery of each connection. */
  readonly afterLogin: number;
  readonly connections: number;
}

export interface CountingProxy extends AsyncDisposable {
  /** The same URL by way of the proxy. */
  url(direct: string): string;
  /** What was counted since it was asked last. */
  take(): Counts;
}

export async function startProxy(port: number): Promise<CountingProxy> {
  const sockets = new Set<net.Socket>();
  let [all, afterLogin, connections] = [0, 0, 0];
  const listener = net.createServer((client) => {
    connections++;
    const server = net.connect(port, "127.0.0.1");
    const conversation = listen((behindLogin) => {
      all++;
      if (behindLogin) afterLogin++;
    });
    join(client, server, sockets, conversation.fromClient);
    join(server, client, sockets, conversation.fromServer);
  });
  await new Promise<void>((resolve) => {
    listener.listen(0, "127.0.0.1", resolve);
  });
  const address = listener.address() as net.AddressInfo;
  return {
    url(direct) {
      const url = new URL(direct);
      url.port = String(address.port);
      return url.href;
    },
    take() {
      const counts = { all, afterLogin, connections };
      [all, afterLogin, connections] = [0, 0, 0];
      return counts;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function join(
  from: net.Socket,
  to: net.Socket,
  sockets: Set<net.Socket>,
  watch: (chunk: Buffer) => void,
): void {
  sockets.add(from);
  from.setNoDelay(true);
  from.on("data", (chunk: Buffer) => {
    watch(chunk);
    if (!to.destroyed) to.write(chunk);
  });
  from.on("end", () => to.end());
  from.on("error", () => to.destroy());
  from.on("close", () => {
    sockets.delete(from);
    to.end();
  });
}

interface Conversation {
  readonly fromClient: (chunk: Buffer) => void;
  readonly fromServer: (chunk: Buffer) => void;
}

const [encryptionRequest, goodbye, flush] = ["?", "X", "H"];
/** Query, Sync and FunctionCall are answered by ReadyForQuery. */
const answered = ["Q", "S", "F"];
/** It has asked for a password, or for data of COPY. */
const serverAsks = ["R", "G"];

/** One connection, read on its way. */
export function listen(onRoundTrip: (behindLogin: boolean) => void): Conversation {
  let waiting = 0;
  let isFlushed = false;
  let hasHeard = true;
  let isReady = false;
  let lastOfServer = "";
  const sent = (type: string): void => {
    if (type === goodbye) return;
    if (hasHeard && (waiting === 0 || isFlushed || serverAsks.includes(lastOfServer))) {
      hasHeard = false;
      isFlushed = false;
      onRoundTrip(isReady);
    }
    if (answered.includes(type)) waiting++;
    if (type === flush) isFlushed = true;
  };
  const heard = (type: string): void => {
    hasHeard = true;
    lastOfServer = type;
    if (type !== "Z") return;
    if (isReady) waiting--;
    isReady = true;
  };
  const client = frames(sent, true);
  const server = frames(heard, false);
  return {
    fromClient(chunk) {
      client.read(chunk);
      // Its answer is one byte without a length.
      if (client.lastType() === encryptionRequest) server.skip(1);
    },
    fromServer: (chunk) => {
      hasHeard = true;
      server.read(chunk);
    },
  };
}

interface Frames {
  readonly read: (chunk: Buffer) => void;
  readonly skip: (bytes: number) => void;
  readonly lastType: () => string;
}

const requestCodes = [80_877_103, 80_877_104];

/** Calls for each message as soon as its head is here. What starts a connection has no type. */
function frames(onMessage: (type: string) => void, isClient: boolean): Frames {
  let head = Buffer.alloc(0);
  let missing = 0;
  let hasTypes = !isClient;
  let last = "";
  return {
    lastType: () => last,
    skip(bytes) {
      missing += bytes;
      last = "";
    },
    read(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (missing > 0) {
          const length = Math.min(missing, chunk.length - at);
          missing -= length;
          at += length;
          continue;
        }
        const size = hasTypes ? 5 : 8;
        const part = chunk.subarray(at, at + size - head.length);
        head = Buffer.concat([head, part]);
        at += part.length;
        if (head.length < size) return;
        if (hasTypes) {
          last = String.fromCharCode(head[0] ?? 0);
          missing = head.readInt32BE(1) - 4;
        } else {
          const isRequest = requestCodes.includes(head.readInt32BE(4));
          last = isRequest ? encryptionRequest : "startup";
          hasTypes = !isRequest;
          missing = head.readInt32BE(0) - 8;
        }
        head = Buffer.alloc(0);
        onMessage(last);
      }
    },
  };
}
