/** Late migrations where the comparison itself has something in its way. */
import { expect, test } from "bun:test";
import { outcomeOn, patience, told, verifyOn } from "./late.ts";

test(
  "what an earlier late migration left is told, and is no doing of the new one",
  async () => {
    const files = {
      "1_f.sql":
        "create function f() returns int language sql as 'select 1'; create table t (a int)",
      "2_f.sql": "create or replace function f() returns int language sql as 'select 2'",
      "3_f.sql": "create or replace function f() returns int language sql as 'select 3'",
      "4_index.sql": "create index t_a on t (a)",
      "5_other.sql": "create table other (a int)",
    };
    // 2 was late already.
    const { order, problems } = await verifyOn(files, [1, 3, 5, 2]);
    expect(told(order)).toEqual([]);
    expect(order?.notes).toEqual([
      "1 object differs from a new database already, whatever is pending: what is applied came in another order",
    ]);
    expect(problems).toEqual([]);
  },
  patience,
);

test(
  "a new database that could not be made before either",
  async () => {
    const files = {
      "1_t.sql": "create table t (a int)",
      "2_view.sql": "create view v as select b from t",
      "3_column.sql": "alter table t add column b int",
      "4_late.sql": "create table late (a int)",
      "5_other.sql": "create table other (a int)",
    };
    const outcome = await verifyOn(files, [1, 3, 2, 5]);
    expect(outcome.order).toMatchObject({ result: "not compared", findings: [] });
    expect(outcome.order?.unverified?.reason).toContain("2_view fails in numeric order");
    expect(outcome.problems).toEqual([]);
    const strict = await verifyOn(files, [1, 3, 2, 5], { strict: true });
    expect(strict.problems).toMatchObject([{ code: "order-found", found: "not compared" }]);
  },
  patience,
);

test(
  "what the engine lacks is left out on both sides, and said",
  async () => {
    const files = {
      "1_f.sql": "create function f() returns int language sql as 'select 0'",
      "2_late.sql": "create or replace function f() returns int language sql as 'select 1'",
      "3_extension.sql": "create extension no_such_extension",
      "4_uses.sql": "create table u (a no_such_type)",
      "5_f.sql": "create or replace function f() returns int language sql as 'select 2'",
    };
    const { base, order } = await verifyOn(files, [1, 3, 4, 5]);
    expect(base?.leftOut.map(({ migration }) => migration.id)).toEqual(["3_extension", "4_uses"]);
    expect(told(order)).toEqual([
      { kind: "object", what: "function public.f()", gaps: ["2_late"], others: ["5_f"] },
    ]);
    expect(order?.caveats).toEqual([
      "3_extension could not be run here",
      "4_uses could not be run here",
    ]);
  },
  patience,
);

test(
  "an extension that a late migration creates is there in every engine",
  async () => {
    const files = {
      "1_t.sql": "create table t (a text)",
      "2_late.sql": "create extension pg_trgm; create index t_a on t using gin (a gin_trgm_ops)",
      "3_other.sql": "create table other (a int)",
    };
    const { order, verdicts } = await verifyOn(files, [1, 3]);
    expect(verdicts.map(({ result }) => result)).toEqual(["passed"]);
    expect(order?.result).toBe("same");
  },
  patience,
);

test(
  "a late migration that the engine cannot run is not compared",
  async () => {
    const files = {
      "1_t.sql": "create table t (a int)",
      "2_late.sql": "create extension no_such_extension",
      "3_other.sql": "create table other (a int)",
    };
    const { order, problems } = await verifyOn(files, [1, 3]);
    expect(order?.result).toBe("not compared");
    expect(order?.unverified?.reason).toContain("2_late could not be run");
    expect(problems).toEqual([]);
  },
  patience,
);

test(
  "another pending migration that fails does not keep the late one from being compared",
  async () => {
    const files = {
      "1_f.sql": "create function f() returns int language sql as 'select 1'",
      "2_late.sql": "create or replace function f() returns int language sql as 'select 2'",
      "3_f.sql": "create or replace function f() returns int language sql as 'select 3'",
      "4_typo.sql": "create tabel t (a int)",
    };
    const { order, verdicts, problems } = await verifyOn(files, [1, 3]);
    expect(verdicts.map(({ result }) => result)).toEqual(["passed", "failed"]);
    expect(told(order)).toMatchObject([{ what: "function public.f()", gaps: ["2_late"] }]);
    expect(problems.map(({ code }) => code)).toEqual(["verify-found", "order-found"]);
  },
  patience,
);

test(
  "rows that are others each time as a whole are compared by their number",
  async () => {
    const shuffled = (many: number): string =>
      `insert into t select a, b from (select row_number() over (order by random()) as a, b from generate_series(1, ${many}) b) s`;
    const files = {
      "1_t.sql": `create table t (a int, b int); create table u (a int, b int); ${shuffled(100)}`,
      "2_more.sql": "insert into u values (1, 1)",
      "3_u.sql": `insert into t select 1, 1 where not exists (select from u); ${shuffled(50)}`,
    };
    const { order } = await verifyOn(files, [1, 3]);
    expect(order?.notes).toEqual([
      "rows of public.t are others each time: only their number is compared",
    ]);
    expect(order?.findings).toMatchObject([
      { what: "rows of public.t", inOrder: "150 rows", late: "151 rows" },
    ]);
  },
  patience,
);

