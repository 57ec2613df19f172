/** The lock as one session sees it: what travels with it, and how it is proven and let go of. */
import { expect } from "bun:test";
import { raiseBarrier } from "../../src/apply/stage.ts";
import { barrier } from "../../src/ledger/barrier.ts";
import { type LockOptions, lockKeyOf, releaseLock, takeLock } from "../../src/ledger/lock.ts";
import { defaultTracker } from "../../src/core/tracker.ts";
import { contract, everyday, pgliteSkips } from "./contract.ts";
import { beside } from "./ground.ts";

const options: LockOptions = {
  key: lockKeyOf(defaultTracker),
  waitMs: 0,
  clock: { nowMs: () => 0, sleep: () => Promise.resolve(), random: () => 0 },
  reporter: { report: () => undefined },
  interruption: { signal: undefined, onSignal: () => () => undefined },
};
const locks =
  "select count(*) as locks from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()";

const fresh = "what is read with the lock is read committed, whatever the default is";
const failing = "a reading that fails leaves a lock that can be let go of";
const once = "a body that unlocks once is no body that drops the lock";
const dropped = "a body that drops the lock is not recorded, and the end does not wait for it";

const noMessages = "a server without logical messages has another barrier";
const beginnings = "what is applied is known by a digest, whatever it lacks of the set";
const halfWay = "a file that stopped half-way is read, whatever the digest says";
const unlike = "a row that says something else than its file is no part of the set";

contract(
  pgliteSkips("PGlite reads the settings of a database once, when it is opened", fresh),
  (check) => {
    check(fresh, async (ground) => {
      await ground.configure("default_transaction_isolation = serializable");
      await beside(ground, async (session) => {
        expect(await session.rows("show transaction_isolation")).toEqual([
          [{ transaction_isolation: "serializable" }],
        ]);
        const reading = "select current_setting('transaction_isolation') as level";
        const taken = await takeLock(session, { ...options, reading });
        expect(taken).toMatchObject({ held: true, read: [[{ level: "read committed" }]] });
      });
    });

    check(failing, async (ground) => {
      await beside(ground, async (session) => {
        const taken = await takeLock(session, { ...options, reading: "select from nowhere" });
        expect(taken).toMatchObject({ held: true, read: undefined });
        expect(await session.rows(locks)).toEqual([[{ locks: "1" }]]);
        if (taken.held) await releaseLock(session, taken.lock);
        expect(await session.rows(locks)).toEqual([[{ locks: "0" }]]);
      });
    });

    check(once, async (ground) => {
      const { problems } = await ground.up({
        "1_a.up.sql": `select pg_advisory_unlock(${options.key}); ${locks}; create table a ()`,
        "2_b.up.sql": "create table b ()",
      });
      expect(problems).toEqual([]);
      expect(await ground.versions()).toEqual(["1", "2"]);
    });

    check(dropped, async (ground) => {
      const startMs = Date.now();
      const { problems } = await ground.up({
        "1_a.up.sql": "create table a (); select pg_advisory_unlock_all()",
      });
      expect(problems).toEqual(["not-proven"]);
      expect(await ground.exists("a")).toBe(false);
      expect(Date.now() - startMs).toBeLessThan(4000);
    });

    check(noMessages, async (ground) => {
      await ground.sql(
        "create role contract_plain; do $$ declare f regprocedure; begin for f in select oid from pg_proc where proname = 'pg_logical_emit_message' " +
          "loop execute format('revoke execute on function %s from public', f); end loop; end $$",
      );
      try {
        await beside(ground, async (session) => {
          await session.run("set role contract_plain");
          const failure = await session.run(barrier).catch((error: unknown) => error);
          expect(failure).toMatchObject({ server: { code: "42501" } });
          await raiseBarrier(session);
        });
      } finally {
        await ground.sql(
          "do $$ declare f regprocedure; begin for f in select oid from pg_proc where proname = 'pg_logical_emit_message' " +
            "loop execute format('grant execute on function %s to public', f); end loop; end $$; drop role contract_plain",
        );
      }
    });

    const numbered = (count: number): Record<string, string> =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          `${index + 1}_t${index + 1}.up.sql`,
          `create table t${index + 1} ()`,
        ]),
      );

    check(beginnings, async (ground) => {
      expect((await ground.up(numbered(3))).applied).toHaveLength(3);
      expect((await ground.up(numbered(3))).applied).toEqual([]);
      expect((await ground.up(numbered(4))).applied).toEqual(["4_t4"]);
      // More than any beginning that is asked about.
      expect((await ground.up(numbered(40))).applied).toHaveLength(36);
      await ground.sql("delete from applied_migrations where version = 40; drop table t40");
      expect((await ground.up(numbered(40))).applied).toEqual(["40_t40"]);
      await ground.sql("delete from applied_migrations where version = 7; drop table t7");
      const { applied, world } = await ground.up(numbered(41));
      expect(applied).toEqual(["7_t7", "41_t41"]);
      const gaps = world.events.flatMap((event) => (event.kind === "applied" ? [event.isGap] : []));
      expect(gaps).toEqual([true, false]);
    });

    check(halfWay, async (ground) => {
      const files = {
        "1_a.up.sql": "create table a (id int)",
        "2_b.up.sql":
          "-- lacuna: no-transaction\ncreate table b (); select 1 / (select count(*) from a);",
      };
      expect((await ground.up(files)).applied).toEqual(["1_a"]);
      await ground.sql("insert into a values (1)");
      const { applied, world } = await ground.up(files);
      expect(applied).toEqual(["2_b"]);
      expect(world.events).toContainEqual(
        expect.objectContaining({ kind: "resuming", statement: 2 }),
      );
    });

    check(unlike, async (ground) => {
      const files = numbered(3);
      await ground.up(files);
      for (const [change, problems] of [
        ["set name = 't4'", ["renamed"]],
        ["set checksum = repeat('0', 64)", ["changed"]],
        ["set checksum = null", []],
        ["set name = concat('t3', e'\\t', checksum, e'\\n4\\tt4')", ["renamed"]],
      ] as const) {
        await ground.sql(
          `create table kept as table applied_migrations; update applied_migrations ${change} where version = 3`,
        );
        const ran = await ground.up(files, { checksums: "enforce" });
        expect({ change, problems: ran.problems }).toEqual({ change, problems: [...problems] });
        await ground.sql(
          "truncate applied_migrations; insert into applied_migrations table kept; drop table kept",
        );
      }
      // Two rows in one: the texts are the same, and the rows are not.
      await ground.sql(
        "update applied_migrations set name = concat(name, e'\\t', checksum, e'\\n3\\t', (select name from applied_migrations where version = 3)), " +
          "checksum = (select checksum from applied_migrations where version = 3) where version = 2; " +
          "delete from applied_migrations where version = 3",
      );
      expect((await ground.up(files)).problems).toEqual(["renamed"]);
    });
  },
  everyday,
);
