/** Who is in the way of a migration that waits: said before a lock timeout, and in the problem. */
import { expect } from "bun:test";
import type { Event } from "../../src/events.ts";
import { explain } from "../../src/core/explain/explain.ts";
import type { Database, Session } from "../../src/ports.ts";
import { problemLines } from "../../src/cli/problem-text.ts";
import { databaseAt, sessionOptions } from "../support/engines.ts";
import { startRelay } from "../support/relay.ts";
import { runUp } from "../support/worlds.ts";
import { contractSideBySide, oneBackend, pgliteSkips } from "./contract.ts";
import { type Ground, groundOn, lastRows, type Ran } from "./ground.ts";

type Blocked = Extract<Event, { readonly kind: "blocked" }>;

function blockedEvents({ world }: Pick<Ran, "world">): readonly Blocked[] {
  return world.events.filter((event) => event.kind === "blocked");
}

const base = { "1_t.up.sql": "create table t (a int)" };

/** A psql that began a transaction, read the table, and does not come to an end. */
function inTheWay<T>(
  ground: Ground,
  script: string,
  work: (session: Session) => Promise<T>,
  application = "psql",
): Promise<T> {
  const options = { ...sessionOptions, applicationName: application };
  return ground.database.session(options, async (session) => {
    await session.run(script);
    return work(session);
  });
}

/** Roles belong to the server, which the tests of all files share. */
async function loginRole(
  ground: Ground,
  script: string,
): Promise<{ readonly database: Database; drop(): Promise<unknown> }> {
  const name = `blocked_${crypto.randomUUID().slice(0, 8)}`;
  await ground.sql(
    `create role ${name} login; grant create, usage on schema public to ${name}; ` +
      `grant all on applied_migrations to ${name}; ${script.replaceAll("$role", name)}`,
  );
  const url = new URL(ground.url);
  url.username = name;
  return {
    database: databaseAt(url.href),
    drop: () => ground.sql(`drop owned by ${name} cascade; drop role ${name}`),
  };
}

const watchers =
  "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'lacuna/% watcher %'";

const named = "the one in the way is named before the lock timeout, and in the problem";
const change = "others in the way are said when they change, and the same ones once";
const concurrent = "a concurrent index tells what it waits for, and holds nobody up itself";
const quick = "a quick migration opens no second session, and a slow one leaves none";
const full = "a second session that is not to be had is no failure";
const silent = "a second session that is not answered keeps nobody";
const hidden = "a blocker that may not be seen is named by its pid";
const runner = "what lacuna runs is not quoted, nor is a password";
const short = "a short lock timeout is looked into in time";
const step = "a statement of a no-transaction file names who is in the way too";

