/** The HTTP server against clients that are slow, broken or many: over real sockets. */
import { expect, test } from "bun:test";
import net from "node:net";
import { nodeHttp } from "../../src/adapters/http.ts";
import type { Finding } from "../../src/core/probes.ts";
import { type HttpHandler, Refusal } from "../../src/ports.ts";
import { probeHandler, sharedFinding } from "../../src/probing.ts";
import { systemClock } from "../../src/adapters/system.ts";

const build = { version: "1.2.3", set: { count: 0, digest: "abc" } };
const migrating: Finding = { kind: "migrating" };
const probes = probeHandler(build, () => Promise.resolve(migrating));

async function listen(handler: HttpHandler = probes) {
  const listener = await nodeHttp.listen({ host: "127.0.0.1", port: 0 }, handler);
  return Object.assign(listener, { port: Number(new URL(listener.url).port) });
}

interface Client {
  readonly socket: net.Socket;
  readonly heard: () => string;
  readonly closed: Promise<void>;
}

function client(port: number, text = ""): Client {
  let heard = "";
  const socket = net.connect(port, "127.0.0.1", () => {
    if (text !== "") socket.write(text);
  });
  socket.on("data", (chunk) => (heard += String(chunk)));
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => {
      resolve();
    });
  });
  return { socket, heard: () => heard, closed };
}

/** What is answered to these bytes, and then the connection ends. */
async function answerTo(port: number, text: string): Promise<string> {
  const { heard, closed } = client(port, text);
  await closed;
  return heard();
}

const close = "Host: a\r\nConnection: close\r\n\r\n";

test("HEAD answers as GET does, without the body", async () => {
  await using server = await listen();
  const { port } = server;
  for (const path of ["/healthz", "/readyz", "/metrics", "/nothing"]) {
    const [get = "", body = ""] = (await answerTo(port, `GET ${path} HTTP/1.1\r\n${close}`)).split(
      "\r\n\r\n",
    );
    const [head = "", none = "?"] = (
      await answerTo(port, `HEAD ${path} HTTP/1.1\r\n${close}`)
    ).split("\r\n\r\n");
    const withoutDate = (text: string): string => text.replace(/^date:.*$/im, "");
    expect(withoutDate(head)).toBe(withoutDate(get));
    expect(none).toBe("");
    expect(get).toContain(`content-length: ${body.length}`);
  }
});

test.each([
  ["GET /healthz", 200],
  ["GET /healthz?a=b", 200],
  ["GET http://elsewhere/healthz", 200],
  ["GET /readyz", 503],
  ["GET /metrics", 200],
  ["GET /", 404],
  ["GET /healthz/../metrics", 404],
  ["POST /healthz", 405],
  ["DELETE /metrics", 405],
  ["OPTIONS /readyz", 405],
  ["PUT /nothing", 404],
] as const)("%s: %i", async (line, status) => {
  await using server = await listen();
  const answer = await answerTo(server.port, `${line} HTTP/1.1\r\n${close}`);
  expect(answer).toStartWith(`HTTP/1.1 ${status} `);
  expect(answer.toLowerCase().includes("allow: get, head")).toBe(status === 405);
});

