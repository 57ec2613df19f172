/** Files that run statement by statement: progress, resumption, and what a stop leaves behind. */
import { expect } from "bun:test";
import type { Files } from "../support/worlds.ts";
import { contract, oneBackend, pgliteSkips } from "./contract.ts";
import {
  beside,
  type Ground,
  lastRows,
  placeOfFailure,
  stageOfFailure,
  trackerNamed,
} from "./ground.ts";

const header = "-- lacuna: no-transaction\n";

function file(...statements: readonly string[]): Files {
  return { "1_steps.up.sql": header + statements.map((one) => `${one};\n`).join("") };
}

async function progress(ground: Ground): Promise<readonly string[]> {
  const rows = await lastRows(
    ground,
    "select statement || ' ' || state as it from public.applied_migrations_progress order by version, statement",
  );
  return rows.map((row) => row["it"] ?? "");
}

async function isValid(ground: Ground, index: string): Promise<string | null> {
  return ground.value(`select indisvalid from pg_index where indexrelid = to_regclass('${index}')`);
}

/** How an earlier runner would have left a statement that it had begun. */
async function leaveStarted(
  ground: Ground,
  statement: number,
  digestOf: string,
  invalidBefore = "{}",
): Promise<void> {
  const digest = new Bun.CryptoHasher("sha256").update(digestOf).digest("hex");
  await ground.sql(
    `insert into public.applied_migrations_progress values (1, ${statement}, '${digest}', 'started', '${invalidBefore}', now())`,
  );
}

/** The progress table as it is after a first statement, so that a test can put rows into it. */
async function withProgress(ground: Ground, ...done: readonly string[]): Promise<void> {
  const failing = file(...done, "select nothing");
  expect((await ground.up(failing)).problems).toEqual(["migration-failed"]);
}

const duplicates = [
  "create table t (a int)",
  "insert into t values (1), (1)",
  "create unique index concurrently i on t (a)",
] as const;

const skips = pgliteSkips(oneBackend, "a partition whose detachment is pending is finalised");

