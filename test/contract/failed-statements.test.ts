/**
 * A statement outside of transactions that failed, or was never begun, and whose work somebody
 * else had done: it is not taken for done. And what a stop leaves does not run a second time.
 */
import { expect } from "bun:test";
import { contract, oneBackend, pgliteSkips } from "./contract.ts";

const header = "-- lacuna: no-transaction\n";
const detachSkips = pgliteSkips(oneBackend, "a detachment of what is no partition fails each time");

contract(detachSkips, (check) => {
  check("an index of the name on other columns fails each time", async (ground) => {
    await ground.sql("create table t (a int, b int); create index i on t (a)");
    const files = { "1_i.up.sql": `${header}create index concurrently i on t (b);` };
    for (let run = 1; run <= 3; run++) {
      const { problems, applied } = await ground.up(files, { newHere: true });
      expect(problems).toEqual(["migration-failed"]);
      expect(applied).toEqual([]);
    }
    expect(await ground.versions()).toEqual([]);
    await ground.sql("drop index i");
    expect((await ground.up(files, { newHere: true })).applied).toEqual(["1_i"]);
  });

  check(
    "a statement that was edited after it was started is not looked at, but run",
    async (ground) => {
      const before = "create table t (a int, b int); insert into t values (1, 1), (1, 1)";
      await ground.sql(before);
      const first = { "1_i.up.sql": `${header}create unique index concurrently i on t (a);` };
      expect((await ground.up(first, { newHere: true })).problems).toEqual(["migration-failed"]);
      await ground.sql("create index j on t (a)");
      const edited = { "1_i.up.sql": `${header}create index concurrently j on t (b);` };
      const { problems, applied } = await ground.up(edited, { newHere: true });
      expect(problems).toEqual(["migration-failed"]);
      expect(applied).toEqual([]);
    },
  );

  check("a detachment of what is no partition fails each time", async (ground) => {
    await ground.sql(
      "create table p (a int) partition by range (a); create table p_1 partition of p for values from (0) to (1)",
    );
    const files = { "1_d.up.sql": `${header}alter table p detach partition p_one concurrently;` };
    for (let run = 1; run <= 2; run++) {
      expect((await ground.up(files, { newHere: true })).problems).toEqual(["migration-failed"]);
    }
    const mended = { "1_d.up.sql": `${header}alter table p detach partition p_1 concurrently;` };
    expect((await ground.up(mended, { newHere: true })).applied).toEqual(["1_d"]);
    expect(await ground.value("select count(*) from pg_inherits")).toBe("0");
  });

  check("a file that stopped half-way and has another number is refused", async (ground) => {
    const text = `${header}insert into t values (1);\nselect nothing;`;
    const first = { "1_t.up.sql": "create table t (a int);" };
    await ground.up({ ...first, "2_two.up.sql": text });
    const { problems } = await ground.up({ ...first, "3_two.up.sql": text });
    expect(problems).toEqual(["renumbered-progress"]);
    expect(await ground.value("select count(*) from t")).toBe("1");
  });

  check("the file's own statement_timeout holds for what runs outside", async (ground) => {
    const files = {
      "1_slow.up.sql": `${header}-- lacuna: rerunnable\nset statement_timeout = '300ms';\ndo $$ begin perform pg_sleep(5); end $$;`,
    };
    const started = Date.now();
    const { problems } = await ground.up(files);
    if (ground.engine.kind === "server") {
      expect(problems).toEqual(["migration-failed"]);
      expect(Date.now() - started).toBeLessThan(4000);
    } else {
      // PGlite runs in this thread, where no timer can interrupt it.
      expect(problems).toEqual([]);
    }
  });

  check("a row that a trigger swallows is not said to be marked", async (ground) => {
    const files = { "1_a.up.sql": "", "2_b.up.sql": "" };
    await ground.up(files, { to: "1" });
    await ground.sql(
      "create function no() returns trigger language plpgsql as 'begin return null; end'; " +
        "create trigger no before insert or delete on applied_migrations for each row execute function no()",
    );
    expect((await ground.mark(files, { to: "applied", versions: ["2"] })).problems).toEqual([
      "not-marked",
    ]);
    expect((await ground.mark(files, { to: "pending", versions: ["1"] })).problems).toEqual([
      "not-marked",
    ]);
    expect(await ground.versions()).toEqual(["1"]);
  });

  check("what was applied under a number is not taken for another file", async (ground) => {
    await ground.up({ "1_a.up.sql": "create table a ()" });
    const files = { "2_a.up.sql": "create table b ()" };
    const change = { to: "renumbered", from: "1", version: "2" } as const;
    expect((await ground.mark(files, change)).problems).toEqual(["not-marked"]);
    expect(await ground.versions()).toEqual(["1"]);
  });

  check("a single version is not marked in front of a take-over", async (ground) => {
    await ground.sql(
      "create table schema_migrations (version bigint, dirty boolean); insert into schema_migrations values (2, false)",
    );
    const files = { "1_a.up.sql": "", "2_b.up.sql": "", "3_c.up.sql": "" };
    expect((await ground.mark(files, { to: "applied", versions: ["3"] })).problems).toEqual([
      "not-marked",
    ]);
    expect((await ground.up(files)).applied).toEqual(["3_c"]);
  });
});
