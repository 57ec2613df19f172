/** The lock as one session sees it: what travels with it, and how it is proven and let go of. */
import { expect } from "bun:test";
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
  },
  everyday,
);
