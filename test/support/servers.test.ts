import { expect, test } from "bun:test";
import postgres from "postgres";
import { freshDatabase, majors, sharedServer, startServer, type Major } from "./servers.ts";

// The first use on a machine runs initdb five times at once, which may take longer than bun's default.
const patience = 120_000;

async function ask(url: string, query: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, fetch_types: false });
  try {
    const [row] = await sql.unsafe<Record<string, unknown>[]>(query);
    return row?.["answer"];
  } finally {
    await sql.end();
  }
}

// bun's own `rejects` is typed as if it could not be awaited.
async function failureOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "no failure",
    (error: unknown) => String(error),
  );
}

test(
  "every major version has a shared server",
  async () => {
    const servers = await Promise.all(majors.map(sharedServer));
    for (const [index, server] of servers.entries()) {
      expect(server.major).toBe(majors[index] as Major);
      expect(server.version).toStartWith(`${server.major}.`);
      expect(await ask(server.url(), "select version() as answer")).toStartWith(
        `PostgreSQL ${server.version} `,
      );
      expect(await sharedServer(server.major)).toBe(server);
    }
  },
  patience,
);

test.each(majors)(
  "fresh databases of PostgreSQL %d are separate",
  async (major) => {
    const server = await sharedServer(major);
    await using one = await freshDatabase(server);
    await using two = await freshDatabase(server);
    await ask(one.url, "create table only_here ()");
    const here = "select to_regclass('only_here')::text as answer";
    expect(await ask(one.url, here)).toBe("only_here");
    expect(await ask(two.url, here)).toBeNull();
    expect(await ask(two.url, "select current_database() as answer")).toBe(two.name);
  },
  patience,
);

test.each(["fast", "immediate"] as const)(
  "an own server keeps its data over a %s stop",
  async (mode) => {
    await using server = await startServer(18, { settings: { cluster_name: "it's \\ own" } });
    const { port, postmasterPid } = server;
    const database = await freshDatabase(server);
    await ask(database.url, "create table kept as select 42 as answer");
    await server.stop(mode);
    expect(() => server.postmasterPid).toThrow("not running");
    expect(await failureOf(ask(server.url(), "select 1 as answer"))).toContain("ECONNREFUSED");
    await server.start();
    expect(server.port).toBe(port);
    expect(server.postmasterPid).not.toBe(postmasterPid);
    expect(await ask(database.url, "select answer from kept")).toBe(42);
    const setting = "select current_setting('cluster_name') as answer";
    expect(await ask(database.url, setting)).toBe("it's \\ own");
  },
  patience,
);

test(
  "a server that cannot start shows its log",
  async () => {
    const starting = startServer(18, { settings: { no_such_setting: "on" } });
    expect(await failureOf(starting)).toContain(
      'unrecognized configuration parameter "no_such_setting"',
    );
  },
  patience,
);

test(
  "pg_hba.conf is the caller's to write",
  async () => {
    await using server = await startServer(18, { hba: "host all all 127.0.0.1/32 reject\n" });
    expect(await failureOf(ask(server.url(), "select 1 as answer"))).toContain(
      "pg_hba.conf rejects",
    );
    expect(server.log()).toContain("pg_hba.conf rejects");
  },
  patience,
);