contractSideBySide(
  pgliteSkips(
    oneBackend,
    named,
    change,
    concurrent,
    quick,
    full,
    silent,
    hidden,
    runner,
    short,
    step,
  ),
  (check) => {
    check(named, async (ground) => {
      await ground.up(base);
      await inTheWay(ground, "begin; select * from t", async (reader) => {
        const ran = await ground.up(
          { ...base, "2_b.up.sql": "alter table t add b int" },
          { lockRetryForMs: 3500 },
        );
        expect(ran.problems).toEqual(["migration-failed"]);
        const { backendPid: pid } = reader;
        const [first] = blockedEvents(ran);
        expect(first).toMatchObject({
          migration: { id: "2_b" },
          phase: undefined,
          blockers: [
            {
              pid,
              application: "psql",
              address: "127.0.0.1",
              state: "idle in transaction",
              query: "begin; select * from t",
            },
          ],
        });
        expect(first?.blockers[0]?.openForMs).toBeGreaterThan(600);
        const kinds = ran.world.events.map((event) => event.kind);
        expect(kinds.indexOf("blocked")).toBeLessThan(kinds.indexOf("retrying"));

        const problem = ran.first;
        if (problem?.code !== "migration-failed") throw new Error("it did not fail");
        expect(problem.error.code).toBe("55P03");
        expect(problem.attempts).toBeGreaterThan(1);
        expect(problemLines(problem, []).join("\n")).toContain(
          `blocked by: pid ${pid} (psql, from 127.0.0.1), idle in transaction`,
        );
        expect(explain(problem).hint).toContain(`pid ${pid}`);
      });
    });

    check(change, async (ground) => {
      await ground.up(base);
      const body = "alter table t add b int";
      await inTheWay(ground, "begin; select * from t", async (first) => {
        const running = ground.up({ ...base, "2_b.up.sql": `-- lacuna: lock-timeout 8s\n${body}` });
        await Bun.sleep(1800);
        // Who comes behind the waiting ALTER queues up; so the second one locks before it.
        await first.run("commit");
        const { problems, world } = await running;
        expect(problems).toEqual([]);
        expect(blockedEvents({ world })).toHaveLength(1);
      });
      await inTheWay(ground, "begin; select * from t", (first) =>
        inTheWay(
          ground,
          "begin; select * from t",
          async (second) => {
            const file = "-- lacuna: lock-timeout 8s\nalter table t add c int";
            const running = ground.up({
              ...base,
              "2_b.up.sql": `-- lacuna: lock-timeout 8s\n${body}`,
              "3_c.up.sql": file,
            });
            await Bun.sleep(1800);
            await first.run("commit");
            await Bun.sleep(1200);
            await second.run("commit");
            const { problems, world } = await running;
            expect(problems).toEqual([]);
            const pids = blockedEvents({ world }).map(({ blockers }) =>
              blockers.map(({ pid }) => pid),
            );
            const both = [first.backendPid, second.backendPid].toSorted((a, b) => a - b);
            expect(pids).toEqual([both, [second.backendPid]]);
          },
          "second",
        ),
      );
    });

    check(concurrent, async (ground) => {
      await ground.up(base);
      const files = { ...base, "2_i.up.sql": "create index concurrently i on t (a)" };
      await inTheWay(ground, "begin; insert into t values (1)", async (writer) => {
        const running = ground.up(files);
        await Bun.sleep(1500);
        await writer.run("commit");
        const { problems, world } = await running;
        expect(problems).toEqual([]);
        const [first] = blockedEvents({ world });
        expect(first?.phase).toStartWith("waiting for writers before build");
        expect(first?.blockers.map(({ pid }) => pid)).toEqual([writer.backendPid]);
      });
      expect(
        await ground.value("select indisvalid from pg_index where indexrelid = 'i'::regclass"),
      ).toBe("t");
      // The watcher asks until the end: a snapshot that it kept would hold the next one up.
      const reading = "begin isolation level repeatable read; select 1 from t";
      await inTheWay(ground, reading, async (reader) => {
        const running = ground.up({
          ...files,
          "3_j.up.sql": "create index concurrently j on t (a)",
        });
        await Bun.sleep(1500);
        const idle = await lastRows(
          ground,
          "select backend_xmin, state from pg_stat_activity where datname = current_database() and application_name like 'lacuna/% watcher %'",
        );
        expect(idle).toEqual([{ backend_xmin: null, state: "idle" }]);
        await reader.run("commit");
        expect((await running).problems).toEqual([]);
      });
    });

    check(quick, async (ground) => {
      const counted = await ground.up({
        ...base,
        "2_q.up.sql": `create table quick as ${watchers}`,
        "3_s.up.sql": `select pg_sleep(1.2); create table slow as ${watchers}`,
        // Sent before the one ahead is answered; the watcher has been told to leave by then.
        "4_q.up.sql": `select pg_sleep(0.5); create table behind as ${watchers}`,
      });
      expect(counted.problems).toEqual([]);
      expect(blockedEvents(counted)).toEqual([]);
      expect(await ground.value("select count from behind")).toBe("0");
      expect(await ground.value("select count from quick")).toBe("0");
      expect(await ground.value("select count from slow")).toBe("1");
      expect(await ground.value(watchers)).toBe("0");
    });

    check(full, async (ground) => {
      await ground.up(base);
      const role = await loginRole(
        ground,
        "alter role $role connection limit 1; alter table t owner to $role",
      );
      try {
        await inTheWay(ground, "begin; select * from t", async (reader) => {
          const files = {
            ...base,
            "2_b.up.sql": "-- lacuna: lock-timeout 5s\nalter table t add b int",
          };
          const running = runUp(role.database, files);
          await Bun.sleep(1500);
          await reader.run("commit");
          const { problems, applied, world } = await running;
          expect(problems).toEqual([]);
          expect(applied).toEqual(["2_b"]);
          expect(blockedEvents({ world })).toEqual([]);
        });
      } finally {
        await role.drop();
      }
    });

    check(silent, async (ground) => {
      const query = "pg_blocking_pids";
      let isSwallowed = false;
      await using relay = await startRelay({
        port: Number(new URL(ground.url).port),
        toServer(chunk, passing) {
          if (passing.number === 1 || !chunk.includes(query)) return chunk;
          isSwallowed = true;
          return undefined;
        },
      });
      const url = relay.url(ground.url);
      const through = groundOn(ground.engine, { ...ground, database: databaseAt(url), url });
      const ran = await through.up({ ...base, "2_b.up.sql": "select pg_sleep(1.5)" });
      expect(isSwallowed).toBe(true);
      expect(ran.applied).toEqual(["1_t", "2_b"]);
      expect(ran.problems).toEqual([]);
    });

    check(hidden, async (ground) => {
      await ground.up(base);
      const role = await loginRole(ground, "alter table t owner to $role");
      try {
        await inTheWay(ground, "begin; select 'secret' from t", async (reader) => {
          const files = { ...base, "2_b.up.sql": "alter table t add b int" };
          const { problems, world } = await runUp(role.database, files, { lockRetryForMs: 100 });
          expect(problems).toEqual(["migration-failed"]);
          expect(blockedEvents({ world })[0]?.blockers).toEqual([
            {
              pid: reader.backendPid,
              application: "psql",
              address: undefined,
              state: undefined,
              openForMs: undefined,
              query: undefined,
            },
          ]);
        });
      } finally {
        await role.drop();
      }
    });

    check(runner, async (ground) => {
      await ground.up(base);
      const files = { ...base, "2_b.up.sql": "alter table t add b int" };
      const blockersOf = async (application: string): Promise<unknown> => {
        const lock = "begin; lock t; select 'alter role x', 'password=geheim'";
        return inTheWay(
          ground,
          lock,
          async () => {
            const ran = await ground.up(files, { lockRetryForMs: 100 });
            expect(ran.problems).toEqual(["migration-failed"]);
            return blockedEvents(ran)[0]?.blockers[0]?.query;
          },
          application,
        );
      };
      expect(await blockersOf("lacuna/0.1.0 0123 host")).toBeUndefined();
      const query = String(await blockersOf("psql"));
      expect(query).toStartWith("begin; lock t;");
      expect(query).toContain("password=***");
      expect(query).not.toContain("geheim");
    });

    check(short, async (ground) => {
      await ground.up(base);
      await inTheWay(ground, "begin; select * from t", async (reader) => {
        const file = "-- lacuna: lock-timeout 400ms\nalter table t add b int";
        const ran = await ground.up({ ...base, "2_b.up.sql": file }, { lockRetryForMs: 100 });
        expect(ran.problems).toEqual(["migration-failed"]);
        expect(ran.first).toMatchObject({ attempts: 1, blockers: [{ pid: reader.backendPid }] });
      });
    });

    check(step, async (ground) => {
      await ground.up(base);
      for (const statement of ["alter table t add b int", "vacuum full t"]) {
        await inTheWay(ground, "begin; select * from t", async (reader) => {
          const file = `-- lacuna: no-transaction\n-- lacuna: lock-timeout 900ms\n${statement}`;
          const ran = await ground.up({ ...base, "2_b.up.sql": file }, { lockRetryForMs: 100 });
          expect(ran.first).toMatchObject({
            code: "migration-failed",
            error: { code: "55P03" },
            kept: { kind: "statements" },
            blockers: [{ pid: reader.backendPid }],
          });
          await ground.sql("delete from applied_migrations_progress");
        });
      }
    });
  },
);
