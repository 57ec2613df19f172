/** `serve`, `wait` and `smoke` of the built executable, against a server that goes and comes back. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { freshDatabase, sharedServer, startServer } from "../support/servers.ts";
import { buildExecutable } from "./executable.ts";

const temporary = fs.mkdtempSync(join(tmpdir(), "lacuna-serve-"));
let executable = process.env["LACUNA_EXECUTABLE"] ?? "";

beforeAll(() => {
  if (executable === "") executable = buildExecutable(temporary);
}, 60_000);
afterAll(() => {
  fs.rmSync(temporary, { recursive: true });
});

const patience = 60_000;

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = fs.mkdtempSync(join(temporary, "set-"));
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(join(folder, name), text);
  return folder;
}

const three = {
  "1_a.up.sql": "create table a ();",
  "2_b.up.sql": "create table b ();",
  "3_c.up.sql": "create table c ();",
};

/** Waits until somebody's session runs a query like this. */
async function runs(url: string, query: string): Promise<void> {
  const sql = postgres(url, { max: 1, fetch_types: false });
  try {
    for (;;) {
      const [row] = await sql`select from pg_stat_activity
        where state = 'active' and pid <> pg_backend_pid() and query like ${query}`;
      if (row !== undefined) return;
      await Bun.sleep(20);
    }
  } finally {
    await sql.end();
  }
}

class Program implements AsyncDisposable {
  stdout = "";
  stderr = "";
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(argv: readonly string[], environment: Record<string, string> = {}) {
    this.child = spawn(executable, argv, { cwd: temporary, env: environment });
    this.child.stdout?.on("data", (chunk) => (this.stdout += String(chunk)));
    this.child.stderr?.on("data", (chunk) => (this.stderr += String(chunk)));
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
  }