test(
  "a base that its files do not tell, and one that is applied in part",
  async () => {
    const files = {
      "1_t.sql": "create table t (a int)",
      "2_late.sql": "create table late (a int)",
      "3_steps.sql":
        "-- lacuna: no-transaction\ninsert into t values (1);\ninsert into t values (2)",
      "4_other.sql": "create table other (a int)",
    };
    const edited = { ...files, "1_t.sql": "create table t (a int, b int)" };
    const { order, problems } = await verifyOn(edited, [1, 4], {}, { written: files });
    expect([order?.result, problems]).toEqual(["same", []]);
    expect(order?.caveats).toEqual(["1_t was edited after it was applied"]);
    const strict = await verifyOn(edited, [1, 4], { strict: true }, { written: files });
    expect(strict.problems).toMatchObject([{ code: "order-found", found: "caveats" }]);
    const part = await verifyOn(files, [1, 4], {}, { inPart: ["3"] });
    expect(part.verdicts.map(({ result }) => result)).toEqual(["passed", "not verified"]);
    expect(part.order).toMatchObject({ result: "not compared" });
    expect(part.order?.unverified?.reason).toContain("3_steps stopped at a statement");
  },
  patience,
);

test(
  "what was stopped and resumed is no measure of what is another each time",
  async () => {
    const files = {
      "1_t.sql": "create table t (a int, b int); insert into t values (1, 0)",
      "2_late.sql": "update t set b = 5",
      "3_other.sql": "update t set b = 7",
      "4_again.sql":
        "-- lacuna: no-transaction\n-- lacuna: rerunnable\ndo $$ begin update t set b = b + 1; end $$;\nselect 1",
    };
    const { order } = await verifyOn(files, [1, 3]);
    expect(order?.findings).toMatchObject([{ what: "rows of public.t" }]);
    expect(order?.notes).toEqual([]);
  },
  patience,
);

test(
  "nor is it one side of the comparison: what ran twice may come out right by chance",
  async () => {
    const files = {
      "1_t.sql": "create table t (b int); insert into t values (0)",
      "2_late.sql": "update t set b = 5",
      "3_other.sql": "update t set b = 6",
      "4_again.sql":
        "-- lacuna: no-transaction\n-- lacuna: rerunnable\ndo $$ begin update t set b = b + 1; end $$;\nselect 1",
    };
    // In order 7, late 6, and late and stopped behind its DO 7 again.
    const { order } = await verifyOn(files, [1, 3]);
    expect(order?.findings).toMatchObject([{ what: "rows of public.t", gaps: [{ id: "2_late" }] }]);
  },
  patience,
);

test(
  "a base that fails in numeric order alone excuses nothing",
  async () => {
    const files = {
      "1_o.sql": "create table o (a int)",
      "2_t.sql": "create table if not exists t (id int)",
      "3_column.sql": "alter table t add column c int",
      "5_t.sql": "create table if not exists t (id int, email text)",
      "6_o.sql": "create table last (a int)",
    };
    const { order } = await verifyOn(files, [1, 5, 3, 6]);
    expect(told(order).map(({ what }) => what)).toContain("column public.t.email");
  },
  patience,
);

test(
  "what is applied and fails from empty ends it",
  async () => {
    const files = {
      "1_t.sql": "create table t (a int)",
      "2_late.sql": "create table late (a int)",
      "3_edited.sql": "alter table nowhere add column a int",
    };
    const outcome = await outcomeOn(files, [1, 3]);
    if (outcome.kind !== "refused") throw new Error(outcome.kind);
    expect(outcome.problems).toMatchObject([
      { code: "base-failed", id: "3_edited" },
      { code: "migration-failed", path: "migrations/3_edited.sql" },
    ]);
  },
  patience,
);

test(
  "an engine that has to be ended is given the base again",
  async () => {
    const files = {
      "1_t.sql": "create table t (a int)",
      "2_program.sql": "copy t to program 'cat'",
      "3_t.sql": "alter table t add column b int",
      "4_b.sql": "create index t_b on t (b)",
    };
    const { verdicts } = await verifyOn(files, [1, 3]);
    expect(verdicts.map(({ migration, result }) => `${migration.id} ${result}`)).toEqual([
      "2_program not verified",
      "4_b passed",
    ]);
  },
  patience,
);

test(
  "nothing late, nothing compared",
  async () => {
    const files = { "1_t.sql": "create table t (a int)", "2_b.sql": "create index t_a on t (a)" };
    const { order, base } = await verifyOn(files, [1]);
    expect(order).toBeUndefined();
    expect(base).toMatchObject({ label: "a base", count: 1 });
  },
  patience,
);
