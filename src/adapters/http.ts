/**
 * A small HTTP server, by node:http: for probes, which ask often and briefly, on a port that
 * anybody in the cluster can reach. So everything that a client can draw out has a limit, and what
 * a client does wrong concerns nobody else.
 */
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Answer } from "../core/probes.ts";
import { type Http, type HttpAddress, type HttpHandler, Refusal } from "../ports.ts";

export const nodeHttp: Http = {
  async listen(address, handler) {
    const server = http.createServer(limits, (request, response) => {
      void respond(handler, request, response);
    });
    limitConnections(server);
    server.on("clientError", refuseClient);
    await listening(server, address);
    return {
      url: urlOf(server, address),
      async [Symbol.asyncDispose]() {
        const closed = new Promise((resolve) => {
          server.close(resolve);
        });
        server.closeAllConnections();
        await closed;
      },
    };
  },

  get(url, timeoutMs) {
    return new Promise((resolve, reject) => {
      // No agent: one of its own makes a connection that nobody keeps.
      const request = http.get(url, { agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text: string) => {
          body += text;
        });
        response.on("error", reject);
        response.on("end", () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, body });
        });
      });
      const timer = setTimeout(() => {
        request.destroy(new Error(`no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      request.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
    });
  },
};

/** A probe sends a few hundred bytes at once, and asks again every few seconds. */
const limits: http.ServerOptions = {
  maxHeaderSize: 8192,
  headersTimeout: 5000,
  requestTimeout: 5000,
  connectionsCheckingInterval: 1000,
  // Longer than the 15 s at which most Prometheus scrape, so that they keep their connection.
  keepAliveTimeout: 20_000,
};
const mostConnections = 128;

async function respond(
  handler: HttpHandler,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  request.on("error", () => undefined);
  response.on("error", () => undefined);
  // What a client sends along is read by nobody.
  request.resume();
  const method = request.method ?? "";
  const answer = await handler(method, pathOf(request.url ?? ""));
  const { status, headers, body } = answer satisfies Answer;
  response.writeHead(status, {
    ...headers,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    // A body that comes behind a method that has none here would be taken for the next request.
    ...(method === "GET" || method === "HEAD" ? {} : { connection: "close" }),
  });
  response.end(method === "HEAD" ? undefined : body);
}

/** A client may write the whole URL, as it would to a proxy. */
function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?#]*/i, "");
}

/**
 * Above the limit the oldest connection goes, not the newest: who holds many and asks nothing
 * does not keep a probe out. node's own maxConnections does the opposite, and Bun 1.4.5 has none;
 * there a connection counts, and is cut, from its first byte on; a silent one ends in its time.
 */
function limitConnections(server: http.Server): void {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => undefined);
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    const [oldest] = open;
    if (open.size > mostConnections) oldest?.destroy();
  });
}

/** What is no HTTP, too large or too slow. */
function refuseClient(error: NodeJS.ErrnoException, socket: Duplex): void {
  const status =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "408 Request Timeout"
        : "400 Bad Request";
  if (error.code !== "ECONNRESET" && socket.writable) {
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
  // One that never reads would keep what is written to it.
  setTimeout(() => socket.destroy(), 100).unref();
}

function listening(server: http.Server, address: HttpAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const { host, port } = address;
      const where = `${host === undefined ? "port " : `${bracketed(host)}:`}${port}`;
      const message = refusals[error.code ?? ""] ?? error.message;
      reject(new Refusal([{ code: "cannot-listen", address: where, message }]));
    });
    const { host, port } = address;
    server.listen({ port, ...(host === undefined ? {} : { host }) }, resolve);
  });
}

const refusals: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is taken",
  EACCES: "this user may not (ports below 1024 are for root)",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "nobody knows this host",
};

function urlOf(server: http.Server, { host, port }: HttpAddress): string {
  const address = server.address() as AddressInfo | null;
  const name = address?.address ?? host ?? "";
  return `http://${bracketed(name)}:${address?.port ?? port}`;
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
