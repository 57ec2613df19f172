import { describe, expect, test } from "bun:test";
import { readRequest } from "../../../src/cli/request.ts";
import type { Request } from "../../../src/request.ts";
import { codesOf, valueOf } from "../made.ts";

type Environment = Readonly<Record<string, string>>;

const read = (argv: string, environment: Environment = {}): ReturnType<typeof readRequest> =>
  readRequest(["verify", ...argv.split(" ").filter((word) => word !== "")], {
    environment,
    userName: () => "me",
    readFile: () => undefined,
  });

const requestOf = (argv: string, environment: Environment = {}): Request =>
  valueOf(read(argv, environment)).request;

const url = "postgres://u@test/d";

test("what is said of a pooler", () => {
  expect(requestOf(`--database-url ${url}`)).toMatchObject({ pooler: "auto" });
  expect(requestOf(`--database-url ${url} --pooler session`)).toMatchObject({ pooler: "session" });
});

describe("which database", () => {
  test("production's variables are not read", () => {
    const environment = {
      DATABASE_URL: "postgres://production/d",
      DATABASE_URL_FILE: "/secret",
      PGHOST: "production",
      PGDATABASE: "d",
    };
    expect(requestOf("", environment)).toMatchObject({ method: "embedded", target: undefined });
  });

  test("nor do they fill in what a URL leaves out", () => {
    const environment = { PGHOST: "production", PGPORT: "1", PGUSER: "admin", PGPASSWORD: "x" };
    expect(requestOf("--database-url postgres:///d", environment)).toMatchObject({
      target: { hosts: [{ host: "localhost", port: 5432 }], user: "me", password: undefined },
    });
  });

  test("the flag before TEST_DATABASE_URL", () => {
    const environment = { TEST_DATABASE_URL: "postgres://u@variable/d" };
    expect(requestOf("", environment)).toMatchObject({
      method: "rolled back",
      target: { hosts: [{ host: "variable" }] },
    });
    expect(requestOf(`--database-url ${url}`, environment)).toMatchObject({
      target: { hosts: [{ host: "test" }] },
    });
  });

  test("--require-database", () => {
    expect(codesOf(read("--require-database", { DATABASE_URL: url }))).toEqual([
      "no-test-database",
    ]);
    expect(codesOf(read("--require-database", { TEST_DATABASE_URL: "" }))).toEqual([
      "no-test-database",
    ]);
    expect(read("--require-database", { TEST_DATABASE_URL: url }).ok).toBe(true);
  });
});

describe("which way", () => {
  test.each([
    ["", "embedded"],
    ["--database-url pglite:memory", "embedded"],
    [`--database-url ${url}`, "rolled back"],
    [`--database-url ${url} --isolated`, "isolated"],
    [`--database-url ${url} --scratch`, "scratch"],
  ])("%p: %s", (argv, method) => {
    expect(requestOf(argv)).toMatchObject({ command: "verify", method });
  });

  test.each([
    "--isolated",
    "--scratch",
    "--shared",
    "--database-url pglite:memory --scratch",
    "--database-url pglite:./x",
    "--database-url pglite:./x --scratch",
    `--database-url ${url} --scratch --isolated`,
    `--database-url ${url} --scratch-owns-server`,
    `--database-url ${url} --roles app`,
    `--database-url ${url} --time-limit soon`,
    "--to 3",
    "--applied-from git:",
    `--applied-from git:main --database-url ${url}`,
    `--applied-from git:main --database-url ${url} --isolated`,
  ])("%p is refused", (argv) => {
    expect(codesOf(read(argv))).toEqual(["usage"]);
  });
});

test("defaults", () => {
  expect(requestOf("")).toMatchObject({
    others: "refused",
    timeLimitMs: undefined,
    stuckAfterMs: 60_000,
    strict: false,
    ownsServer: false,
    roles: [],
    junit: undefined,
  });
  expect(requestOf(`--database-url ${url} --shared`)).toMatchObject({
    others: "shared",
    timeLimitMs: 30_000,
  });
});

test("what is given", () => {
  const argv =
    "--strict --roles app,reader, --time-limit 2min --stuck-after 5s --junit report.xml --new-here --tracker a.b";
  expect(requestOf(argv)).toMatchObject({
    strict: true,
    roles: ["app", "reader"],
    timeLimitMs: 120_000,
    stuckAfterMs: 5000,
    junit: "report.xml",
    newHere: true,
    tracker: { schema: "a", table: "b" },
  });
});

describe("what is applied", () => {
  test.each([
    ["", undefined],
    ["--applied-from git:origin/main", { kind: "git", ref: "origin/main" }],
    [
      "--applied-from pglite:./x",
      { kind: "database", target: { engine: "pglite", folder: "./x" } },
    ],
    ["--applied-from status.json", { kind: "status", path: "status.json", text: "{}" }],
  ])("%p", (argv, appliedFrom) => {
    const words = ["verify", ...argv.split(" ").filter((word) => word !== "")];
    const sources = { environment: {}, userName: () => "me", readFile: () => "{}" };
    expect(valueOf(readRequest(words, sources)).request).toMatchObject({ appliedFrom });
  });

  test("a file that is not there", () => {
    expect(codesOf(read("--applied-from status.json"))).toEqual(["bad-applied-from"]);
  });

  test.each([
    "postgres//u:hunter2@h/d",
    "host=h password=hunter2",
    "jdbc:postgresql://h/d?password=hunter2",
  ])("%p may hold a password", (text) => {
    const sources = { environment: {}, userName: () => "me", readFile: () => undefined };
    expect(JSON.stringify(readRequest(["verify", "--applied-from", text], sources))).not.toContain(
      "hunter2",
    );
  });

  test("the variables of production say nothing of its user or password either", () => {
    const environment = { PGUSER: "admin", PGPASSWORD: "x", PGHOST: "other" };
    expect(requestOf("--applied-from postgres:///d", environment)).toMatchObject({
      appliedFrom: { target: { hosts: [{ host: "localhost" }], user: "me", password: undefined } },
    });
  });

  test("with a scratch database it is one of that server's", () => {
    const argv = `--applied-from git:main --database-url ${url} --scratch`;
    expect(requestOf(argv)).toMatchObject({ method: "scratch", appliedFrom: { ref: "main" } });
  });
});