  /** Waits until it said where it listens. */
  async url(): Promise<string> {
    for (;;) {
      const url = /listening on (http:\S+)/.exec(this.stderr)?.[1];
      if (url !== undefined) return url;
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.stderr}`);
      await Bun.sleep(10);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}

/** Asks until the status is the one that is waited for; gives the body. */
async function until(url: string, status: number): Promise<Record<string, unknown>> {
  for (let left = 200; ; left--) {
    const response = await fetch(url);
    const text = await response.text();
    if (response.status === status) return JSON.parse(text) as Record<string, unknown>;
    if (left === 0) throw new Error(`${url} stays ${response.status}: ${text}`);
    await Bun.sleep(50);
  }
}

async function metric(url: string, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const value = new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

async function execute(url: string, script: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  await sql.unsafe(script);
  await sql.end();
}

async function lacuna(...argv: readonly string[]): Promise<number | null> {
  return new Program(argv).ended;
}

test.concurrent(
  "readyz follows the database: pending, applied, away, back, forgotten",
  async () => {
    await using server = await startServer(17);
    const from = ["--migrations", folderOf(three), "--database-url", server.url()];
    await using program = new Program(["serve", "--port", "0", "--host", "127.0.0.1", ...from]);
    const url = await program.url();

    const first = await until(`${url}/readyz`, 503);
    expect(first).toMatchObject({ ready: false, pending: 3, gaps: 0, ahead: 0, missing: 0 });
    expect(await lacuna("up", ...from)).toBe(0);
    expect(await until(`${url}/readyz`, 200)).toMatchObject({ applied: 3, pending: 0 });
    expect(await metric(url, "lacuna_database_up")).toBe(1);

    await server.stop("immediate");
    const away = await until(`${url}/readyz`, 503);
    expect(away["reason"]).toContain("Cannot connect");
    expect(away).not.toContainKey("pending");
    expect(await metric(url, "lacuna_database_up")).toBe(0);
    expect(await metric(url, "lacuna_migrations_pending")).toBeUndefined();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);

    await server.start();
    await until(`${url}/readyz`, 200);
    await execute(
      server.url(),
      "delete from applied_migrations where version = 2; insert into applied_migrations values (9, 'z', now(), null)",
    );
    expect(await until(`${url}/readyz`, 503)).toMatchObject({
      applied: 2,
      pending: 1,
      gaps: 1,
      ahead: 1,
      missing: 0,
    });
    expect(await metric(url, "lacuna_migrations_gaps")).toBe(1);

    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(143);
    // Every change was told, and no answer twice; a server that starts gives several reasons.
    const told = program.stderr.match(/^(not )?ready: .*$/gm) ?? [];
    expect(told.filter((line, index) => line === told[index - 1])).toEqual([]);
    const turns = told.map((line) => line.replace(/:.*/, ": "));
    expect(turns.filter((word, index) => word !== turns[index - 1])).toEqual([
      "not ready: ",
      "ready: ",
      "not ready: ",
      "ready: ",
      "not ready: ",
    ]);
    expect(program.stderr).toEndWith("stopped by SIGTERM\n");
    expect(program.stdout).toBe("");
  },
  patience,
);

test.concurrent(
  "probes every moment cost the database one connection a second",
  async () => {
    await using database = await freshDatabase(await sharedServer(17));
    const from = ["--migrations", folderOf({}), "--database-url", database.url];
    await using program = new Program(["serve", "--port", "0", "--host", "127.0.0.1", ...from]);
    const url = await program.url();
    const count = async (): Promise<number> => {
      const sql = postgres(database.url, { max: 1 });
      await sql.unsafe("select pg_stat_clear_snapshot()");
      const [row] = await sql.unsafe(
        "select sessions from pg_stat_database where datname = current_database()",
      );
      await sql.end();
      return Number(row?.["sessions"]);
    };
    await until(`${url}/readyz`, 200);
    const before = await count();
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => fetch(`${url}/readyz`).then(({ status }) => status)),
      );
      expect(new Set(answers)).toEqual(new Set([200]));
      await Bun.sleep(100);
    }
    await Bun.sleep(1200);
    // A second and a half, the count itself, and what the statistics are late by.
    expect((await count()) - before).toBeLessThanOrEqual(6);
  },
  patience,
);

test.concurrent(
  "serve --up is alive and not ready while it migrates",
  async () => {
    await using database = await freshDatabase(await sharedServer(17));
    const slow = { ...three, "2_b.up.sql": "select pg_sleep(4);" };
    const argv = ["serve", "--up", "--port", "0", "--host", "127.0.0.1"];
    const from = ["--migrations", folderOf(slow), "--database-url", database.url];
    await using program = new Program([...argv, ...from]);
    const url = await program.url();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const early = await until(`${url}/readyz`, 503);
    expect(early["reason"]).toBe("migrations are being applied");
    expect(await metric(url, "lacuna_migrating")).toBe(1);
    expect(await until(`${url}/readyz`, 200)).toMatchObject({ applied: 3 });
    expect(program.stdout.match(/^applied /gm)).toHaveLength(3);
    program.child.kill("SIGINT");
    expect(await program.ended).toBe(130);
  },
  patience,
);

test.concurrent(
  "serve --up ends with the code of a migration that fails, and of a signal",
  async () => {
    await using database = await freshDatabase(await sharedServer(17));
    const argv = ["serve", "--up", "--port", "0", "--host", "127.0.0.1", "--database-url"];
    const failing = folderOf({ ...three, "2_b.up.sql": "select nothing;" });
    await using failed = new Program([...argv, database.url, "--migrations", failing]);
    expect(await failed.ended).toBe(1);
    expect(failed.stderr).toContain('column "nothing" does not exist');

    const sleeping = folderOf({ ...three, "2_b.up.sql": "select pg_sleep(60);" });
    await using slow = new Program([...argv, database.url, "--migrations", sleeping]);
    const url = await slow.url();
    await until(`${url}/readyz`, 503);
    await runs(database.url, "%pg_sleep(60)%");
    slow.child.kill("SIGTERM");
    expect(await slow.ended).toBe(143);
    expect(slow.stderr).toContain("Interrupted by SIGTERM; 2_b was rolled back");

    const nobody = "postgres://app@127.0.0.1:1/app";
    await using waiting = new Program([...argv, nobody, "--migrations", sleeping]);
    await waiting.url();
    waiting.child.kill("SIGTERM");
    expect(await waiting.ended).toBe(143);
  },
  patience,
);

test.concurrent(
  "SIGTERM ends serve and wait although clients hold on, and although the database does not answer",
  async () => {
    // It takes connections and says nothing.
    const held: net.Socket[] = [];
    const mute = net.createServer((socket) => {
      socket.on("error", () => undefined);
      held.push(socket);
    });
    await new Promise<void>((resolve) => {
      mute.listen(0, "127.0.0.1", resolve);
    });
    const database = `postgres://app:hunter2@127.0.0.1:${(mute.address() as net.AddressInfo).port}/app`;
    await using program = new Program(
      ["serve", "--port", "0", "--host", "127.0.0.1", "--migrations", folderOf(three)],
      { DATABASE_URL: database },
    );
    const url = await program.url();
    const port = Number(new URL(url).port);
    const clients = ["", "GET /hea", "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"].map((text) => {
      const socket = net.connect(port, "127.0.0.1", () => socket.write(text));
      socket.on("error", () => undefined);
      return socket;
    });
    await using waiting = new Program(["wait", "--migrations", folderOf(three)], {
      DATABASE_URL: database,
    });
    const startMs = performance.now();
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(503);
    const body = await response.text();
    expect(body).toContain("no answer within");
    expect(body).not.toContain("hunter2");
    expect(performance.now() - startMs).toBeLessThan(8000);
    const sentMs = performance.now();
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(143);
    expect(performance.now() - sentMs).toBeLessThan(8000);
    expect(program.stderr).not.toContain("hunter2");
    while (held.length < 2) await Bun.sleep(20);
    waiting.child.kill("SIGTERM");
    expect(await waiting.ended).toBe(143);
    expect(performance.now() - sentMs).toBeLessThan(3000);
    for (const socket of [...clients, ...held]) socket.destroy();
    mute.close();
  },
  patience,
);

