/** A relay between a client and a server on loopback, for what a network does to a connection. */
import net from "node:net";

export interface Relay extends AsyncDisposable {
  /** The same URL by way of the relay. */
  url(direct: string): string;
  readonly connections: number;
  /** Ends every connection through it, as a machine that is switched off does. */
  cut(): void;
}

interface Passing {
  /** Which connection this is, from 1. */
  readonly number: number;
  /** Ends it on both sides, at once. */
  readonly cut: () => void;
}

export interface RelayOptions {
  readonly port: number;
  /** Whether a connection is let through, now. */
  readonly isOpen?: () => boolean;
  /** What goes to the server instead of what the client sent; nothing: it is swallowed. */
  readonly toServer?: (chunk: Buffer, passing: Passing) => Buffer | undefined;
  /** What goes to the client instead of what the server sent. */
  readonly toClient?: (chunk: Buffer, passing: Passing) => Buffer | undefined;
}

export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { toServer, toClient, isOpen } = options;
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const listener = net.createServer((client) => {
    if (isOpen?.() === false) {
      client.on("error", () => undefined);
      client.destroy();
      return;
    }
    const server = net.connect(options.port, "127.0.0.1");
    const passing: Passing = {
      number: ++connections,
      cut() {
        client.destroy();
        server.destroy();
      },
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", passing.cut);
      sockets.add(socket);
    }
    client.on("data", (chunk: Buffer) => {
      const passed = toServer === undefined ? chunk : toServer(chunk, passing);
      if (passed !== undefined && !server.destroyed) server.write(passed);
    });
    server.on("data", (chunk: Buffer) => {
      const passed = toClient === undefined ? chunk : toClient(chunk, passing);
      if (passed !== undefined && !client.destroyed) client.write(passed);
    });
  });
  await new Promise<void>((resolve) => {
    listener.listen(0, "127.0.0.1", resolve);
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const { port } = listener.address() as net.AddressInfo;
  return {
    url(direct) {
      const url = new URL(direct);
      url.port = String(port);
      return url.href;
    },
    get connections() {
      return connections;
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
