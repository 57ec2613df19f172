/** The ports Database and Session: what every engine has to do in the same way. */
import { expect } from "bun:test";
import type { ServerMessage } from "../../src/core/problem.ts";
import { type Session, type SessionOptions, SqlError } from "../../src/ports.ts";
import { databaseAt, sessionOptions } from "../support/engines.ts";
import {
  contract,
  contractInTurn,
  contractSideBySide,
  oneBackend,
  pgliteSkips,
} from "./contract.ts";
import type { Ground } from "./ground.ts";

function inSession<T>(
  ground: Pick<Ground, "database">,
  work: (session: Session) => Promise<T>,
  options: Partial<SessionOptions> = {},
): Promise<T> {
  return ground.database.session({ ...sessionOptions, ...options }, work);
}

async function tagsOf(session: Session, script: string): Promise<readonly string[]> {
  return (await session.run(script)).map((result) => result.tag);
}

async function failureOf(work: Promise<unknown>): Promise<SqlError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

const skips = [
  ...pgliteSkips(
    oneBackend,
    "sessions are independent of each other",
    "a session ends with its work, and its backend with it",
    "pg_stat_activity has the application name, and the URL's comes first",
  ),
];

contract(skips, (check) => {
  check("run gives the tag of every statement, in order", async (ground) => {
    await inSession(ground, async (session) => {
      const script =
        "create table t (a int); insert into t values (1), (2); select * from t; select 1 where false; " +
        "update t set a = a; begin; delete from t where a = 1; ; commit; values (1), (2); " +
        "do $$ begin end $$; explain select 1; set work_mem = '4MB'";
      expect(await tagsOf(session, script)).toEqual([
        "CREATE TABLE",
        "INSERT 0 2",
        "SELECT 2",
        "SELECT 0",
        "UPDATE 2",
        "BEGIN",
        "DELETE 1",
        "COMMIT",
        "SELECT 2",
        "DO",
        "EXPLAIN",
        "SET",
      ]);
    });
  });

  check("a script without statements has no tags", async (ground) => {
    await inSession(ground, async (session) => {
      expect(await tagsOf(session, "")).toEqual([]);
      expect(await tagsOf(session, " ;; -- nothing\n /* at all */ ")).toEqual([]);
      expect(await tagsOf(session, "select 1")).toEqual(["SELECT 1"]);
    });
  });

  check("rows are texts, nulls are nulls, and every row set has its own list", async (ground) => {
    await inSession(ground, async (session) => {
      const rows = await session.rows(
        "select 1.50::numeric as n, true as b, null as nothing, '' as empty, '{1,2}'::int[] as list, 'é😀' as text; " +
          "create table t (); select 1 as one where false; select; values ('a'), ('b')",
      );
      expect(rows).toEqual([
        [{ n: "1.50", b: "t", nothing: null, empty: "", list: "{1,2}", text: "é😀" }],
        [],
        [{}],
        [{ column1: "a" }, { column1: "b" }],
      ]);
    });
  });

  check("values longer than a packet, and characters cut by one, arrive whole", async (ground) => {
    await inSession(ground, async (session) => {
      const [rows] = await session.rows("select repeat('aé😀', 500000) as long, 'end' as last");
      expect(rows?.[0]?.["long"] === "aé😀".repeat(500_000)).toBe(true);
      expect(rows?.[0]?.["last"]).toBe("end");
    });
  });

  check("a script may be megabytes long", async (ground) => {
    await inSession(ground, async (session) => {
      const script = `select length('${"x".repeat(3_000_000)}')::text as length`;
      expect(await session.rows(script)).toEqual([[{ length: "3000000" }]]);
    });
  });

  check("notices come in order, with their fields", async (ground) => {
    const notices: ServerMessage[] = [];
    const listener = (notice: ServerMessage): void => {
      notices.push(notice);
    };
    await inSession(ground, async (session) => {
      await session.run(
        "do $$ begin raise notice 'one'; raise warning 'two' using detail = 'why', hint = 'how', errcode = 'LA001'; end $$; " +
          "select 1; do $$ begin raise notice 'three é'; end $$",
        listener,
      );
      await session.rows("do $$ begin raise notice 'four'; end $$", listener);
      await session.run("do $$ begin raise notice 'to nobody'; end $$");
    });
    expect(notices.map(({ severity, code, message }) => `${severity} ${code} ${message}`)).toEqual([
      "NOTICE 00000 one",
      "WARNING LA001 two",
      "NOTICE 00000 three é",
      "NOTICE 00000 four",
    ]);
    expect(notices[1]).toMatchObject({ detail: "why", hint: "how" });
  });

  check("an error has its fields and the number of statements before it", async (ground) => {
    await inSession(ground, async (session) => {
      await session.run("create table t (a int constraint positive check (a > 0))");
      const error = await failureOf(
        session.run("select 1; insert into t values (1); insert into t values (-1); select 2"),
      );
      expect(error.kind).toBe("server");
      expect(error.tags).toHaveLength(2);
      expect(error.server).toMatchObject({
        severity: "ERROR",
        code: "23514",
        constraint: "positive",
        detail: "Failing row contains (-1).",
      });
      expect(error.server.position).toBeUndefined();
      // The statements of one message are one transaction.
      expect(await session.rows("select count(*) as n from t")).toEqual([[{ n: "0" }]]);
    });
  });

  check("positions count characters from the start of the message", async (ground) => {
    await inSession(ground, async (session) => {
      const error = await failureOf(session.run("select 'é😀'; select nothing"));
      expect(error.server).toMatchObject({ code: "42703", position: 21 });
      const unread = await failureOf(session.run("select 1; selec 2"));
      expect(unread.server).toMatchObject({ code: "42601", position: 11 });
      // The server reads the whole message before it runs any of it.
      expect(unread.tags).toHaveLength(0);
    });
  });

  check("an error inside a function says where, and with which query", async (ground) => {
    await inSession(ground, async (session) => {
      const error = await failureOf(
        session.run("do $$ begin execute 'select nothing'; end $$ language plpgsql"),
      );
      expect(error.server.internalQuery).toBe("select nothing");
      expect(error.server.where).toContain("inline_code_block line 1");
      expect(error.server.position).toBeUndefined();
    });
  });

  check("a session goes on after an error, and a transaction waits for its end", async (ground) => {
    await inSession(ground, async (session) => {
      await failureOf(session.run("begin; select 1 / 0"));
      expect((await failureOf(session.run("select 1"))).server.code).toBe("25P02");
      expect(await tagsOf(session, "rollback")).toEqual(["ROLLBACK"]);
      expect(await tagsOf(session, "select 1")).toEqual(["SELECT 1"]);
    });
  });

  check("a COMMIT of a failed transaction shows as ROLLBACK", async (ground) => {
    await inSession(ground, async (session) => {
      await failureOf(session.run("begin; select 1 / 0"));
      expect(await tagsOf(session, "commit")).toEqual(["ROLLBACK"]);
    });
  });

  check("the opening script's rows are there from the start", async (ground) => {
    const opening = "set work_mem = '5MB'; select 7 as seven; show work_mem";
    await inSession(
      ground,
      (session) => {
        expect(session.opening).toEqual([[{ seven: "7" }], [{ work_mem: "5MB" }]]);
        return Promise.resolve();
      },
      { opening },
    );
  });

  check("an opening script that fails is an error, and the work is not begun", async (ground) => {
    let isBegun = false;
    const error = await failureOf(
      inSession(
        ground,
        () => {
          isBegun = true;
          return Promise.resolve();
        },
        { opening: "select 1 / 0" },
      ),
    );
    expect(error.server.code).toBe("22012");
    expect(isBegun).toBe(false);
  });

  check("the pid that was announced is the backend's", async (ground) => {
    await inSession(ground, async (session) => {
      const [rows] = await session.rows("select pg_backend_pid()::text as pid");
      expect(rows?.[0]?.["pid"]).toBe(String(session.backendPid));
      expect(session.backendPid).toBeGreaterThan(0);
    });
  });

  check("what the work returns or throws passes through", async (ground) => {
    expect(await inSession(ground, () => Promise.resolve(42))).toBe(42);
    const bug = new Error("a bug");
    const caught = await inSession(ground, () => Promise.reject(bug)).catch(
      (error: unknown) => error,
    );
    expect(caught).toBe(bug);
  });

  check("nothing of a session reaches the next one", async (ground) => {
    await inSession(ground, (session) =>
      session.run(
        "set search_path = pg_catalog; set work_mem = '7MB'; create temp table left_over (); " +
          "prepare left_over as select 1; select pg_advisory_lock(7); begin",
      ),
    );
    await inSession(ground, async (session) => {
      const [rows] = await session.rows(
        "select current_setting('work_mem') = '7MB' as work_mem, to_regclass('left_over') is not null as temp, " +
          "(select count(*) from pg_prepared_statements) as prepared, " +
          "(select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks",
      );
      expect(rows).toEqual([{ work_mem: "f", temp: "f", prepared: "0", locks: "0" }]);
    });
  });

  check("sessions are independent of each other", async (ground) => {
    await inSession(ground, (one) =>
      inSession(ground, async (two) => {
        expect(one.backendPid).not.toBe(two.backendPid);
        await one.run("create table t (a int)");
        await one.run("begin; insert into t values (1)");
        expect(await two.rows("select count(*) as n from t")).toEqual([[{ n: "0" }]]);
        await one.run("commit");
        expect(await two.rows("select count(*) as n from t")).toEqual([[{ n: "1" }]]);
      }),
    );
  });

  check("a session ends with its work, and its backend with it", async (ground) => {
    const pids: number[] = [];
    await inSession(ground, (session) => Promise.resolve(pids.push(session.backendPid)));
    await inSession(ground, async (session) => {
      pids.push(session.backendPid);
      await session.run("begin");
      throw new Error("in the middle");
    }).catch(() => undefined);
    const alive = `select count(*) from pg_stat_activity where pid in (${pids.join(", ")})`;
    const deadline = Date.now() + 5000;
    while ((await ground.value(alive)) !== "0" && Date.now() < deadline) await Bun.sleep(5);
    expect(await ground.value(alive)).toBe("0");
  });

  check("pg_stat_activity has the application name, and the URL's comes first", async (ground) => {
    const name = "select current_setting('application_name') as name";
    const own = { opening: name, applicationName: "lacuna/test 1" };
    const nameIn = (session: Session): Promise<unknown> =>
      Promise.resolve(session.opening[0]?.[0]?.["name"]);
    expect(await inSession(ground, nameIn, own)).toBe("lacuna/test 1");
    const other = databaseAt(`${ground.url}?application_name=theirs`);
    expect(await inSession({ database: other }, nameIn, own)).toBe("theirs");
  });
});

