import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type net from "node:net";
import type { WireReader } from "./wire.ts";

/**
 * The socket as postgres.js needs one, with rows taken out of what arrives: it would make an
 * object of each, and a body that selects a million rows would cost hundreds of megabytes.
 */
export function withoutRows(socket: net.Socket, wire: WireReader): net.Socket {
  const emitter = new EventEmitter();
  socket.on("data", (chunk: Uint8Array) => {
    const rest = wire.feed(chunk);
    release(chunk);
    if (rest.length > 0)
      emitter.emit("data", Buffer.from(rest.buffer, rest.byteOffset, rest.length));
  });
  for (const event of ["error", "close", "drain"]) {
    socket.on(event, (value: unknown) => {
      // An error that nobody listens for would be thrown; postgres.js stops listening when it closes.
      if (emitter.listenerCount(event) > 0) emitter.emit(event, value);
    });
  }
  const facade = Object.assign(emitter, {
    write: socket.write.bind(socket),
    end: socket.end.bind(socket),
    destroy: socket.destroy.bind(socket),
    pause: socket.pause.bind(socket),
    resume: socket.resume.bind(socket),
  });
  Object.defineProperty(facade, "readyState", { get: () => socket.readyState });
  return facade as unknown as net.Socket;
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
export function givenOnce(socket: net.Socket): () => net.Socket {
  let isGiven = false;
  return () => {
    if (isGiven) throw new Error("a session does not reconnect");
    isGiven = true;
    return socket;
  };
}
