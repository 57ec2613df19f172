import { describe, expect, test } from "bun:test";
import { postgresParser } from "../../src/adapters/parser.ts";
import type { Problem } from "../../src/core/problem.ts";
import { reachOf } from "../../src/core/reach.ts";
import { type Executable, readScript } from "../../src/core/script.ts";
import {
  countResults,
  judge,
  type Method,
  unfitFor,
  type Verdict,
} from "../../src/core/verdict.ts";
import { migrationOf, valueOf } from "./made.ts";

const parse = await postgresParser.load();
const scriptOf = (text: string): Executable => valueOf(readScript(migrationOf(text), parse));
const index = "create index concurrently i on t (a)";
const namedIndex = "create index concurrently email_index on t_email (email)";
const methods: readonly Method[] = ["embedded", "rolled back", "isolated", "scratch"];

describe("what the text alone tells", () => {
  const fits = (method: Method, text: string, ownsServer = false): boolean => {
    const script = scriptOf(text);
    return unfitFor(method, script, reachOf(script, parse), ownsServer) === undefined;
  };
  test.each([
    { text: "create table t ()", fit: methods },
    { text: index, fit: ["embedded", "scratch"] },
    { text: "-- lacuna: no-transaction\nselect 1", fit: ["embedded", "scratch"] },
    { text: "create role app", fit: ["embedded", "rolled back", "isolated"] },
    { text: "-- lacuna: no-transaction\nalter system set work_mem = '1MB'", fit: ["embedded"] },
  ])("$text", ({ text, fit }) => {
    expect(methods.filter((method) => fits(method, text))).toEqual(fit as Method[]);
  });

  test("a scratch database may own its server", () => {
    expect(fits("scratch", "create role app", true)).toBe(true);
  });
});

describe("what a failure means", () => {
  const failed = (code: string, message = "no"): Problem => ({
    code: "migration-failed",
    id: "7_a",
    path: "m/7_a.up.sql",
    error: { severity: "ERROR", code, message },
    place: undefined,
    stage: { kind: "commit" },
    kept: { kind: "nothing" },
    attempts: 1,
  });
  const verdictOf = (result: "passed" | "failed" | "not verified"): Verdict => ({
    migration: migrationOf("select 1", "3_before.up.sql"),
    isGap: false,
    after: undefined,
    notes: [],
    ...(result === "passed"
      ? { result, elapsedMs: 1 }
      : result === "failed"
        ? { result, problem: failed("42601") }
        : { result, reason: "it is so", way: "do so", problem: undefined }),
  });
  const judged = (
    method: Method,
    problem: Problem,
    before: readonly Verdict[] = [],
    text = "select 1",
    lack?: string,
  ): string => {
    const result = judge(method, scriptOf(text), problem, lack, before);
    return result === "failed" ? result : "not verified";
  };

  test("the engine's lack is not the author's fault", () => {
    const problem = failed("0A000");
    expect(judged("embedded", problem, [], "select 1", "the extension x")).toBe("not verified");
    const told = judge("embedded", scriptOf(""), problem, "the extension x", []);
    expect(told).toEqual({
      reason: "this engine lacks the extension x",
      way: "use --database-url",
    });
  });

  test.each([
    { code: "2201B", before: "not verified", result: "failed" },
    { code: "42601", before: "not verified", result: "failed" },
    { code: "23502", before: "not verified", result: "failed" },
    { code: "42P01", before: "not verified", result: "not verified" },
    { code: "42703", before: "not verified", result: "not verified" },
    { code: "42883", before: "not verified", result: "not verified" },
    { code: "42704", before: "not verified", result: "not verified" },
    { code: "3F000", before: "not verified", result: "not verified" },
    { code: "42P01", before: "failed", result: "failed" },
    { code: "42P01", before: "passed", result: "failed" },
  ] as const)("$code behind one that is $before: $result", ({ code, before, result }) => {
    for (const method of ["embedded", "rolled back", "scratch"] as const) {
      expect(judged(method, failed(code), [verdictOf(before)])).toBe(result);
    }
  });

  const newValue = failed("55P04", 'unsafe use of new value "sad" of enum type mood');
  const own = "alter type mood add value 'sad'; insert into t values ('sad')";
  test.each([
    { method: "rolled back", text: "insert into t values ('sad')", result: "not verified" },
    { method: "isolated", text: "insert into t values ('sad')", result: "not verified" },
    { method: "rolled back", text: own, result: "failed" },
    { method: "embedded", text: "insert into t values ('sad')", result: "failed" },
    { method: "scratch", text: own, result: "failed" },
  ] as const)("a new enum value, $method, $text", ({ method, text, result }) => {
    expect(judged(method, newValue, [], text)).toBe(result);
  });

  test("SET TRANSACTION works in a transaction of its own only", () => {
    const problem = failed(
      "25001",
      "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction",
    );
    expect(judged("rolled back", problem)).toBe("not verified");
    expect(judged("scratch", problem)).toBe("failed");
  });

  test("alone, what an earlier pending migration makes is not there", () => {
    expect(judged("isolated", failed("42P01"), [verdictOf("passed")])).toBe("not verified");
    expect(judged("isolated", failed("42P01"))).toBe("failed");
    expect(judged("isolated", failed("23502"), [verdictOf("passed")])).toBe("failed");
  });

  test("a name that nobody wrote is a slip of the pen", () => {
    const unsure = {
      ...verdictOf("not verified"),
      migration: migrationOf(namedIndex, "3_i.up.sql"),
    };
    const missing = (name: string): Problem => failed("42P01", `relation "${name}" does not exist`);
    expect(judged("rolled back", missing("usres"), [unsure])).toBe("failed");
    expect(judged("rolled back", missing("t_email_key"), [unsure])).toBe("not verified");
    expect(judged("rolled back", failed("42P10", "there is no unique constraint"), [unsure])).toBe(
      "not verified",
    );
    const called = failed("42883", "function st_area(geometry) does not exist");
    expect(judged("rolled back", called, [unsure])).toBe("failed");
    const made = migrationOf("create extension postgis", "3_gis.up.sql");
    expect(judged("embedded", called, [{ ...unsure, migration: made }])).toBe("not verified");
  });

  test("locks that others have are no fault of the file", () => {
    for (const code of ["55P03", "40P01", "40001", "53200"]) {
      expect(judged("rolled back", failed(code))).toBe("not verified");
      expect(judged("scratch", failed(code))).toBe("failed");
    }
  });

  test("a proof that is broken is a failure", () => {
    const problem: Problem = {
      code: "not-proven",
      id: "7_a",
      path: "p",
      broken: "lock",
      reply: [],
    };
    expect(judged("rolled back", problem)).toBe("failed");
  });

  test("results are counted", () => {
    const all = [verdictOf("passed"), verdictOf("not verified"), verdictOf("passed")];
    expect(countResults(all)).toEqual({ passed: 2, failed: 0, "not verified": 1 });
  });
});
