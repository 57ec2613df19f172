import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { Channel } from "./channel.ts";
import type { WireReader } from "./wire.ts";

/**
 * The socket as postgres.js needs one, with rows taken out of what arrives: it would make an
 * object of each, and a body that selects a million rows would cost hundreds of megabytes.
 */
export function withoutRows(
  channel: Channel,
  wire: WireReader,
  onClosed: () => void,
): PostgresSocket {
  const emitter = new EventEmitter();
  channel.listen({
    data(chunk) {
      const rest = wire.feed(chunk);
      release(chunk);
      if (rest.length > 0)
        emitter.emit("data", Buffer.from(rest.buffer, rest.byteOffset, rest.length));
    },
    drained() {
      emitter.emit("drain");
    },
    closed(error) {
      onClosed();
      // An error that nobody listens for would be thrown; postgres.js stops listening when it closes.
      if (error !== undefined && emitter.listenerCount("error") > 0) emitter.emit("error", error);
      emitter.emit("close", error !== undefined);
    },
  });
  const facade = Object.assign(emitter, {
    write: channel.write,
    // Terminate (X): the server closes the connection when it has read it.
    end: channel.write,
    destroy: channel.destroy,
    // Asked of a COPY stream alone, and that ends the session (postgres.ts).
    pause: () => undefined,
    resume: () => undefined,
    readyState: "open",
  });
  Object.defineProperty(facade, "readyState", { get: () => (channel.isOpen ? "open" : "closed") });
  return facade;
}

/** What postgres.js uses of a net.Socket (its `socket` option). */
export interface PostgresSocket extends EventEmitter {
  readonly readyState: string;
  write(bytes: Uint8Array): boolean;
  end(bytes: Uint8Array): boolean;
  destroy(): void;
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

/** What is asked for a second time is a reconnection, and there is none. */
export function givenOnce(socket: PostgresSocket): () => PostgresSocket {
  let isGiven = false;
  return () => {
    if (isGiven) throw new Error("a session does not reconnect");
    isGiven = true;
    return socket;
  };
}
