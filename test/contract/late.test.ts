/** Late migrations on a server: in a transaction that is rolled back, and in scratch databases. */
import { expect } from "bun:test";
import { baseOfDatabase } from "../../src/applied-from.ts";
import type { Base } from "../../src/core/order.ts";
import type { VerifyOutcome } from "../../src/outcome.ts";
import { databaseAt } from "../support/engines.ts";
import { databaseRequest, runVerify, worldOf } from "../support/worlds.ts";
import { setOf } from "../core/made.ts";
import { told } from "../rehearsal/late.ts";
import { contractSideBySide, everyday, pgliteSkips } from "./contract.ts";
import { type Ground, siblingUrl } from "./ground.ts";

const body = (value: number): string =>
  `create or replace function f() returns int language sql as 'select ${value}'`;
const applied = { "1_f.sql": body(1), "3_f.sql": body(3), "4_t.sql": "create table t (a int)" };
const files = { ...applied, "2_f.sql": body(2), "5_late.sql": "create index t_a on t (a)" };
const found = [{ kind: "object", what: "function public.f()", gaps: ["2_f"], others: ["3_f"] }];

const lacking = "a gap that the embedded engine cannot run is not compared";
const scratch = "in scratch databases, behind what the database has applied";
const written = "reading what is applied writes nothing, and cannot";

contractSideBySide(
  [
    ...pgliteSkips("nobody makes databases on an embedded Postgres", scratch, written),
    ...pgliteSkips("it is the engine that lacks it", lacking),
  ],
  (check) => {
    check("in a transaction that is rolled back", async (ground) => {
      await ground.up(applied);
      const { outcome, problems } = await ground.verify(files);
      expect(told(outcomeOf(outcome).order)).toEqual(found);
      expect(problems).toEqual(["order-found"]);
      expect(await ground.value("select f()::text")).toBe("3");
    });

    check(lacking, async (ground) => {
      const base = { "1_e.sql": "create extension sslinfo", "3_a.sql": "create table a (a text)" };
      await ground.up(base);
      const gap = "create table safe (ok bool default ssl_is_used())";
      const { outcome, problems } = await ground.verify({ ...base, "2_d.sql": gap });
      const { verdicts, order } = outcomeOf(outcome);
      expect(verdicts.map(({ result }) => result)).toEqual(["passed"]);
      expect(order).toMatchObject({ result: "not compared" });
      expect(problems).toEqual([]);
      expect((await ground.verify({ ...base, "2_d.sql": gap }, { strict: true })).problems).toEqual(
        ["order-found"],
      );
    });

    check(scratch, async (ground) => {
      await ground.up(applied);
      const base = await baseOf(ground);
      const world = worldOf(databaseAt(ground.url), files);
      const sibling = (name: string): ReturnType<typeof databaseOf> => databaseOf(ground, name);
      const outcome = outcomeOf(
        await runVerify(world, sibling, { method: "scratch", engine: "server" }, base),
      );
      expect(told(outcome.order)).toEqual(found);
      expect(outcome.verdicts.map(({ migration, result }) => `${migration.id} ${result}`)).toEqual([
        "2_f passed",
        "5_late passed",
      ]);
      const left = await ground.value(
        "select count(*)::text from pg_database where datname like 'lacuna\\_scratch%'",
      );
      expect(Number(left)).toBe(0);
    });

    check(written, async (ground) => {
      await ground.up(applied);
      const before = await ground.snapshot();
      const { applied: rows, label } = await baseOf(ground);
      expect([...rows.keys()].map(String).toSorted()).toEqual(["1", "3", "4"]);
      expect(label).toContain("127.0.0.1");
      expect(await ground.snapshot()).toEqual(before);
    });
  },
  everyday,
);

function baseOf(ground: Ground): Promise<Base> {
  const world = worldOf(databaseAt(ground.url), files);
  return baseOfDatabase(world, { ...databaseRequest, newHere: false }, setOf(files));
}

function databaseOf(ground: Ground, name: string): Promise<ReturnType<typeof databaseAt>> {
  return Promise.resolve(databaseAt(siblingUrl(ground.url, name)));
}

function outcomeOf(outcome: { readonly kind: string }): VerifyOutcome {
  if (outcome.kind !== "verify") throw new Error(JSON.stringify(outcome));
  return outcome as VerifyOutcome;
}
