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

/** What is asked for a second time is a reconnection, and there is none. */
export function givenOnce(socket: net.Socket): () => net.Socket {
  let isGiven = false;
  return () => {
    if (isGiven) throw new Error("a session does not reconnect");
    isGiven = true;
    return socket;
  };
}
