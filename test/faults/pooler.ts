/** PgBouncer between a runner and its server: refused where two could work at once, else gone through. */
import { spawn } from "node:child_process";
import { demandEqual } from "../support/demand.ts";
import { folderOf } from "../support/folders.ts";
import { freshDatabase, startServer, type TestServer } from "../support/servers.ts";
import type { Suite } from "../support/suite.ts";
import { type Bouncer, type BouncerOptions, startBouncer, whyNot } from "./bouncer.ts";
import { ask, settingsBehind, startTraffic } from "./traffic.ts";

const files = {
  "1_a.up.sql": "create table a (id int)",
  "2_b.up.sql": "create index concurrently a_id on a (id)",
  "3_c.up.sql":
    "insert into a select 1 where (select count(*) from pg_sleep(current_setting('test.seconds', true)::int)) = 1",
};

const locks = "select count(*) from pg_locks where locktype = 'advisory'";
const made = "select count(*) from pg_class where relnamespace = 'public'::regnamespace";

/** @param executable A lacuna without migrations inside. */
export async function poolers({ check, skip }: Suite, executable: string): Promise<void> {
  const reason = whyNot();
  if (reason !== undefined) {
    skip("PgBouncer between a runner and its server", reason);
    return;
  }
  using folder = folderOf(files);
  await using server = await startServer(17);
  const lacuna = (command: string, url: string, ...flags: readonly string[]): Run =>
    start(executable, [command, "--migrations", folder.path, "--database-url", url, ...flags]);

  const refusals: readonly (readonly [string, number, Load, BouncerOptions])[] = [
    ["idle, one backend", 50, "idle", { mode: "transaction", poolSize: 1 }],
    ["idle, four backends", 50, "idle", { mode: "transaction", poolSize: 4 }],
    [
      "idle, two backends in turn",
      50,
      "idle",
      { mode: "transaction", poolSize: 2, more: ["server_round_robin = 1"] },
    ],
    ["8 clients on four backends", 50, "load", { mode: "transaction", poolSize: 4 }],
    ["8 clients on two backends", 50, "load", { mode: "transaction", poolSize: 2 }],
    ["8 clients on ten backends", 50, "load", { mode: "transaction", poolSize: 10 }],
    ["idle, statement mode", 10, "idle", { mode: "statement", poolSize: 1 }],
    ["idle, statement mode", 10, "idle", { mode: "statement", poolSize: 2 }],
  ];
  for (const [name, rounds, load, options] of refusals) {
    await check(`${options.mode} mode is refused: ${name}`, () =>
      behind(server, options, async ({ url, direct }) => {
        const before = await settingsOf(url, options);
        await using traffic = load === "load" ? startTraffic(url, 8) : undefined;
        const refused = await counted(rounds, async () => isRefused(await lacuna("up", url).ended));
        demandEqual(refused, rounds);
        demandEqual(await ask(direct, locks), "0");
        demandEqual(await ask(direct, made), "0");
        await traffic?.[Symbol.asyncDispose]();
        demandEqual(await settingsOf(url, options), before);
        const beside = traffic === undefined ? "" : `, ${traffic.transactions} transactions beside`;
        return `${refused} of ${rounds} refused${beside}, no lock, no table, no setting left`;
      }),
    );
  }

  await check("two at once in transaction mode: neither applies anything", () =>
    behind(server, { mode: "transaction", poolSize: 2 }, async ({ url, direct }) => {
      const rounds = 20;
      const refused = await counted(rounds, async () => {
        const both = await Promise.all([lacuna("up", url).ended, lacuna("up", url).ended]);
        return both.every(isRefused);
      });
      demandEqual([refused, await ask(direct, made), await ask(direct, locks)], [rounds, "0", "0"]);
      return `${refused} of ${rounds} pairs refused`;
    }),
  );

  await check("what only reads works in transaction mode, and leaves no setting behind", () =>
    behind(server, { mode: "transaction", poolSize: 2 }, async ({ url, direct }) => {
      demandEqual((await lacuna("up", direct).ended).exitCode, 0);
      const before = await settingsBehind(url, 2);
      for (const command of ["status", "plan", "wait"]) {
        const { exitCode, stderr } = await lacuna(command, url).ended;
        demandEqual([command, exitCode, stderr], [command, 0, ""]);
      }
      demandEqual(await settingsBehind(url, 2), before);
    }),
  );

  await check("session mode: a concurrent index, exit 0, and it is said", () =>
    behind(server, { mode: "session", poolSize: 4 }, async ({ url, direct }) => {
      const { exitCode, stdout, stderr } = await lacuna("up", url, "--verbose").ended;
      demandEqual([exitCode, stdout.match(/^applied /gm)?.length], [0, 3]);
      demandEqual(stderr.includes("is a pooler in session mode"), true);
      const valid =
        "select count(*) from pg_index where indexrelid = 'a_id'::regclass and indisvalid";
      demandEqual([await ask(direct, valid), await ask(direct, locks)], ["1", "0"]);
    }),
  );

  await check("session mode: two at once, both exit 0, and each effect is there once", () =>
    behind(server, { mode: "session", poolSize: 10 }, async ({ url, direct }) => {
      const both = await Promise.all([lacuna("up", url).ended, lacuna("up", url).ended]);
      demandEqual(
        both.map((one) => one.exitCode),
        [0, 0],
      );
      demandEqual(await ask(direct, "select count(*) from a"), "1");
    }),
  );

  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGKILL", null],
  ] as const) {
    await check(`session mode: ${signal} in the middle leaves no statement and no lock`, () =>
      behind(server, { mode: "session", poolSize: 4 }, async ({ url, direct, name }) => {
        await ask(direct, `alter database ${name} set test.seconds = '60'`);
        const up = lacuna("up", url);
        const asleep =
          "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
        await until(async () => (await ask(direct, asleep)) === "1");
        const startMs = performance.now();
        up.kill(signal);
        demandEqual((await up.ended).exitCode, code);
        await until(async () => (await ask(direct, asleep)) === "0");
        await until(async () => (await ask(direct, locks)) === "0");
        const seconds = (performance.now() - startMs) / 1000;
        demandEqual(seconds < 5, true);
        await ask(direct, `alter database ${name} set test.seconds = '0'`);
        demandEqual((await lacuna("up", direct).ended).exitCode, 0);
        demandEqual(await ask(direct, "select count(*) from a"), "1");
        return `gone after ${seconds.toFixed(1)} s`;
      }),
    );
  }

  await check("a pool that gives no second connection is refused, unless it is vouched for", () =>
    behind(server, { mode: "session", poolSize: 1 }, async ({ url, direct }) => {
      const refused = await lacuna("up", url).ended;
      demandEqual([refused.exitCode, refused.stderr.includes("--pooler session")], [6, true]);
      demandEqual(await ask(direct, made), "0");
      demandEqual((await lacuna("up", url, "--pooler", "session").ended).exitCode, 0);
      demandEqual(await ask(direct, locks), "0");
    }),
  );

  await check("a start-up parameter that PgBouncer does not take is told in words", () =>
    behind(server, { mode: "session", poolSize: 2 }, async ({ url }) => {
      const { exitCode, stderr } = await lacuna("up", `${url}?options=-c%20work_mem%3D8MB`).ended;
      demandEqual([exitCode, stderr.includes("leave the parameter out")], [6, true]);
    }),
  );

  await check("a server that is away behind PgBouncer is waited for", () =>
    behind(server, { mode: "session", poolSize: 4 }, async ({ url }) => {
      await server.stop();
      const up = lacuna("up", url, "--connect-timeout", "30s");
      await Bun.sleep(3000);
      await server.start();
      demandEqual((await up.ended).exitCode, 0);
    }),
  );

  await check("a direct connection is never taken for a pooler", async () => {
    await using fresh = await freshDatabase(server);
    const rounds = 100;
    const direct = await counted(rounds, async () => {
      const { exitCode, stdout } = await lacuna("up", fresh.url, "--json").ended;
      return exitCode === 0 && stdout.includes('"connected"') && !stdout.includes('"pooler"');
    });
    demandEqual(direct, rounds);
    return `${direct} of ${rounds}`;
  });
}

