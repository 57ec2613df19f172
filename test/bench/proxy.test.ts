import { describe, expect, test } from "bun:test";
import postgres from "postgres";
import { listen, startProxy } from "../../bench/proxy.ts";
import { freshDatabase, sharedServer } from "../support/servers.ts";

const startup = startMessage(196_608, "user\0postgres\0\0");
const encryption = startMessage(80_877_103);
const ready = Buffer.from("Z\0\0\0\x05I");
const authenticated = Buffer.from("R\0\0\0\x08\0\0\0\0");
const passwordWanted = Buffer.from("R\0\0\0\x08\0\0\0\x03");
const complete = Buffer.from("C\0\0\0\x0dSELECT 1\0");
const goodbye = Buffer.from("X\0\0\0\x04");
const query = typed("Q", "select 1\0");
const login: readonly Step[] = [
  ["client", startup],
  ["server", Buffer.concat([authenticated, ready])],
];

type Step = readonly [from: "client" | "server", chunk: Buffer];

interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly all: number;
  readonly afterLogin: number;
}

const cases: readonly Case[] = [
  { name: "a log-in", steps: login, all: 1, afterLogin: 0 },
  {
    name: "a log-in that asks for encryption and a password, and a query",
    steps: [
      ["client", encryption],
      ["server", Buffer.from("N")],
      ["client", startup],
      ["server", passwordWanted],
      ["client", typed("p", "secret\0")],
      ["server", Buffer.concat([authenticated, ready])],
      ["client", query],
    ],
    all: 4,
    afterLogin: 1,
  },
  {
    name: "two queries, one behind the other's answer, and a goodbye",
    steps: [
      ...login,
      ["client", query],
      ["server", Buffer.concat([complete, ready])],
      ["client", query],
      ["server", Buffer.concat([complete, ready])],
      ["client", goodbye],
    ],
    all: 3,
    afterLogin: 2,
  },
  {
    name: "three queries at once, of which the last is sent while answers come",
    steps: [
      ...login,
      ["client", Buffer.concat([query, query])],
      ["server", Buffer.concat([complete, ready])],
      ["client", query],
      ["server", Buffer.concat([complete, ready, complete, ready])],
      ["client", query],
      ["server", Buffer.concat([complete, ready])],
    ],
    all: 3,
    afterLogin: 2,
  },
  {
    name: "a query sent in two pieces, and its answer too",
    steps: [
      ...login,
      ["client", query.subarray(0, 3)],
      ["client", query.subarray(3)],
      ["server", complete.subarray(0, 4)],
      ["server", Buffer.concat([complete.subarray(4), ready])],
    ],
    all: 2,
    afterLogin: 1,
  },
  {
    name: "a statement that is described before it is executed",
    steps: [
      ...login,
      [
        "client",
        Buffer.concat([typed("P", "\0select 1\0\0\0"), typed("D", "S\0"), typed("H", "")]),
      ],
      ["server", typed("1", "")],
      [
        "client",
        Buffer.concat([typed("B", "\0\0\0\0\0\0\0\0"), typed("E", "\0\0\0\0\0"), typed("S", "")]),
      ],
      ["server", Buffer.concat([complete, ready])],
    ],
    all: 3,
    afterLogin: 2,
  },
  {
    name: "a query sent with the log-in",
    steps: [
      ["client", Buffer.concat([startup, query])],
      ["server", Buffer.concat([authenticated, ready])],
      ["server", Buffer.concat([complete, ready])],
      ["client", query],
    ],
    all: 2,
    afterLogin: 1,
  },
];

describe("round trips", () => {
  test.each(cases)("$name", ({ steps, all, afterLogin }) => {
    const counted: boolean[] = [];
    const conversation = listen((behindLogin) => counted.push(behindLogin));
    for (const [from, chunk] of steps) {
      if (from === "client") conversation.fromClient(chunk);
      else conversation.fromServer(chunk);
    }
    const found = { all: counted.length, afterLogin: counted.filter(Boolean).length };
    expect(found).toEqual({ all, afterLogin });
  });

  test("of a client and a server, through the proxy", async () => {
    const server = await sharedServer(18);
    await using database = await freshDatabase(server);
    await using proxy = await startProxy(server.port);
    const sql = postgres(proxy.url(database.url), { max: 1, fetch_types: false });
    await sql.unsafe("select 1");
    await sql.unsafe("select 2");
    expect(proxy.take()).toEqual({ all: 3, afterLogin: 2, connections: 1 });
    await sql.unsafe("select 3");
    await sql.end();
    expect(proxy.take()).toEqual({ all: 1, afterLogin: 1, connections: 0 });
  });
});

function typed(type: string, body: string): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, Buffer.from(body)]);
}

/** What starts a connection: a length and a code, without a type. */
function startMessage(code: number, body = ""): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, Buffer.from(body)]);
}
