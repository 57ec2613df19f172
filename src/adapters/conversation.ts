/**
 * What is said over a connection that is open: messages in order, each answered in its turn. They
 * may be sent before those ahead of them are answered.
 */
import { Buffer } from "node:buffer";
import type { ServerMessage } from "../core/problem.ts";
import { deferred } from "../deferred.ts";
import { SqlError } from "../ports.ts";
import type { Channel } from "./channel.ts";
import {
  type Asked,
  copyFailMessage,
  type Exchange,
  queryMessage,
  terminateMessage,
  type WireReader,
} from "./wire.ts";

export interface Conversation {
  /** Settles when the connection ends before it was closed. */
  readonly lost: Promise<SqlError>;
  /** @throws SqlError of kind `server`, or `lost` for what was not answered. */
  readonly send: (script: string, asked: Pick<Asked, "keepRows" | "onNotice">) => Promise<Exchange>;
  /** What arrives from now on is shown to somebody else as well. Gives how to end that. */
  readonly overhear: (listener: (chunk: Uint8Array) => void) => () => void;
  /** An exchange whose message somebody else sends, or has sent. */
  readonly expect: (asked: Pick<Asked, "keepRows">) => Promise<Exchange>;
  /**
   * Says goodbye.
   * @param waits For the server to end the session: what a body had locked is free then.
   */
  readonly close: (waits: boolean) => Promise<void>;
}

export function converse(channel: Channel, wire: WireReader): Conversation {
  const { promise: whenLost, resolve: announceLoss } = deferred<SqlError>();
  const { promise: whenClosed, resolve: announceClose } = deferred<void>();
  const waiting = new Set<(loss: SqlError) => void>();
  let overhearing: ((chunk: Uint8Array) => void) | undefined;
  let lost: SqlError | undefined;
  let isClosing = false;

  const write = outboxOf(channel);

  channel.listen({
    data(chunk) {
      wire.feed(chunk);
      if (overhearing === undefined) release(chunk);
      else overhearing(chunk);
      // The server closes behind a FATAL; where the close gets lost, the connection is over all the same.
      if (wire.fatal !== undefined) void destroyLater();
    },
    closed() {
      announceClose();
      lost = new SqlError("lost", wire.fatal ?? closedByOther);
      for (const tell of waiting) tell(lost);
      waiting.clear();
      if (!isClosing) announceLoss(lost);
    },
  });

  async function destroyLater(): Promise<void> {
    await Promise.race([whenClosed, delay(closeLimitMs)]);
    channel.destroy();
  }

  async function exchange(
    asked: Pick<Asked, "keepRows" | "onNotice">,
    send: () => void,
  ): Promise<Exchange> {
    if (lost !== undefined) throw new SqlError("lost", lost.server, { cause: lost });
    const { promise: answered, resolve: onOver, reject } = deferred<void>();
    let wantsData = false;
    const begun = wire.begin({
      ...asked,
      onOver,
      onCopy() {
        wantsData = true;
        write(copyFailMessage(noData.message));
      },
    });
    const tell = (loss: SqlError): void => {
      reject(new SqlError("lost", loss.server, { tags: begun.tags, cause: loss }));
    };
    waiting.add(tell);
    send();
    try {
      await answered;
    } finally {
      waiting.delete(tell);
    }
    if (begun.error === undefined) return begun;
    const server = wantsData ? noData : begun.error;
    throw new SqlError("server", server, { tags: begun.tags });
  }

  return {
    lost: whenLost,
    send: (script, asked) =>
      exchange(asked, () => {
        write(queryMessage(script));
      }),
    expect: (asked) => exchange(asked, () => undefined),
    overhear(listener) {
      overhearing = listener;
      return () => {
        overhearing = undefined;
      };
    },
    async close(waits) {
      isClosing = true;
      if (channel.isOpen) channel.end(terminateMessage);
      const ended = destroyLater();
      if (waits) await ended;
    },
  };
}

/** What is said in one go travels together. */
function outboxOf(channel: Channel): (message: Uint8Array) => void {
  const outbox: Uint8Array[] = [];
  const sendAll = (): void => {
    const messages = outbox.splice(0);
    const length = messages.reduce((sum, one) => sum + one.length, 0);
    if (messages.length > 1 && length <= longestPacket)
      channel.write(Buffer.concat(messages, length));
    else for (const one of messages) channel.write(one);
  };
  return (message) => {
    outbox.push(message);
    if (outbox.length === 1) queueMicrotask(sendAll);
  };
}

/**
 * Gives a chunk's memory back at once. What a body selects comes in chunks of 64 kB, faster than
 * a garbage collector takes an interest in them: half a gigabyte of a million rows was seen.
 */
function release(chunk: Uint8Array): void {
  const { buffer } = chunk;
  // A chunk that is a part of something larger is not ours to give back.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.byteLength) {
    // Node 20 has no transfer(), and waits for its collector.
    buffer.transfer?.(0);
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}

const closeLimitMs = 1000;
const longestPacket = 65_536;

const closedByOther: ServerMessage = {
  severity: "FATAL",
  code: "CONNECTION_CLOSED",
  message: "the connection was closed by the server or the network",
};

const noData: ServerMessage = {
  severity: "ERROR",
  code: "0A000",
  message: "a COPY asked for a stream, which a migration does not have",
};