type Load = "idle" | "load";

interface Place {
  readonly name: string;
  /** Through the pooler. */
  readonly url: string;
  readonly direct: string;
}

async function behind<T>(
  server: TestServer,
  options: BouncerOptions,
  work: (place: Place) => Promise<T>,
): Promise<T> {
  await using fresh = await freshDatabase(server);
  // Not where a new database has to be empty.
  await ask(fresh.url, "create schema other");
  await ask(fresh.url, "create table other.traffic (id int primary key, n int not null)");
  await ask(fresh.url, "insert into other.traffic select id, 0 from generate_series(0, 7) as id");
  await using bouncer: Bouncer = await startBouncer(server, options);
  return await work({ name: fresh.name, url: bouncer.url(fresh.name), direct: fresh.url });
}

/** Statement mode has no transactions to hold several backends with. */
async function settingsOf(
  url: string,
  { mode, poolSize }: BouncerOptions,
): Promise<readonly string[]> {
  if (mode !== "statement") return settingsBehind(url, poolSize);
  return [await ask(url, "select count(*) from pg_settings where source = 'session'")];
}

interface Run {
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(executable: string, argv: readonly string[]): Run {
  const options = { env: {}, stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 } as const;
  const child = spawn(executable, [...argv], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  return { ended, kill: (signal) => child.kill(signal) };
}

function isRefused({ exitCode, stdout, stderr }: Ended): boolean {
  return exitCode === 6 && stdout === "" && stderr.includes("in transaction or statement mode");
}

async function counted(rounds: number, holds: () => Promise<boolean>): Promise<number> {
  let count = 0;
  for (let round = 0; round < rounds; round++) if (await holds()) count++;
  return count;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("it did not come to that within 20 s");
    await Bun.sleep(50);
  }
}
