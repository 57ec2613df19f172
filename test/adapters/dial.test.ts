/** A connection that is made before anybody asks for a session. */
import { describe, expect, test } from "bun:test";
import { connectBun } from "../../src/adapters/bun-channel.ts";
import { dialAhead, type Dialed } from "../../src/adapters/dial.ts";
import type { Connect } from "../../src/adapters/channel.ts";
import { connectNode } from "../../src/adapters/node-channel.ts";
import { serverDatabase } from "../../src/adapters/postgres.ts";
import { findDatabase } from "../../src/cli/database-url.ts";
import type { ServerTarget } from "../../src/core/target.ts";
import type { Database } from "../../src/ports.ts";
import { databaseAt, sessionOptions } from "../support/engines.ts";
import { startRelay } from "../support/relay.ts";
import { freshDatabase, sharedServer } from "../support/servers.ts";

const limitMs = 5000;
const { applicationName } = sessionOptions;
const kinds: readonly (readonly [string, Connect])[] = [
  ["node:net", connectNode],
  ...(connectBun === undefined ? [] : [["Bun's sockets", connectBun] as const]),
];

function targetAt(url: string): ServerTarget {
  const found = findDatabase({
    flag: url,
    environment: {},
    userName: () => "postgres",
    readFile: () => undefined,
  });
  if (!found.ok || found.value.engine !== "server") throw new Error(`no server's URL: ${url}`);
  return found.value;
}

const session = (database: Database): Promise<unknown> =>
  database.session(sessionOptions, ({ opening }) => Promise.resolve(opening));

interface Setting extends AsyncDisposable {
  readonly target: ServerTarget;
  /** Connections that were made so far. */
  readonly made: () => number;
  /** Sessions that the server has. */
  readonly open: () => Promise<number>;
}

async function setting(): Promise<Setting> {
  const server = await sharedServer(18);
  const fresh = await freshDatabase(server);
  const relay = await startRelay({ port: server.port });
  const url = relay.url(fresh.url);
  return {
    target: targetAt(`${url}?sslmode=disable`),
    made: () => relay.connections,
    async open() {
      const [rows] = await databaseAt(fresh.url).session(sessionOptions, (own) =>
        own.rows(
          "select count(*)::text as count from pg_stat_activity " +
            "where datname = current_database() and pid <> pg_backend_pid()",
        ),
      );
      return Number(rows?.[0]?.["count"]);
    },
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

async function dialed(target: ServerTarget, connect: Connect, name: string): Promise<Dialed> {
  const made = dialAhead(target, connect, name, limitMs);
  if (made === undefined) throw new Error("nothing was dialed");
  await made.channel;
  return made;
}

async function within(what: () => Promise<boolean>): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await what()) return true;
    await Bun.sleep(20);
  }
  return false;
}

describe.each(kinds)("%s", (_, connect) => {
  test("the first session is made of it, and of nothing else", async () => {
    await using own = await setting();
    const ahead = await dialed(own.target, connect, applicationName);
    await using database = serverDatabase(own.target, connect, { dialed: ahead });
    for (const made of [1, 2]) {
      expect(await session(database)).toEqual([[{ one: "1" }]]);
      expect(own.made()).toBe(made);
    }
  });

  test("one of another name is given up", async () => {
    await using own = await setting();
    const ahead = await dialed(own.target, connect, "another");
    await using database = serverDatabase(own.target, connect, { dialed: ahead });
    expect(await session(database)).toEqual([[{ one: "1" }]]);
    expect(own.made()).toBe(2);
    expect(await within(async () => (await own.open()) === 0)).toBe(true);
  });

  test("one that nobody takes is given up", async () => {
    await using own = await setting();
    const ahead = await dialed(own.target, connect, applicationName);
    expect(await within(async () => (await own.open()) === 1)).toBe(true);
    await serverDatabase(own.target, connect, { dialed: ahead })[Symbol.asyncDispose]();
    expect(await within(async () => (await own.open()) === 0)).toBe(true);
  });

  test("what it comes to is the session's first attempt", async () => {
    const target = targetAt("postgres://postgres@127.0.0.1:1/nowhere?sslmode=disable");
    const ahead = dialAhead(target, connect, applicationName, limitMs);
    await using database = serverDatabase(target, connect, { dialed: ahead });
    const refused = await session(database).catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: "refused", server: { code: "ECONNREFUSED" } });
  });

  test("a server that says no is heard", async () => {
    await using own = await setting();
    const target = { ...own.target, database: "nowhere" };
    const ahead = await dialed(target, connect, applicationName);
    await using database = serverDatabase(target, connect, { dialed: ahead });
    const refused = await session(database).catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: "refused", server: { code: "3D000" } });
    expect(own.made()).toBe(1);
  });
});
