/** Several sessions at once: the lock, its queue, and locks of the database's own. */
import { expect } from "bun:test";
import { lockKeyOf } from "../../src/ledger/lock.ts";
import { up } from "../../src/commands/up.ts";
import type { Interruption } from "../../src/ports.ts";
import { contractSideBySide, oneBackend, pgliteSkips } from "./contract.ts";
import { refusalAsOutcome, upRequest, worldOf } from "../support/worlds.ts";
import { beside, type Ground, lastRows } from "./ground.ts";

/** Computed here from the contract's words, not by the code that is tested. */
function keyOf(schema: string, table: string): string {
  const digest = new Bun.CryptoHasher("sha256").update(`${schema}\0${table}`).digest();
  return digest.readBigInt64BE(0).toString();
}

const trackerKey = keyOf("public", "applied_migrations");

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("it did not come true");
    await Bun.sleep(20);
  }
}

function retries(world: { readonly events: readonly { readonly kind: string }[] }): number {
  return world.events.filter((event) => event.kind === "retrying").length;
}

async function waits(ground: Ground, query: string): Promise<boolean> {
  return (
    (await ground.value(
      `select count(*) > 0 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and ${query}`,
    )) === "t"
  );
}

const eight = "eight runners at once: every migration once, every index valid, all succeed";
const key = "the lock's key is the first eight bytes of sha256 over schema, NUL and table";
const held = "a lock that another session holds is unavailable, and its holder is named";
const polite = "a runner waits for the lock without holding a snapshot, and then goes on";
const markWaits = "mark waits for the lock as up does";
const locked = "a table that is locked for three seconds is waited for in attempts";
const deadlock = "a deadlock rolls back and is tried again";
const serialization = "a serialization failure rolls back and is tried again";
const over = "over the limit the migration has failed, after several attempts";
const raised = "retryable errors are retried, and others are not";
const unlimited = "CREATE INDEX CONCURRENTLY waits without a lock_timeout";
const interrupted = "an interruption cancels the statement, rolls back and lets go of the lock";

const skips = [
  ...pgliteSkips(
    oneBackend,
    eight,
    held,
    polite,
    markWaits,
    locked,
    deadlock,
    serialization,
    over,
    unlimited,
    interrupted,
  ),
];

