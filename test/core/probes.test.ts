import { describe, expect, test } from "bun:test";
import { diff } from "../../src/core/diff.ts";
import { metricsAnswer } from "../../src/core/metrics.ts";
import {
  type Build,
  type Finding,
  healthAnswer,
  notAllowed,
  notFound,
  readyAnswer,
  routeOf,
} from "../../src/core/probes.ts";
import { standingOf } from "../../src/core/standing.ts";
import { appliedOf, type Files, type RowSample, setOf } from "./made.ts";

const build: Build = { version: "1.2.3", set: { count: 2, digest: "abc" } };
const files: Files = { "1_a.up.sql": "select 1", "2_b.up.sql": "select 2" };
const one: RowSample = { version: "1", name: "a", text: "select 1" };
const two: RowSample = { version: "2", name: "b", text: "select 2" };

function found(rows: readonly RowSample[]): Finding {
  return { kind: "read", standing: standingOf(diff(setOf(files), appliedOf(rows))), problems: [] };
}

const away: Finding = {
  kind: "unreadable",
  problems: [{ code: "cannot-connect", target: "h:1/app", message: "ECONNREFUSED", waitedMs: 5 }],
};

describe("routes", () => {
  test.each([
    ["GET", "/healthz", "healthz"],
    ["HEAD", "/healthz", "healthz"],
    ["GET", "/readyz?verbose", "readyz"],
    ["GET", "/metrics#x", "metrics"],
    ["POST", "/readyz", "not allowed"],
    ["get", "/readyz", "not allowed"],
    ["OPTIONS", "/healthz", "not allowed"],
    ["GET", "/", "not found"],
    ["GET", "", "not found"],
    ["GET", "*", "not found"],
    ["POST", "/nothing", "not found"],
    ["GET", "/healthz/", "not found"],
    ["GET", "//healthz", "not found"],
    ["GET", "/HEALTHZ", "not found"],
    ["GET", "constructor", "not found"],
    ["GET", "__proto__", "not found"],
    ["GET", "/%68ealthz", "not found"],
  ] as const)("%s %s: %s", (method, path, route) => {
    expect(routeOf(method, path)).toBe(route);
  });

  test("405 says what is allowed, 404 what is there", () => {
    expect(notAllowed()).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
    expect(notFound()).toMatchObject({ status: 404 });
    expect(notFound().body).toContain("/readyz");
  });
});

describe("answers", () => {
  test("healthz has version and digest", () => {
    const { status, body } = healthAnswer(build);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ version: "1.2.3", set: { count: 2, digest: "abc" } });
  });

  const table: readonly (readonly [string, Finding, number, Readonly<Record<string, unknown>>])[] =
    [
      ["all applied", found([one, two]), 200, { ready: true, applied: 2, pending: 0, gaps: 0 }],
      ["more than all", found([one, two, { version: "9" }]), 200, { ready: true, ahead: 1 }],
      ["edited", found([one, { ...two, text: "x" }]), 200, { ready: true, applied: 2 }],
      ["a gap", found([two]), 503, { ready: false, pending: 1, gaps: 1, ahead: 0, missing: 0 }],
      ["renamed", found([one, { ...two, name: "z" }]), 503, { ready: false, renamed: 1 }],
      ["renumbered", found([one, { ...two, version: "9" }]), 503, { renumbered: 1, pending: 1 }],
    ];
  test.each(table)("readyz, %s", (_about, finding, status, fields) => {
    const answer = readyAnswer(finding, build);
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(JSON.parse(answer.body)).toMatchObject(fields);
  });

  test("readyz says why, and no number that nobody knows", () => {
    expect(readyAnswer(found([two]), build).body).toContain("not applied: 1_a (gap)");
    for (const [finding, reason] of [
      [away, "Cannot connect to h:1/app: ECONNREFUSED"],
      [{ kind: "migrating" }, "migrations are being applied"],
    ] as const) {
      const { status, body } = readyAnswer(finding, build);
      expect(status).toBe(503);
      expect(JSON.parse(body)).toEqual({ lacuna: 1, ready: false, reason, set: build.set });
    }
  });
});

describe("metrics", () => {
  const values = (finding: Finding): Readonly<Record<string, number>> =>
    Object.fromEntries(
      metricsAnswer(finding, build)
        .body.split("\n")
        .filter((line) => line !== "" && !line.startsWith("#"))
        .map((line) => line.split(" "))
        .map(([name = "", value = ""]) => [name, Number(value)]),
    );

  test("every line is of the format, and every metric has its HELP and TYPE", () => {
    const { status, headers, body } = metricsAnswer(found([one]), build);
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(body).toEndWith("\n");
    const lines = body.trimEnd().split("\n");
    for (let index = 0; index < lines.length; index += 3) {
      const [help = "", type = "", sample = ""] = lines.slice(index, index + 3);
      const name = /^[a-z_]+/.exec(sample)?.[0] ?? "";
      expect(help).toMatch(new RegExp(`^# HELP ${name} [A-Z].*[.]$`));
      expect(type).toBe(`# TYPE ${name} gauge`);
      expect(sample).toMatch(/^[a-z_]+(\{([a-z_]+="[^"\\]*",?)+\})? [0-9.]+$/);
    }
  });

  test("what was read", () => {
    expect(values(found([two, { version: "9" }]))).toEqual({
      'lacuna_build_info{version="1.2.3",set_digest="abc"}': 1,
      lacuna_set_migrations: 2,
      lacuna_ready: 0,
      lacuna_migrating: 0,
      lacuna_database_up: 1,
      lacuna_migrations_applied: 1,
      lacuna_migrations_pending: 1,
      lacuna_migrations_gaps: 1,
      lacuna_migrations_ahead: 1,
      lacuna_migrations_missing: 0,
      lacuna_migrations_renamed: 0,
      lacuna_migrations_renumbered: 0,
      lacuna_migrations_changed: 0,
      lacuna_last_applied_timestamp_seconds: Date.UTC(2026, 1, 14, 12) / 1000,
    });
    expect(values(found([one, two]))["lacuna_ready"]).toBe(1);
    expect(Object.keys(values(found([])))).not.toContain("lacuna_last_applied_timestamp_seconds");
  });

  test("an unread database has no counts", () => {
    const shared = {
      'lacuna_build_info{version="1.2.3",set_digest="abc"}': 1,
      lacuna_set_migrations: 2,
      lacuna_ready: 0,
    };
    expect(values(away)).toEqual({ ...shared, lacuna_migrating: 0, lacuna_database_up: 0 });
    expect(values({ kind: "migrating" })).toEqual({ ...shared, lacuna_migrating: 1 });
  });

  test("labels are escaped", () => {
    const { body } = metricsAnswer(away, { ...build, version: 'a"b\\c\nd' });
    expect(body).toContain('version="a\\"b\\\\c\\nd"');
  });
});
