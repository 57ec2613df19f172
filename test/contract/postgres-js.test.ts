/**
 * What the design rests on in postgres.js 3.4.9, pinned against postgres.js itself: none of it
 * is promised by its documentation, so an upgrade that changes one of these is to be noticed
 * here, and src/adapters/postgres.ts thought over again.
 */
import { expect } from "bun:test";
import net from "node:net";
import postgres from "postgres";
import { contractSideBySide, pgliteSkips } from "./contract.ts";

type Client = postgres.Sql<Record<string, never>>;

async function withClient<T>(url: string, work: (sql: Client) => Promise<T>): Promise<T> {
  const sql = postgres(url, {
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    prepare: false,
    fetch_types: false,
    connection: { application_name: "pinned" },
    onnotice: () => undefined,
  });
  try {
    return await work(sql);
  } finally {
    // Some of the pins leave it in a state in which it waits for ever.
    await Promise.race([sql.end({ timeout: 0 }), Bun.sleep(500)]);
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "it resolved",
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
}

const limitMs = 1000;

function withinLimit(work: Promise<unknown>): Promise<unknown> {
  return Promise.race([work, Bun.sleep(limitMs).then(() => "nothing within the limit")]);
}

async function pidOf(sql: Client): Promise<number> {
  const [row] = await sql.unsafe("select pg_backend_pid() as pid").simple();
  return Number(row?.["pid"]);
}

const p0 = "P0: this is the version that was looked at";
const p1 = "P1: COPY FROM STDIN inside a simple message resolves while the server waits";
const p2 = "P2: COMMIT of a failed transaction resolves, and its command is ROLLBACK";
const p3 = "P3: only the last tag before each row set is kept";
const p4 = "P4: max 1 without reserve goes on with a new backend that holds no lock";
const p5 = "P5: reserve() as the first call with fetch_types off never resolves";
const p6 = "P6: a query in flight rejects CONNECTION_CLOSED when its backend is terminated";
const p7 = "P7: forEach works on simple queries and keeps no rows";
const p8 = "P8: a message that ends in a comment swallows what is put behind it";
const p9 = "P9: after a loss it asks for a second socket, and a refusal rejects the query";
const p10 = "P10: the text of a query is made when it is sent, behind the start-up";

const skips = pgliteSkips(
  "postgres.js does not speak to PGlite",
  p0,
  p1,
  p2,
  p3,
  p4,
  p5,
  p6,
  p7,
  p8,
  p9,
  p10,
);

contractSideBySide(skips, (check) => {
  check(p0, async () => {
    const manifest = new URL("../package.json", import.meta.resolve("postgres"));
    expect(await Bun.file(manifest).json()).toMatchObject({ version: "3.4.9" });
  });

  check(p1, async (ground) => {
    await ground.sql("create table t (a int)");
    await withClient(ground.url, async (sql) => {
      const reply: unknown = await sql.unsafe("begin; copy t from stdin; commit").simple();
      expect(Array.isArray(reply)).toBe(false);
      const stream = reply as NodeJS.WritableStream;
      expect(typeof stream.write).toBe("function");
      // The end of the connection reaches the stream as an error of its own.
      stream.on("error", () => undefined);
      const waits =
        "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'pinned' and state = 'active'";
      expect(await ground.value(waits)).toBe("1");
      expect(await ground.value("select count(*) from t")).toBe("0");
      await ground.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'pinned'",
      );
    });
  });

  check(p2, async (ground) => {
    await withClient(ground.url, async (sql) => {
      expect(await codeOf(sql.unsafe("begin; select 1 / 0").simple())).toBe("22012");
      const reply = await sql.unsafe("commit").simple();
      expect(reply.command).toBe("ROLLBACK");
    });
  });

  check(p3, async (ground) => {
    await withClient(ground.url, async (sql) => {
      const reply: unknown = await sql
        .unsafe(
          "create table t (a int); insert into t values (1); select 1 as one; begin; commit; select 2 as two; insert into t values (2), (3)",
        )
        .simple();
      const commands = (reply as { command: string; count: number }[]).map((one) => one.command);
      // Seven statements were run.
      expect(commands).toEqual(["INSERT", "COMMIT", "INSERT"]);
    });
  });

  check(p4, async (ground) => {
    await withClient(ground.url, async (sql) => {
      const before = await pidOf(sql);
      await sql.unsafe("select pg_advisory_lock(1)").simple();
      await ground.sql(`select pg_terminate_backend(${before})`);
      await Bun.sleep(100);
      const after = await pidOf(sql);
      expect(after).not.toBe(before);
      const [row] = await sql
        .unsafe(
          "select count(*)::int as locks from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
        )
        .simple();
      expect(row?.["locks"]).toBe(0);
    });
  });

  check(p5, async (ground) => {
    await withClient(ground.url, async (sql) => {
      expect(await withinLimit(sql.reserve())).toBe("nothing within the limit");
    });
  });

  check(p6, async (ground) => {
    await withClient(ground.url, async (sql) => {
      const pid = await pidOf(sql);
      const running = codeOf(sql.unsafe("select pg_sleep(30)").simple());
      await Bun.sleep(100);
      await ground.sql(`select pg_terminate_backend(${pid})`);
      expect(await running).toBe("CONNECTION_CLOSED");
    });
  });

  check(p7, async (ground) => {
    await withClient(ground.url, async (sql) => {
      let seen = 0;
      const reply: unknown = await sql
        .unsafe("select generate_series(1, 1000); select 1")
        .simple()
        .forEach(() => {
          seen++;
        });
      expect(seen).toBe(1001);
      expect((reply as unknown[][]).map((one) => one.length)).toEqual([0, 0]);
    });
  });

  check(p8, async (ground) => {
    await withClient(ground.url, async (sql) => {
      await sql
        .unsafe("begin; create table t () -- the end; insert into nowhere values (1); commit")
        .simple();
      const [row] = await sql.unsafe("select to_regclass('t')::text as t").simple();
      expect(row?.["t"]).toBe("t");
      // Nothing failed, nothing was committed, and the transaction is open.
      expect(await ground.exists("t")).toBe(false);
    });
  });

  check(p9, async (ground) => {
    const { hostname, port, username, pathname } = new URL(ground.url);
    let asked = 0;
    const sql = postgres({
      user: username,
      database: pathname.slice(1),
      max: 1,
      fetch_types: false,
      backoff: () => 0,
      onnotice: () => undefined,
      socket: () => {
        asked++;
        if (asked > 1) throw new Error("only one");
        return net.connect(Number(port), hostname);
      },
    } as postgres.Options<Record<string, postgres.PostgresType>>);
    const [row] = await sql.unsafe("select pg_backend_pid() as pid").simple();
    expect(asked).toBe(1);
    await ground.sql(`select pg_terminate_backend(${String(row?.["pid"])})`);
    await Bun.sleep(100);
    expect(await codeOf(sql.unsafe("select 1").simple())).toContain("only one");
    expect(asked).toBe(2);
    await Promise.race([sql.end({ timeout: 0 }), Bun.sleep(500)]);
  });

  check(p10, async (ground) => {
    await withClient(ground.url, async (sql) => {
      let made = 0;
      const late = {
        toString(): string {
          made++;
          return "select 1 as one";
        },
      };
      const query = sql.unsafe(late as unknown as string).simple();
      const asked = query.then((rows) => String(rows[0]?.["one"]));
      // The connection is on its way: nothing was read of the text.
      expect(made).toBe(0);
      expect(await asked).toBe("1");
      expect(made).toBe(1);
    });
  });
});