contractSideBySide(skips, (check) => {
  check(eight, async (ground) => {
    const files = {
      "1_table.up.sql": "create table t (a int); insert into t select generate_series(1, 1000)",
      "2_index.up.sql": "create index concurrently t_a on t (a)",
      "3_steps.up.sql":
        "-- lacuna: no-transaction\ninsert into t values (0);\ncreate unique index concurrently t_u on t (a);\ninsert into t values (-1);\n",
      "4_last.up.sql": "insert into t values (-2)",
    };
    const runs = await Promise.all(Array.from({ length: 8 }, () => ground.up(files)));
    expect(runs.flatMap((run) => run.problems)).toEqual([]);
    const applied = runs.flatMap((run) => run.applied).toSorted();
    expect(applied).toEqual(["1_table", "2_index", "3_steps", "4_last"]);
    expect(await ground.versions()).toEqual(["1", "2", "3", "4"]);
    expect(await ground.value("select count(*) from t")).toBe("1003");
    expect(
      await lastRows(
        ground,
        "select indexrelid::regclass::text as name, indisvalid as valid from pg_index where indrelid = 't'::regclass order by 1",
      ),
    ).toEqual([
      { name: "t_a", valid: "t" },
      { name: "t_u", valid: "t" },
    ]);
  });

  check(key, async (ground) => {
    for (const [schema, table] of [
      ["public", "applied_migrations"],
      ['we"ird', "Table.x"],
      ["é", "t"],
    ] as const) {
      expect(lockKeyOf({ schema, table }).toString()).toBe(keyOf(schema, table));
    }
    // The migration sees what is held while it runs.
    const { problems } = await ground.up({
      "1_look.up.sql":
        "create table found as select (classid::bigint << 32) | objid::bigint as key, objsubid from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
    });
    expect(problems).toEqual([]);
    expect(await lastRows(ground, "select key::text, objsubid::text from found")).toEqual([
      { key: trackerKey, objsubid: "1" },
    ]);
  });

  check(held, async (ground) => {
    await beside(ground, async (holder) => {
      await holder.run(`select pg_advisory_lock(${trackerKey})`);
      const startMs = Date.now();
      const { problems, first, world } = await ground.up(
        { "1_a.up.sql": "create table a ()" },
        {
          lockWaitMs: 600,
        },
      );
      expect(problems).toEqual(["lock-unavailable"]);
      expect(Date.now() - startMs).toBeLessThan(5000);
      const described = first?.code === "lock-unavailable" ? first.holder : "";
      expect(described).toContain(`pid ${holder.backendPid}`);
      expect(described).toContain("beside");
      expect(described).toContain("127.0.0.1");
      expect(described).toContain("pg_advisory_lock");
      expect(world.events).toContainEqual(
        expect.objectContaining({ kind: "waiting-for-lock", holder: described }),
      );
      // Nothing is written without the lock.
      expect(await ground.exists("applied_migrations")).toBe(false);
      // Another tracker's runner does not wait.
      const other = { tracker: { schema: "other", table: "t" }, lockWaitMs: 600 };
      expect((await ground.up({}, other)).problems).toEqual([]);
    });
  });

  check(polite, async (ground) => {
    await beside(ground, async (holder) => {
      await holder.run(`create table t (a int); select pg_advisory_lock(${trackerKey})`);
      const waiting = ground.up({ "1_a.up.sql": "create table a ()" }, { newHere: true });
      await until(() => waits(ground, "query like '%pg_try_advisory_lock%'"));
      expect(await waits(ground, "state <> 'idle' and wait_event_type = 'Lock'")).toBe(false);
      // A blocked pg_advisory_lock would hold a snapshot, and this would wait for it for ever.
      await holder.run("set statement_timeout = '5s'");
      await holder.run("create index concurrently t_a on t (a)");
      await holder.run(`select pg_advisory_unlock(${trackerKey})`);
      const { applied, problems } = await waiting;
      expect(problems).toEqual([]);
      expect(applied).toEqual(["1_a"]);
    });
  });

  check(markWaits, async (ground) => {
    await beside(ground, async (holder) => {
      await holder.run(`select pg_advisory_lock(${trackerKey})`);
      const files = { "1_a.up.sql": "select 1" };
      const change = { to: "applied", versions: ["1"] } as const;
      const refused = await ground.mark(files, change, { lockWaitMs: 200 });
      expect(refused.problems).toEqual(["lock-unavailable"]);
      // Reading takes no lock.
      expect((await ground.status(files)).problems).toEqual([]);
      expect((await ground.plan(files)).problems).toEqual([]);
    });
  });

  check(locked, async (ground) => {
    await ground.sql("create table t (a int)");
    await beside(ground, async (reader) => {
      await reader.run("begin; select * from t");
      const running = ground.up(
        { "1_alter.up.sql": "create table made (); alter table t add b int" },
        { newHere: true },
      );
      await Bun.sleep(3000);
      // The queue behind an attempt is gone with it: others pass between attempts.
      await reader.run("commit");
      const { applied, problems, world } = await running;
      expect(problems).toEqual([]);
      expect(applied).toEqual(["1_alter"]);
      expect(retries(world)).toBeGreaterThan(0);
      expect(world.events).toContainEqual(
        expect.objectContaining({
          kind: "retrying",
          error: expect.objectContaining({ code: "55P03" }),
        }),
      );
      expect(await ground.versions()).toEqual(["1"]);
    });
  });

  check(over, async (ground) => {
    await ground.sql("create table t (a int)");
    await beside(ground, async (reader) => {
      await reader.run("begin; select * from t");
      const { problems, first } = await ground.up(
        { "1_alter.up.sql": "-- lacuna: lock-timeout 100ms\nselect 1;\n alter table t add b int" },
        { newHere: true, lockRetryForMs: 1500 },
      );
      expect(problems).toEqual(["migration-failed"]);
      expect(first).toMatchObject({ error: { code: "55P03" }, place: { line: 3, column: 2 } });
      expect(first?.code === "migration-failed" && first.attempts).toBeGreaterThan(1);
      expect(await ground.versions()).toEqual([]);
    });
  });

  check(raised, async (ground) => {
    for (const [code, attempts] of [
      ["40P01", 3],
      ["40001", 3],
      ["55P03", 3],
      ["23505", 1],
    ] as const) {
      await ground.sql("drop sequence if exists tries; create sequence tries");
      const files = {
        "1_a.up.sql":
          "-- lacuna: lock-timeout 30ms\ncreate table once ();\nset work_mem = '77MB';\n" +
          `do $$ begin if nextval('tries') < 3 then raise exception 'again' using errcode = '${code}'; end if; end $$`,
      };
      const { problems, world } = await ground.up(files, { newHere: true });
      expect(problems).toEqual(attempts === 1 ? ["migration-failed"] : []);
      expect(retries(world)).toBe(attempts - 1);
      expect(await ground.value("select last_value from tries")).toBe(String(attempts));
      await ground.sql("drop table if exists once; delete from applied_migrations");
    }
  });

  check(deadlock, async (ground) => {
    // The migration closes the circle, and its detector wakes first: it is the victim.
    await ground.sql("create table one (); create table two ()");
    await ground.configure("deadlock_timeout = ''100ms''");
    await beside(ground, async (other) => {
      await other.run("set deadlock_timeout = '20s'; begin; lock table two");
      const running = ground.up(
        {
          "1_a.up.sql":
            "-- lacuna: lock-timeout 800ms\nlock table one; select pg_sleep(0.4); lock table two",
        },
        { newHere: true },
      );
      await until(() => waits(ground, "wait_event = 'PgSleep'"));
      await other.run("lock table one; commit");
      const { problems, world } = await running;
      expect(problems).toEqual([]);
      expect(
        world.events.flatMap((event) => (event.kind === "retrying" ? [event.error.code] : [])),
      ).toContain("40P01");
    });
  });

  check(serialization, async (ground) => {
    await ground.sql("create table t (a int); insert into t values (1)");
    await beside(ground, async (other) => {
      const running = ground.up(
        {
          "1_a.up.sql":
            "-- lacuna: lock-timeout 500ms\nBEGIN ISOLATION LEVEL REPEATABLE READ;\nselect a from t; select pg_sleep(0.5); update t set a = a + 1;\nCOMMIT;",
        },
        { newHere: true },
      );
      await until(() => waits(ground, "wait_event = 'PgSleep'"));
      await other.run("update t set a = a + 10");
      const { problems, world } = await running;
      expect(problems).toEqual([]);
      expect(
        world.events.flatMap((event) => (event.kind === "retrying" ? [event.error.code] : [])),
      ).toEqual(["40001"]);
      expect(await ground.value("select a from t")).toBe("12");
    });
  });

  check(unlimited, async (ground) => {
    await ground.sql("create table t (a int)");
    await beside(ground, async (writer) => {
      await writer.run("begin; insert into t values (1)");
      const running = ground.up(
        { "1_i.up.sql": "-- lacuna: lock-timeout 100ms\ncreate index concurrently i on t (a)" },
        { newHere: true },
      );
      await until(() => waits(ground, "wait_event_type = 'Lock'"));
      await Bun.sleep(500);
      expect(await waits(ground, "wait_event_type = 'Lock'")).toBe(true);
      await writer.run("commit");
      const { problems, world } = await running;
      expect(problems).toEqual([]);
      expect(retries(world)).toBe(0);
      expect(
        await ground.value("select indisvalid from pg_index where indexrelid = 'i'::regclass"),
      ).toBe("t");
    });
  });

  check(interrupted, async (ground) => {
    const listeners = new Set<() => void>();
    let signal: Interruption["signal"];
    const interruption: Interruption = {
      get signal() {
        return signal;
      },
      onSignal(callback) {
        listeners.add(callback);
        return () => listeners.delete(callback);
      },
    };
    const files = {
      "1_a.up.sql": "create table a ()",
      "2_b.up.sql": "create table b (); select pg_sleep(30)",
      "3_c.up.sql": "create table c ()",
    };
    const world = { ...worldOf(ground.database, files), interruption };
    const startMs = Date.now();
    const running = refusalAsOutcome(() => up(world, upRequest));
    await until(() => waits(ground, "wait_event = 'PgSleep'"));
    signal = "SIGTERM";
    for (const listener of listeners) listener();
    const outcome = await running;
    expect(Date.now() - startMs).toBeLessThan(15_000);
    expect(outcome).toMatchObject({ kind: "up", problems: [{ code: "interrupted" }] });
    expect(await ground.versions()).toEqual(["1"]);
    expect(await ground.exists("b")).toBe(false);
    expect(await waits(ground, "backend_type = 'client backend' and state <> 'idle'")).toBe(false);
    expect((await ground.up({ "1_a.up.sql": "create table a ()" })).problems).toEqual([]);
  });
});