test("what is no HTTP concerns nobody else", async () => {
  await using server = await listen();
  const { port } = server;
  const huge = "x".repeat(20_000);
  for (const [text, status] of [
    ["\u0016\u0003\u0001 a TLS hello\r\n\r\n", 400],
    ["BREW /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["GET /healthz HTTP/1.1\r\n\r\n", 400],
    [`GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${huge}\r\n\r\n`, 431],
    [`GET /${huge} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
    ["GET constructor HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 4],
  ] as const) {
    expect(await answerTo(port, text)).toStartWith(`HTTP/1.1 ${status}`);
  }
  for (let count = 0; count < 20; count++) {
    const { socket } = client(port);
    socket.on("connect", () => {
      socket.write(`GET /readyz HTTP/1.1\r\n${close}`);
      socket.resetAndDestroy();
    });
  }
  await Bun.sleep(100);
  expect((await nodeHttp.get(`${server.url}/healthz`, 5000)).status).toBe(200);
});

test("a body is not taken for the next request", async () => {
  await using server = await listen();
  const smuggled = `GET /metrics HTTP/1.1\r\n${close}`;
  const answer = await answerTo(
    server.port,
    `POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
  );
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test.concurrent("slow clients are cut off, and hold up nobody", async () => {
  await using server = await listen();
  const slow = [
    client(server.port, "GET /healthz HT"),
    client(server.port, "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: "),
    client(server.port, "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nabc"),
    client(server.port),
  ];
  const drip = setInterval(() => slow[1]?.socket.write("a"), 200);
  const startMs = performance.now();
  expect((await nodeHttp.get(`${server.url}/healthz`, 1000)).status).toBe(200);
  await Promise.all(slow.map((one) => one.closed));
  clearInterval(drip);
  expect(performance.now() - startMs).toBeLessThan(15_000);
}, 20_000);

test("of too many connections the oldest goes, and a probe gets through", async () => {
  await using server = await listen();
  const ended: number[] = [];
  for (let index = 0; index < 140; index++) {
    const { socket, closed } = client(server.port, "GET /healthz HT");
    await new Promise((resolve) => socket.once("connect", resolve));
    void closed.then(() => ended.push(index));
  }
  await Bun.sleep(200);
  expect((await nodeHttp.get(`${server.url}/healthz`, 1000)).status).toBe(200);
  await Bun.sleep(100);
  expect(ended.length).toBeGreaterThanOrEqual(12);
  expect(ended.length).toBeLessThan(20);
  expect(Math.max(...ended)).toBeLessThan(40);
});

test("closing waits neither for clients nor for an answer", async () => {
  const { promise: never } = Promise.withResolvers<Finding>();
  const server = await listen(probeHandler(build, () => never));
  // Bun does not see one that has not spoken; it ends with the program, or when its time is over.
  const silent = client(server.port);
  const open = [
    client(server.port, "GET /healthz HT"),
    client(server.port, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"),
    client(server.port, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"),
  ];
  await Bun.sleep(100);
  expect(open[2]?.heard()).toContain("200 OK");
  const startMs = performance.now();
  await server[Symbol.asyncDispose]();
  await Promise.all(open.map((one) => one.closed));
  expect(performance.now() - startMs).toBeLessThan(1000);
  silent.socket.destroy();
});

test("a port that is taken and an address that is not here are refused in words", async () => {
  await using server = await listen();
  for (const [address, message] of [
    [{ host: "127.0.0.1", port: server.port }, "the port is taken"],
    [{ host: "203.0.113.9", port: 0 }, "this machine has no such address"],
  ] as const) {
    const refusal = await nodeHttp.listen(address, probes).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(Refusal);
    expect((refusal as Refusal).problems).toMatchObject([{ code: "cannot-listen", message }]);
  }
});

test("the client gives up in time", async () => {
  const { promise: never } = Promise.withResolvers<Finding>();
  await using server = await listen(probeHandler(build, () => never));
  const startMs = performance.now();
  const failure = (url: string, timeoutMs: number): Promise<unknown> =>
    nodeHttp.get(url, timeoutMs).catch((error: unknown) => error);
  expect(String(await failure(`${server.url}/readyz`, 200))).toContain("no answer within 200 ms");
  expect(await failure("http://127.0.0.1:1/", 5000)).toBeInstanceOf(Error);
  expect(performance.now() - startMs).toBeLessThan(2000);
});

test("a stampede is one reading, a young answer is given again, and nobody waits too long", async () => {
  const clock = systemClock({ signal: undefined, onSignal: () => () => undefined });
  let readings = 0;
  let release = (): void => undefined;
  let offsetMs = 0;
  const shared = sharedFinding(
    { ...clock, nowMs: () => clock.nowMs() + offsetMs },
    150,
    async () => {
      readings++;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return migrating;
    },
  );
  const asked = Array.from({ length: 100 }, () => shared());
  release();
  expect(await Promise.all(asked)).toEqual(asked.map(() => migrating));
  expect(readings).toBe(1);
  expect(await shared()).toBe(migrating);
  expect(readings).toBe(1);
  offsetMs = 1001;
  expect(await shared()).toMatchObject({ kind: "unreadable" });
  // The one that hangs is not joined by another.
  expect(await shared()).toMatchObject({ kind: "unreadable" });
  expect(readings).toBe(2);
  release();
  expect(await shared()).toBe(migrating);
});
