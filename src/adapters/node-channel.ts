/** The sockets of node:net and node:tls: for Node and Deno, and for programs under Bun. */
import net from "node:net";
import tls from "node:tls";
import type { TlsPolicy } from "../core/target.ts";
import { type Channel, type Connect, keepAliveMs, newEvents } from "./channel.ts";
import { handshakeOf } from "./tls.ts";

export const connectNode: Connect = async (place, signal) => {
  const socket = "path" in place ? net.connect(place.path) : net.connect(place.port, place.host);
  const abort = (): void => {
    socket.destroy(signal.reason as Error);
  };
  signal.addEventListener("abort", abort);
  try {
    await happened(socket, "connect");
  } finally {
    signal.removeEventListener("abort", abort);
  }
  if (!("path" in place)) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
  }
  return channelOver(socket);
};

function channelOver(socket: net.Socket): Channel {
  const { listen, data, drained, failed, closed } = newEvents();
  socket.on("data", data).on("drain", drained).on("error", failed).on("close", closed);
  return {
    get isOpen() {
      return socket.readyState === "open";
    },
    listen,
    write: (bytes) => socket.write(bytes),
    async encrypt(policy, host) {
      socket.off("data", data);
      const options = tlsOptions(policy, host);
      const secure = tls.connect({ ...options, ...policy.connect, socket });
      await happened(secure, "secureConnect");
      return channelOver(secure);
    },
    end(bytes) {
      socket.end(bytes);
    },
    destroy() {
      socket.destroy();
    },
  };
}

function tlsOptions(policy: TlsPolicy, host: string): tls.ConnectionOptions {
  const { verification, serverName, files } = handshakeOf(policy, host);
  return {
    ...files,
    ...(serverName === undefined ? {} : { servername: serverName }),
    host,
    rejectUnauthorized: verification !== "none",
    ...(verification === "authority" ? { checkServerIdentity: () => undefined } : {}),
  };
}

/** @throws the socket's error, or that it was closed. A later one finds no one, and ends nothing. */
function happened(socket: net.Socket, event: "connect" | "secureConnect"): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.once("close", () => {
      reject(new Error("the server closed the connection"));
    });
    socket.once(event, () => {
      resolve();
    });
  });
}