contract(skips, (check) => {
  check("every statement runs, the row is written and no progress is left", async (ground) => {
    const { problems, applied, world } = await ground.up({
      ...file(
        "create table t (a int)",
        "create index concurrently i on t (a)",
        "insert into t values (1)",
        "vacuum t",
      ),
      "2_next.up.sql": "create table two ()",
    });
    expect(problems).toEqual([]);
    expect(applied).toEqual(["1_steps", "2_next"]);
    expect(await progress(ground)).toEqual([]);
    expect(await isValid(ground, "i")).toBe("t");
    expect(await ground.versions()).toEqual(["1", "2"]);
    expect(
      world.events.flatMap((event) =>
        event.kind === "statement-done" ? [`${event.statement}/${event.of}`] : [],
      ),
    ).toEqual(["1/4", "2/4", "3/4", "4/4"]);
  });

  check("a lone statement that cannot run in a transaction needs no directive", async (ground) => {
    await ground.up({ "1_t.up.sql": "create table t (a int)" });
    const { problems } = await ground.up({
      "1_t.up.sql": "create table t (a int)",
      "2_i.up.sql": "create index concurrently i on t (a); -- alone",
      "3_empty.up.sql": header,
    });
    expect(problems).toEqual([]);
    expect(await isValid(ground, "i")).toBe("t");
    expect(await ground.versions()).toEqual(["1", "2", "3"]);
  });

  check("a stop keeps what is done, and a mended file resumes there", async (ground) => {
    const files = file(
      "create table t (a int)",
      "insert into t values (1)",
      "  select 1 / 0",
      "insert into t values (3)",
    );
    const stopped = await ground.up(files);
    expect(stopped.problems).toEqual(["migration-failed"]);
    expect(stopped.first).toMatchObject({
      kept: { kind: "statements", done: 2, of: 4 },
      error: { code: "22012" },
    });
    expect(stageOfFailure(stopped)).toBe("statement 3 of 4");
    expect(placeOfFailure(stopped)).toBe("4:3");
    expect(await progress(ground)).toEqual(["1 done", "2 done"]);
    expect(await ground.versions()).toEqual([]);
    expect(await ground.states(files)).toEqual(["1: in progress"]);

    const edited = file("create table t (a int)", "insert into t values (2)", "select 1");
    const refused = await ground.up(edited);
    expect(refused.problems).toEqual(["edited-progress"]);
    expect(refused.first).toMatchObject({ statement: 2 });
    expect((await ground.plan(edited)).problems).toEqual(["edited-progress"]);
    expect((await ground.up(file("create table t (a int)"))).problems).toEqual(["edited-progress"]);

    const mended = file(
      "create table t (a int)",
      "insert into t values (1)",
      "insert into t values (2)",
      "insert into t values (3)",
    );
    const resumed = await ground.up(mended);
    expect(resumed.problems).toEqual([]);
    expect(resumed.world.events).toContainEqual(
      expect.objectContaining({ kind: "resuming", statement: 3, of: 4 }),
    );
    expect(await ground.value("select string_agg(a::text, ' ' order by a) from t")).toBe("1 2 3");
    expect(await progress(ground)).toEqual([]);
    expect(await ground.states(mended)).toEqual(["1: applied"]);
  });

  check(
    "errors without a position, in DO and outside a transaction, have a place",
    async (ground) => {
      for (const [statement, place] of [
        ["select 'é😀',\n nothing", "4:2"],
        ["\t/* x */ vacuum nowhere", "3:10"],
        ["do $$ begin perform 1 / 0; end $$", "3:1"],
        ["create index concurrently i on nowhere (a)", "3:1"],
      ] as const) {
        const ran = await ground.up(file("select 1", statement));
        expect(ran.problems).toEqual(["migration-failed"]);
        expect({ statement, stage: stageOfFailure(ran) }).toEqual({
          statement,
          stage: "statement 2 of 2",
        });
        // VACUUM and CREATE INDEX get positions from some majors only.
        if (statement.includes("nowhere")) expect(placeOfFailure(ran)).toMatch(/^3:/);
        else expect(placeOfFailure(ran)).toBe(place);
        await ground.mark(file("select 1"), { to: "pending", versions: ["1"] });
      }
    },
  );

  check("SETs in front of the statement that resumes are run again", async (ground) => {
    const before = ["create schema app", "set search_path = app", "set work_mem = '33MB'"];
    expect((await ground.up(file(...before, "select nothing"))).problems).toEqual([
      "migration-failed",
    ]);
    const { problems } = await ground.up(
      file(
        ...before,
        "create table found as select current_setting('work_mem') as it",
        "reset work_mem",
      ),
    );
    expect(problems).toEqual([]);
    expect(await ground.value("select it from app.found")).toBe("33MB");
    expect(await ground.versions()).toEqual(["1"]);
  });

  check("a role and a search_path of the file do not reach its progress", async (ground) => {
    await ground.sql(
      "create role contract_three; grant create, usage on schema public to contract_three",
    );
    const { problems } = await ground.up(
      file(
        "set role contract_three",
        "set search_path = ''",
        "create table public.t (a int)",
        "create index concurrently i on public.t (a)",
        "do $$ begin null; end $$",
      ),
    );
    expect(problems).toEqual([]);
    expect(await ground.value("select tableowner from pg_tables where tablename = 't'")).toBe(
      "contract_three",
    );
    expect(await ground.versions()).toEqual(["1"]);
  });

  check("nothing that the file set reaches the next migration", async (ground) => {
    const { problems } = await ground.up({
      ...file("set search_path = pg_catalog", "set work_mem = '33MB'", "set lock_timeout = '7min'"),
      "2_next.up.sql":
        "create table found as select current_setting('work_mem') || ' ' || current_setting('lock_timeout') as it",
    });
    expect(problems).toEqual([]);
    expect(await ground.value("select it from public.found")).not.toContain("33MB");
    expect(await ground.value("select it from public.found")).toEndWith(" 1s");
  });

  check("a unique index that fails stays INVALID, and the next up repairs it", async (ground) => {
    const stopped = await ground.up(file(...duplicates));
    expect(stopped.problems).toEqual(["migration-failed"]);
    expect(stopped.first).toMatchObject({ error: { code: "23505" } });
    expect(stageOfFailure(stopped)).toBe("statement 3 of 3");
    expect(await isValid(ground, "i")).toBe("f");
    expect(await progress(ground)).toEqual(["1 done", "2 done", "3 started"]);

    // Still in the way: it is dropped, tried again, and fails again.
    expect((await ground.up(file(...duplicates))).problems).toEqual(["migration-failed"]);
    expect(await isValid(ground, "i")).toBe("f");

    await ground.sql("delete from t; insert into t values (1)");
    const repaired = await ground.up(file(...duplicates));
    expect(repaired.problems).toEqual([]);
    expect(repaired.world.events).toContainEqual(expect.objectContaining({ kind: "repairing" }));
    expect(await isValid(ground, "i")).toBe("t");
    expect(await ground.value("select count(*) from pg_index where indrelid = 't'::regclass")).toBe(
      "1",
    );
    expect(await ground.versions()).toEqual(["1"]);
  });

  check("an index that was built and not written down is done", async (ground) => {
    const built = "create index concurrently i on t (a)";
    await withProgress(ground, "create table t (a int)");
    await leaveStarted(ground, 2, built);
    await ground.sql(built);
    const oid = await ground.value("select 'i'::regclass::oid");
    const { problems } = await ground.up(file("create table t (a int)", built));
    expect(problems).toEqual([]);
    expect(await ground.value("select 'i'::regclass::oid")).toBe(oid);
  });

  check(
    "an index that was INVALID before the statement is not lacuna's to drop",
    async (ground) => {
      const built = "create unique index concurrently i on t (a)";
      await withProgress(ground, "create table t (a int)");
      await ground.sql("insert into t values (1), (1)");
      await ground.sql(built).catch(() => undefined);
      const oid = await ground.value("select 'i'::regclass::oid");
      await leaveStarted(ground, 2, built, `{${oid}}`);
      const { problems } = await ground.up(file("create table t (a int)", built));
      expect(problems).toEqual(["invalid-index"]);
      expect(await ground.value("select 'i'::regclass::oid")).toBe(oid);
      expect(await ground.versions()).toEqual([]);
    },
  );

  check("IF NOT EXISTS does not hide an INVALID index", async (ground) => {
    await ground.sql("create table t (a int); insert into t values (1), (1)");
    await ground.sql("create unique index concurrently i on t (a)").catch(() => undefined);
    expect(await isValid(ground, "i")).toBe("f");
    for (const statement of [
      "create unique index concurrently if not exists i on t (a)",
      "create unique index concurrently if not exists i on public.t (a)",
      "create unique index if not exists i on t (a)",
    ]) {
      const { problems, first } = await ground.up(file(statement), { newHere: true });
      expect({ statement, problems }).toEqual({ statement, problems: ["invalid-index"] });
      expect(first).toMatchObject({ index: "public.i" });
      expect(await ground.versions()).toEqual([]);
      await ground.mark(file(statement), { to: "pending", versions: ["1"] });
    }
  });

  check("IF NOT EXISTS does not hide an INVALID index in a transaction either", async (ground) => {
    await ground.sql("create table t (a int); insert into t values (1), (1)");
    await ground.sql("create unique index concurrently i on t (a)").catch(() => undefined);
    const { problems } = await ground.up(
      { "1_i.up.sql": "create unique index if not exists i on t (a); select 1" },
      { newHere: true },
    );
    expect(problems).toEqual(["invalid-index"]);
    expect(await ground.versions()).toEqual([]);
  });

  check("an index made ON ONLY a partitioned table is INVALID on purpose", async (ground) => {
    const { problems } = await ground.up(
      file(
        "create table p (a int) partition by list (a)",
        "create table p1 partition of p for values in (1)",
        "create index p_a on only p (a)",
        "create index concurrently p1_a on p1 (a)",
      ),
    );
    expect(problems).toEqual([]);
    expect(await isValid(ground, "p_a")).toBe("f");
    const attached = await ground.up({
      "2_attach.up.sql": "alter index p_a attach partition p1_a",
      ...file(
        "create table p (a int) partition by list (a)",
        "create table p1 partition of p for values in (1)",
        "create index p_a on only p (a)",
        "create index concurrently p1_a on p1 (a)",
      ),
    });
    expect(attached.problems).toEqual([]);
    expect(await isValid(ground, "p_a")).toBe("t");
  });

  check("a partition whose detachment is pending is finalised", async (ground) => {
    const steps = [
      "create table p (a int) partition by list (a)",
      "create table p1 partition of p for values in (1)",
    ];
    const detach = "alter table p detach partition p1 concurrently";
    await withProgress(ground, ...steps);
    await leaveStarted(ground, 3, detach);
    // It is cut off while it waits for a reader that began before it.
    await beside(ground, async (reader) => {
      await reader.run("begin; select * from p");
      await ground.sql("set statement_timeout = '200ms'");
      await ground.sql(detach).catch(() => undefined);
      await ground.sql("reset statement_timeout");
      expect(await ground.value("select inhdetachpending from pg_inherits")).toBe("t");
    });
    const { problems } = await ground.up(file(...steps, detach));
    expect(problems).toEqual([]);
    expect(await ground.value("select count(*) from pg_inherits")).toBe("0");
    expect(await ground.exists("p1")).toBe(true);
  });

  check(
    "a DO that was started and is not known to be done stops, unless rerunnable",
    async (ground) => {
      const body = "do $$ begin insert into t values (2); commit; end $$";
      await withProgress(ground, "create table t (a int)");
      await leaveStarted(ground, 2, body);
      const files = file("create table t (a int)", body);
      const { problems, first } = await ground.up(files);
      expect(problems).toEqual(["unknown-statement"]);
      expect(first).toMatchObject({ what: "DO", statement: 2, place: { line: 3, column: 1 } });
      expect(await ground.value("select count(*) from t")).toBe("0");
      expect(await ground.versions()).toEqual([]);

      const rerunnable = {
        "1_steps.up.sql": `-- lacuna: rerunnable\n${String(files["1_steps.up.sql"])}`,
      };
      expect((await ground.up(rerunnable)).problems).toEqual([]);
      expect(await ground.value("select count(*) from t")).toBe("1");
      expect(await progress(ground)).toEqual([]);
    },
  );

  check("a CALL that fails may have committed something: it is not run again", async (ground) => {
    const files = file(
      "create table t (a int)",
      "create procedure p() language plpgsql as $$ begin insert into t values (1); commit; perform 1 / 0; end $$",
      "call p()",
    );
    expect((await ground.up(files)).problems).toEqual(["migration-failed"]);
    expect(await ground.value("select count(*) from t")).toBe("1");
    expect((await ground.up(files)).problems).toEqual(["unknown-statement"]);
    expect(await ground.value("select count(*) from t")).toBe("1");
    expect(await progress(ground)).toEqual(["1 done", "2 done", "3 started"]);
  });

  check("DO with COMMIT inside works", async (ground) => {
    const { problems } = await ground.up(
      file(
        "create table t (a int)",
        "do $$ begin for i in 1..3 loop insert into t values (i); commit; end loop; end $$",
      ),
    );
    expect(problems).toEqual([]);
    expect(await ground.value("select count(distinct xmin::text) from t")).toBe("3");
  });

  check("mark pending forgets the progress, and mark applied too", async (ground) => {
    const stopping = file("create table t (a int)", "select nothing");
    for (const change of [
      { to: "pending", versions: ["1"] },
      { to: "applied", versions: ["1"] },
    ] as const) {
      expect((await ground.up(stopping)).problems).toEqual(["migration-failed"]);
      expect(await progress(ground)).toEqual(["1 done"]);
      expect((await ground.mark(stopping, change)).problems).toEqual([]);
      expect(await progress(ground)).toEqual([]);
      await ground.sql("drop table t");
    }
    expect(await ground.states(stopping)).toEqual(["1: applied"]);
  });

  check(
    "a step that gives the lock away is not recorded, and nothing behind it runs",
    async (ground) => {
      const { problems } = await ground.up(
        file("create table t (a int)", "select pg_advisory_unlock_all()", "create table never ()"),
      );
      expect(problems).toEqual(["not-proven"]);
      expect(await progress(ground)).toEqual(["1 done"]);
      expect(await ground.exists("never")).toBe(false);
      const hidden = await ground.up(
        file(
          "create table t (a int)",
          "do $$ begin perform pg_advisory_unlock_all(); end $$",
          "create table never ()",
        ),
      );
      expect(hidden.problems).toEqual(["not-proven"]);
      expect(await ground.exists("never")).toBe(false);
    },
  );

  check("what a resumption could not rest on is refused", async (ground) => {
    const before = await ground.snapshot();
    for (const statement of [
      "create temp table x ()",
      "prepare x as select 1",
      "listen x",
      "select set_config('work_mem', '1MB', false)",
      "create index concurrently on t (a)",
      "declare x cursor with hold for select 1",
      "set standard_conforming_strings = off",
    ]) {
      const { problems } = await ground.up(file("select 1", statement));
      expect({ statement, problems }).toEqual({ statement, problems: ["not-resumable"] });
    }
    for (const statement of ["begin", "commit", "reset all", "discard temp"]) {
      const { problems } = await ground.up(file("select 1", statement));
      expect({ statement, problems }).toEqual({ statement, problems: ["refused-statement"] });
    }
    expect(await ground.snapshot()).toBe(before);
  });

  check("a first file that stops half-way makes the database its own", async (ground) => {
    const stopping = file("create table t (a int)", "select nothing");
    await ground.up(stopping);
    expect((await ground.up(stopping)).problems).toEqual(["migration-failed"]);
    expect((await ground.plan(stopping)).problems).toEqual([]);
  });

  check("the progress stands beside the tracker, whatever its name", async (ground) => {
    const { tracker, sql } = trackerNamed("other", "My Tracker");
    await ground.up(file("select 1", "select nothing"), { tracker });
    expect(
      await ground.value("select string_agg(state, ' ') from other.\"My Tracker_progress\""),
    ).toBe("done");
    expect(await ground.versions(sql)).toEqual([]);
  });
});