const lossSkips = [
  ...pgliteSkips(
    "PGlite 0.5.16 answers no COPY FROM STDIN in the simple protocol without its own helper",
    "COPY FROM STDIN never looks like a success",
  ),
  ...pgliteSkips(
    oneBackend,
    "a session that is ended while it is idle stays lost",
    "a session that is ended while it works fails with the server's words",
    "cancel ends the statement that runs, and the session goes on",
  ),
];

contractSideBySide(lossSkips, (check) => {
  check("COPY FROM STDIN never looks like a success", async (ground) => {
    await inSession(ground, async (session) => {
      await session.run("create table t (a int)");
      const error = await failureOf(session.run("begin; copy t from stdin; commit"));
      expect(error).toBeInstanceOf(SqlError);
      expect(error.server.message).toContain("COPY asked for a stream");
      // The message ended there, in a transaction that has failed.
      expect((await failureOf(session.run("select 1"))).server.code).toBe("25P02");
      await session.undo();
    });
    expect(await ground.value("select count(*) from t")).toBe("0");
  });

  check("a session that is ended while it is idle stays lost", async (ground) => {
    await inSession(ground, async (session) => {
      await session.run("select pg_advisory_lock(1)");
      await ground.sql(`select pg_terminate_backend(${session.backendPid})`);
      const loss = await session.lost;
      expect(loss.kind).toBe("lost");
      expect(loss.server).toMatchObject({ severity: "FATAL", code: "57P01" });
      expect(loss.server.message).toContain("terminating connection");
      for (const call of [session.run("select 1"), session.rows("select 1")]) {
        const error = await failureOf(call);
        expect(error.kind).toBe("lost");
        expect(error.server.code).toBe("57P01");
      }
    });
    // A new backend would not hold the lock, and nobody would know.
    const others = `select count(*) from pg_stat_activity where datname = current_database() and application_name = '${sessionOptions.applicationName}' and pid <> pg_backend_pid()`;
    expect(await ground.value(others)).toBe("0");
  });

  check("a session that is ended while it works fails with the server's words", async (ground) => {
    await inSession(ground, async (session) => {
      const running = failureOf(session.run("select 1; select pg_sleep(30); select 2"));
      await Bun.sleep(100);
      await ground.sql(`select pg_terminate_backend(${session.backendPid})`);
      const error = await running;
      expect(error.kind).toBe("lost");
      expect(error.server).toMatchObject({ severity: "FATAL", code: "57P01" });
      expect(error.tags).toHaveLength(1);
      expect((await session.lost).server.code).toBe("57P01");
      expect((await failureOf(session.run("select 1"))).kind).toBe("lost");
    });
  });

  check("cancel ends the statement that runs, and the session goes on", async (ground) => {
    await inSession(ground, async (session) => {
      const startMs = Date.now();
      const running = failureOf(session.run("select 1; select pg_sleep(30)"));
      await Bun.sleep(100);
      await session.cancel();
      const error = await running;
      expect(Date.now() - startMs).toBeLessThan(10_000);
      expect(error.kind).toBe("server");
      expect(error.server.code).toBe("57014");
      expect(error.tags).toHaveLength(1);
      expect(await tagsOf(session, "select 1")).toEqual(["SELECT 1"]);
    });
  });
});

contractInTurn((check) => {
  check("rows that nobody wants take no memory", async (ground) => {
    // Both adapters are shown the whole million; the other majors speak through the same one.
    const count = ground.engine.major === 18 ? 1_000_000 : 50_000;
    await inSession(ground, async (session) => {
      await session.run("select 1");
      Bun.gc(true);
      const before = process.memoryUsage().rss;
      const tags = await tagsOf(session, `select generate_series(1, ${count}), repeat('x', 300)`);
      const grownMb = (process.memoryUsage().rss - before) / 2 ** 20;
      expect(tags).toEqual([`SELECT ${count}`]);
      // Kept as objects, a million of them takes more than 450 MB.
      expect(grownMb).toBeLessThan(200);
    });
  });
});