test.concurrent(
  "a port that is taken is exit 2, before anything is migrated",
  async () => {
    const taken = net.createServer();
    await new Promise<void>((resolve) => {
      taken.listen(0, "127.0.0.1", resolve);
    });
    const port = String((taken.address() as net.AddressInfo).port);
    await using database = await freshDatabase(await sharedServer(17));
    const from = ["--migrations", folderOf(three), "--database-url", database.url];
    await using program = new Program([
      "serve",
      "--up",
      "--host",
      "127.0.0.1",
      "--port",
      port,
      ...from,
    ]);
    expect(await program.ended).toBe(2);
    expect(program.stderr).toContain(`Cannot listen on 127.0.0.1:${port}: the port is taken`);
    expect(await lacuna("status", "--check", ...from)).toBe(3);
    taken.close();
  },
  patience,
);

test.concurrent(
  "a folder of PGlite is let go of between two looks",
  async () => {
    const from = ["--migrations", folderOf(three)];
    const pglite = ["--database-url", `pglite:${join(temporary, "pglite")}`];
    expect(await lacuna("up", "--to", "1", ...from, ...pglite)).toBe(0);
    await using waiting = new Program(["wait", ...from, ...pglite, "--timeout", "50s"]);
    while (!waiting.stderr.includes("waiting: ")) await Bun.sleep(20);
    expect(await lacuna("up", ...from, ...pglite)).toBe(0);
    expect(await waiting.ended).toBe(0);
    expect(waiting.stdout).toContain("has every migration of the set (3 migrations)");
  },
  patience,
);

test.concurrent(
  "wait ends by a signal, and logs a line of JSON a change",
  async () => {
    await using database = await freshDatabase(await sharedServer(17));
    const from = ["--migrations", folderOf(three), "--database-url", database.url];
    await using program = new Program(["wait", "--json", ...from]);
    while (!program.stdout.includes("waiting-for-migrations")) await Bun.sleep(20);
    program.child.kill("SIGTERM");
    expect(await program.ended).toBe(143);
    const lines = program.stdout.trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
      "waiting-for-migrations",
      "ended",
    ]);
    expect(program.stderr).toBe("");
  },
  patience,
);

test.concurrent(
  "smoke proves what is inside, and takes no part of production's environment",
  async () => {
    const production = {
      DATABASE_URL: "postgres://prod:hunter2@127.0.0.1:1/prod",
      DATABASE_URL_FILE: "nowhere",
      PGHOST: "127.0.0.1",
      PGPORT: "1",
      PGUSER: "prod",
      PGDATABASE: "prod",
      PGOPTIONS: "-c nonsense=1",
      PGSSLMODE: "nonsense",
    };
    const inMemory = new Program(["smoke"], production);
    expect(await inMemory.ended).toBe(0);
    expect(inMemory.stdout).toEndWith("smoke passed on pglite:memory\n");

    await using database = await freshDatabase(await sharedServer(17));
    const named = { ...production, TEST_DATABASE_URL: database.url };
    const onServer = new Program(["smoke", "--require-database"], named);
    expect(await onServer.ended).toBe(0);
    expect(onServer.stdout).toContain(new URL(database.url).pathname.slice(1));

    for (const environment of [production, { ...production, TEST_DATABASE_URL: "" }]) {
      const none = new Program(["smoke", "--require-database"], environment);
      expect(await none.ended).toBe(2);
      expect(none.stderr).toContain("TEST_DATABASE_URL");
    }
  },
  patience,
);
