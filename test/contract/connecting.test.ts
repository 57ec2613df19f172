/** Coming to a session: a database that is not there yet, one that never will be, and the cost. */
import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { databaseAt } from "../support/engines.ts";
import { startServer } from "../support/servers.ts";
import { contractSideBySide, pgliteSkips } from "./contract.ts";
import { groundOn } from "./ground.ts";

const files = { "1_a.up.sql": "create table a ()" };

interface Tally extends AsyncDisposable {
  readonly port: number;
  readonly connections: number;
  /** How often the client spoke after the server had: what a distant server would cost. */
  readonly roundTrips: number;
}

/** A relay between a client and a server that counts how often they take turns. */
async function countingProxy(targetPort: number): Promise<Tally> {
  let connections = 0;
  let roundTrips = 0;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    connections++;
    // The connection itself is the first thing that the client waits for.
    let isServersTurn = false;
    const upstream = net.connect(targetPort, "127.0.0.1");
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      sockets.add(socket);
    }
    client.on("data", (chunk) => {
      // Terminate is not answered.
      const isFarewell = chunk.length === 5 && chunk[0] === "X".charCodeAt(0);
      if (!isServersTurn && !isFarewell) {
        isServersTurn = true;
        roundTrips++;
      }
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      isServersTurn = false;
      client.write(chunk);
    });
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    get connections() {
      return connections;
    },
    get roundTrips() {
      return roundTrips;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const starting = "up waits for a server that is being started, and fails at once on a wrong one";
const nobody = "a server that never comes is given up after the time limit";
const trips = "a run with nothing pending takes one connection and six round trips at most";

const standby =
  "a standby is waited for, read from, and passed over where another host is writable";

const skips = pgliteSkips("PGlite is in this process", starting, nobody, trips, standby);

contractSideBySide(skips, (check, engine) => {
  check(starting, async (ground) => {
    const hba = "host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
    await using server = await startServer(engine.major, { hba });
    const own = databaseAt(server.url());
    const ownGround = groundOn(engine, { ...ground, database: own, url: server.url() });
    await server.stop();

    const waiting = ownGround.up(files, { connectTimeoutMs: 30_000 });
    await Bun.sleep(300);
    await server.start();
    const { problems, applied, world } = await waiting;
    expect(problems).toEqual([]);
    expect(applied).toEqual(["1_a"]);
    expect(world.events[0]).toMatchObject({ kind: "waiting-for-database" });
    // Said once, not with every attempt.
    expect(world.events.filter((event) => event.kind === "waiting-for-database")).toHaveLength(1);

    // What waiting does not mend is not waited for.
    await own.session(
      {
        opening:
          "create role guarded login password 'right'; grant select on all tables in schema public to guarded",
        applicationName: "lacuna/test",
        connectTimeoutMs: 5000,
        extensions: [],
      },
      () => Promise.resolve(),
    );
    const address = `127.0.0.1:${server.port}`;
    for (const [url, word] of [
      [`postgres://guarded:wrong@${address}/postgres`, "28P01"],
      [`postgres://postgres@${address}/nowhere`, "3D000"],
      [`postgres://nobody@${address}/postgres`, "28000"],
    ] as const) {
      const startMs = Date.now();
      const wrong = groundOn(engine, { ...ground, database: databaseAt(url), url });
      const refused = await wrong.up(files, { connectTimeoutMs: 30_000 });
      expect(refused.problems).toEqual(["cannot-connect"]);
      expect(Date.now() - startMs).toBeLessThan(5000);
      expect(refused.first?.code === "cannot-connect" && refused.first.message).toContain(word);
      expect(JSON.stringify([refused.outcome, refused.world.events])).not.toContain("wrong@");
    }
    const right = databaseAt(`postgres://guarded:right@${address}/postgres`);
    const granted = groundOn(engine, { ...ground, database: right, url: "" });
    expect((await granted.status(files)).problems).toEqual([]);
  });

  check(nobody, async (ground) => {
    const database = databaseAt("postgres://postgres@127.0.0.1:1/nowhere");
    const startMs = Date.now();
    const { problems, first } = await groundOn(engine, { ...ground, database }).up(files, {
      connectTimeoutMs: 700,
    });
    expect(problems).toEqual(["cannot-connect"]);
    expect(first?.code === "cannot-connect" && first.waitedMs).toBeGreaterThan(0);
    expect(Date.now() - startMs).toBeLessThan(5000);
  });

  check(standby, async (ground) => {
    await using server = await startServer(engine.major);
    const own = groundOn(engine, { ...ground, database: databaseAt(server.url()) });
    expect((await own.up(files)).problems).toEqual([]);
    await server.stop();
    writeFileSync(join(server.dataDirectory, "standby.signal"), "");
    await server.start();

    const more = { ...files, "2_b.up.sql": "create table b ()" };
    expect((await own.status(more)).problems).toEqual([]);
    expect(await own.states(more)).toEqual(["1: applied", "2: pending"]);
    const refused = await own.up(more, { connectTimeoutMs: 400 });
    expect(refused.problems).toEqual(["standby"]);

    // It is not the standby's migration that is found missing on the other one.
    const both = new URL(ground.url);
    const attributes = "target_session_attrs=read-write";
    const url = `postgres://postgres@127.0.0.1:${server.port},${both.host}${both.pathname}?${attributes}`;
    const either = groundOn(engine, { ...ground, database: databaseAt(url) });
    expect((await either.up(more)).applied).toEqual(["1_a", "2_b"]);
    expect(await own.states(more)).toEqual(["1: applied", "2: pending"]);

    const waiting = own.up(more, { connectTimeoutMs: 30_000 });
    await Bun.sleep(300);
    await databaseAt(server.url()).session(
      {
        opening: "select pg_promote()",
        applicationName: "lacuna/test",
        connectTimeoutMs: 5000,
        extensions: [],
      },
      () => Promise.resolve(),
    );
    const promoted = await waiting;
    expect(promoted.problems).toEqual([]);
    expect(promoted.applied).toEqual(["2_b"]);
    expect(promoted.world.events[0]).toMatchObject({
      kind: "waiting-for-database",
      reason: "it is a standby",
    });
  });

  check(trips, async (ground) => {
    await ground.up(files);
    const url = new URL(ground.url);
    await using proxy = await countingProxy(Number(url.port));
    url.port = String(proxy.port);
    const distant = groundOn(engine, { ...ground, database: databaseAt(url.href), url: url.href });
    const { problems, applied } = await distant.up(files);
    expect(problems).toEqual([]);
    expect(applied).toEqual([]);
    console.log(
      `${engine.name}: an up with nothing pending takes ${proxy.connections} connection and ${proxy.roundTrips} round trips`,
    );
    expect(proxy.connections).toBe(1);
    expect(proxy.roundTrips).toBeLessThanOrEqual(6);
    expect(proxy.roundTrips).toBeGreaterThan(2);
  });
});
