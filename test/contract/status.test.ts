/** What `plan` and `status` show. They never write. */
import { expect } from "bun:test";
import { contract, oldestAndNewest } from "./contract.ts";
import { type Ground, planned } from "./ground.ts";

const history = {
  "1_a.up.sql": "create table a ()",
  "2_b.up.sql": "create table b ()",
  "3_c.up.sql": "create table c ()",
  "5_e.up.sql": "create table e ()",
};

async function reads(ground: Ground, work: () => Promise<void>): Promise<void> {
  const before = await ground.snapshot();
  await work();
  expect(await ground.snapshot()).toBe(before);
}

contract(
  [],
  (check) => {
    check("every state of the contract is told", async (ground) => {
      await ground.up({
        ...history,
        "7_stays.up.sql": "select 'seven'",
        "9_later.up.sql": "select 'nine'",
      });
      await ground.sql("update applied_migrations set checksum = null where version = 1");
      await ground.up({
        ...history,
        "0_stops.up.sql": "-- lacuna: no-transaction\nselect 1; select nothing",
      });
      const now = {
        "0_stops.up.sql": "-- lacuna: no-transaction\nselect 1; select nothing",
        "1_a.up.sql": "create table a ()",
        "2_renamed.up.sql": "create table b ()",
        "3_c.up.sql": "create table c (edited int)",
        "4_gap.up.sql": "create table d ()",
        "6_seven.up.sql": "select 'seven'",
        "8_new.up.sql": "create table h ()",
      };
      await reads(ground, async () => {
        expect(await ground.states(now)).toEqual([
          "0: in progress, gap",
          "1: adopted",
          "2: renamed",
          "3: changed",
          "4: gap",
          "5: missing",
          "6: renumbered, gap",
          "7: missing",
          "8: gap",
          "9: ahead",
        ]);
        const { problems } = await ground.status(now);
        expect(problems.toSorted()).toEqual(["renamed", "renumbered"]);
        expect((await ground.plan(now)).problems.toSorted()).toEqual(["renamed", "renumbered"]);
      });
    });

    check("the time of a row is when its migration ended", async (ground) => {
      const before = Date.now();
      await ground.up({ "1_a.up.sql": "select pg_sleep(0.2)" });
      const { outcome } = await ground.status({ "1_a.up.sql": "select pg_sleep(0.2)" });
      const entry = outcome.kind === "status" ? outcome.diff.entries[0] : undefined;
      const at = entry?.kind === "applied" ? entry.row.appliedAt?.getTime() : undefined;
      expect(at).toBeGreaterThanOrEqual(before + 199);
      expect(at).toBeLessThanOrEqual(Date.now());
    });

    check("--check asks for applied = set with nothing changed", async (ground) => {
      const checks = async (files: Record<string, string>): Promise<readonly string[]> =>
        (await ground.status(files, { check: true })).problems;
      expect(await checks(history)).toEqual(["not-in-sync"]);
      await ground.up(history);
      await reads(ground, async () => {
        expect(await checks(history)).toEqual([]);
        // Line ends are forgiven.
        expect(await checks({ ...history, "1_a.up.sql": history["1_a.up.sql"] })).toEqual([]);
        expect(await checks({ ...history, "4_d.up.sql": "select 1" })).toEqual(["not-in-sync"]);
        expect(await checks({ ...history, "6_f.up.sql": "select 1" })).toEqual(["not-in-sync"]);
        expect(await checks({ ...history, "1_a.up.sql": "select 'edited'" })).toEqual([
          "not-in-sync",
        ]);
        const { "5_e.up.sql": _last, ...older } = history;
        expect(await checks(older)).toEqual(["not-in-sync"]);
        const { "2_b.up.sql": _second, ...holed } = history;
        expect(await checks(holed)).toEqual(["not-in-sync"]);
      });
    });

    check("an adopted row is applied for --check", async (ground) => {
      await ground.up(history);
      await ground.sql("update applied_migrations set checksum = null where version = 1");
      expect((await ground.status(history, { check: true })).problems).toEqual([]);
    });

    check("plan shows what up would do, and refuses what up would refuse", async (ground) => {
      await ground.up({ "2_b.up.sql": "create table b ()" });
      await reads(ground, async () => {
        expect(planned(await ground.plan(history))).toEqual(["1_a (gap)", "3_c", "5_e"]);
        expect(planned(await ground.plan(history, { to: "3" }))).toEqual(["1_a (gap)", "3_c"]);
        expect((await ground.plan(history, { to: "4" })).problems).toEqual(["not-in-set"]);
        const bad = { ...history, "6_f.up.sql": "select 1; commit" };
        expect((await ground.plan(bad)).problems).toEqual(["refused-statement"]);
        expect((await ground.plan(bad, { to: "5" })).problems).toEqual([]);
      });
    });

    check("an applied file may hold what up would refuse today", async (ground) => {
      const old = { "1_old.up.sql": "select 1; commit; select 2" };
      await ground.mark(old, { to: "applied", versions: ["1"] });
      expect((await ground.up(old)).problems).toEqual([]);
      expect((await ground.status(old, { check: true })).problems).toEqual([]);
    });

    check("reading works for a role that may only read, beside a runner's lock", async (ground) => {
      await ground.up(history);
      await ground.sql(
        "create role contract_reader; grant usage on schema public to contract_reader; grant select on all tables in schema public to contract_reader; " +
          "select pg_advisory_lock(1)",
      );
      await ground.configure("default_transaction_read_only = on");
      expect((await ground.status(history, { check: true })).problems).toEqual([]);
      expect((await ground.plan(history)).problems).toEqual([]);
    });
  },
  oldestAndNewest,
);
