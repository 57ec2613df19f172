import { describe, expect, test } from "bun:test";
import { exitCodeOf, explain } from "../../src/core/explain/explain.ts";
import type { Place } from "../../src/core/locate.ts";
import type { ExitCode, Problem, ServerMessage } from "../../src/core/problem.ts";
import { versionOf } from "./made.ts";

type Code = Problem["code"];

interface Sample<C extends Code> {
  readonly problem: Extract<Problem, { readonly code: C }>;
  readonly exitCode: ExitCode;
  /** What a person needs to find the thing: all of it is in the title. */
  readonly names: readonly string[];
  /** The way on: all of it is in the hint. */
  readonly advises: readonly string[];
}

const place: Place = { line: 3, column: 5, excerpt: "    x", indent: "    " };
const path = "m/007_a.up.sql";
const id = "007_a";
const version = versionOf("7");
const error: ServerMessage = {
  severity: "ERROR",
  code: "42P01",
  message: 'relation "t" does not exist',
};

/** One sample a code: a code without one is a type error. */
const samples: { readonly [C in Code]: Sample<C> } = {
  usage: {
    problem: { code: "usage", message: "Unknown command", hint: "try up" },
    exitCode: 2,
    names: ["Unknown command"],
    advises: ["try up"],
  },
  "no-migrations": {
    problem: { code: "no-migrations", folder: "db", reason: "no such folder" },
    exitCode: 2,
    names: ["no such folder"],
    advises: ['"db"', "--migrations"],
  },
  "no-database": {
    problem: { code: "no-database" },
    exitCode: 2,
    names: ["nothing is set"],
    advises: ["DATABASE_URL", "--database-url", "pglite:"],
  },
  "no-test-database": {
    problem: { code: "no-test-database" },
    exitCode: 2,
    names: ["--require-database"],
    advises: ["TEST_DATABASE_URL", "--database-url"],
  },
  "bad-database": {
    problem: {
      code: "bad-database",
      source: "DATABASE_URL",
      message: "the parameter x is not known",
    },
    exitCode: 2,
    names: ["DATABASE_URL", "the parameter x is not known"],
    advises: ["postgres://", "%"],
  },
  "not-in-set": {
    problem: { code: "not-in-set", version: "0008", asked: "apply up to" },
    exitCode: 2,
    names: ["0008", "apply up to"],
    advises: ["lacuna status"],
  },
  "no-down": {
    problem: { code: "no-down", version, id },
    exitCode: 2,
    names: [id],
    advises: ["lacuna show 7"],
  },
  "cannot-write": {
    problem: { code: "cannot-write", path, message: "EACCES" },
    exitCode: 2,
    names: [path, "EACCES"],
    advises: ["nothing was overwritten"],
  },
  "no-parser": {
    problem: { code: "no-parser", message: "Aborted(RangeError: Out of memory)" },
    exitCode: 2,
    names: ["parser", "Out of memory"],
    advises: ["64 MiB"],
  },
  "nothing-to-embed": {
    problem: { code: "nothing-to-embed", folder: "sql" },
    exitCode: 2,
    names: ["sql"],
    advises: ["--migrations"],
  },
  "no-executable": {
    problem: { code: "no-executable" },
    exitCode: 2,
    names: ["sources"],
    advises: ["bun build.ts"],
  },
  "not-built": {
    problem: { code: "not-built", path: "out/migrator", message: "it is not for linux-x64" },
    exitCode: 2,
    names: ["out/migrator", "it is not for linux-x64"],
    advises: ["nothing was overwritten", "disk"],
  },
  "no-runtime": {
    problem: {
      code: "no-runtime",
      platform: "windows-x64",
      path: "bin/lacuna-windows-x64.exe",
      reason: "there is no such file",
    },
    exitCode: 2,
    names: ["windows-x64", "bin/lacuna-windows-x64.exe", "there is no such file"],
    advises: ["--runtime", "lacuna-windows-x64.exe"],
  },
  "not-permitted": {
    problem: { code: "not-permitted", message: 'Requires read access to "m"' },
    exitCode: 2,
    names: ["Deno", 'read access to "m"'],
    advises: ["deno run", "README"],
  },
  "not-marked": {
    problem: { code: "not-marked", version, message: "it is not applied" },
    exitCode: 2,
    names: ["7", "it is not applied"],
    advises: ["lacuna status"],
  },
  "bad-name": {
    problem: { code: "bad-name", path, reason: "pattern" },
    exitCode: 2,
    names: [path],
    advises: ["007_add_users.up.sql"],
  },
  duplicate: {
    problem: { code: "duplicate", version, paths: ["m/7_a.sql", "m/07_b.sql"] },
    exitCode: 4,
    names: ["7", "m/7_a.sql", "m/07_b.sql"],
    advises: ["another number"],
  },
  "too-large": {
    problem: { code: "too-large", path, bytes: 300 * 1_048_576 },
    exitCode: 2,
    names: [path, "300 MB", "256 MB"],
    advises: ["COPY"],
  },
  "not-text": {
    problem: { code: "not-text", path, found: "a NUL byte" },
    exitCode: 2,
    names: [path, "a NUL byte"],
    advises: ["UTF-8"],
  },
  "open-quote": {
    problem: { code: "open-quote", path, place, what: "string" },
    exitCode: 2,
    names: [path, "string"],
    advises: ["begins at the place"],
  },
  "bad-directive": {
    problem: { code: "bad-directive", path, place, directive: "fast", fault: "unknown" },
    exitCode: 2,
    names: ["fast"],
    advises: ["no-transaction", "rerunnable", "lock-timeout", "statement-timeout"],
  },
  "refused-statement": {
    problem: {
      code: "refused-statement",
      path,
      place,
      reason: "transaction control",
      what: "COMMIT",
    },
    exitCode: 2,
    names: [path, "COMMIT"],
    advises: ["one transaction"],
  },
  "needs-no-transaction": {
    problem: { code: "needs-no-transaction", path, place, what: "VACUUM" },
    exitCode: 2,
    names: [path, "VACUUM"],
    advises: ["-- lacuna: no-transaction", "a file of its own"],
  },
  "not-resumable": {
    problem: { code: "not-resumable", path, place, what: "PREPARE" },
    exitCode: 2,
    names: [path, "PREPARE"],
    advises: ["no-transaction"],
  },
  renamed: {
    problem: { code: "renamed", version, was: "a", is: "b" },
    exitCode: 4,
    names: ["7", '"a"', '"b"'],
    advises: ["lacuna mark renamed 7", "new number"],
  },
  renumbered: {
    problem: { code: "renumbered", version, id, from: versionOf("5") },
    exitCode: 4,
    names: [id, "5"],
    advises: ["lacuna mark renumbered 5 7"],
  },
  changed: {
    problem: { code: "changed", version, path },
    exitCode: 4,
    names: ["7", path],
    advises: ["lacuna mark changed 7"],
  },
  "unknown-version": {
    problem: { code: "unknown-version", version, name: "a", state: "ahead" },
    exitCode: 4,
    names: ["7", '"a"', "ahead"],
    advises: ["--strict"],
  },
  "renumbered-progress": {
    problem: {
      code: "renumbered-progress",
      version,
      id: "007_a",
      from: versionOf("5"),
    },
    exitCode: 4,
    names: ["007_a", "version 5"],
    advises: ["lacuna mark pending 5"],
  },
  "edited-progress": {
    problem: { code: "edited-progress", version, path, statement: 2 },
    exitCode: 4,
    names: [path, "statement 2"],
    advises: ["lacuna mark pending 7"],
  },
  "not-in-sync": {
    problem: { code: "not-in-sync", counts: { pending: 2, gap: 1, ahead: 0 } },
    exitCode: 3,
    names: ["2 pending", "1 gap"],
    advises: ["lacuna up", "lacuna status"],
  },
  "bad-tracker": {
    problem: { code: "bad-tracker", tracker: "public.t", message: "no column name" },
    exitCode: 2,
    names: ["public.t", "no column name"],
    advises: ["version", "--tracker"],
  },
  "bad-tracker-row": {
    problem: { code: "bad-tracker-row", tracker: "public.t", message: "version is null" },
    exitCode: 4,
    names: ["public.t", "version is null"],
    advises: ["psql"],
  },
  "legacy-dirty": {
    problem: { code: "legacy-dirty", legacy: "public.m", version: "6" },
    exitCode: 4,
    names: ["public.m", "6", "dirty"],
    advises: ["migrate force", "nothing was written"],
  },
  "legacy-version-unknown": {
    problem: { code: "legacy-version-unknown", legacy: "public.m", version: "6" },
    exitCode: 4,
    names: ["public.m", "6"],
    advises: ["nothing was written"],
  },
  "legacy-rows": {
    problem: { code: "legacy-rows", legacy: "public.m", rows: 3 },
    exitCode: 4,
    names: ["public.m", "3 rows"],
    advises: ["nothing was written"],
  },
  "legacy-conflict": {
    problem: {
      code: "legacy-conflict",
      found: [
        { legacy: "a.m", version: "1" },
        { legacy: "b.m", version: "9" },
      ],
    },
    exitCode: 4,
    names: ["a.m stands at 1", "b.m stands at 9"],
    advises: ["nothing was written"],
  },
  "legacy-moved": {
    problem: { code: "legacy-moved", legacy: "public.m", was: "6", is: "8" },
    exitCode: 4,
    names: ["public.m", "6", "8"],
    advises: ["old runner", "lacuna mark applied 8"],
  },
  "not-a-new-database": {
    problem: { code: "not-a-new-database", count: 3, examples: ["public.a"] },
    exitCode: 4,
    names: ["3 objects", "public.a", "…"],
    advises: ["lacuna mark applied --up-to", "lacuna up --new-here"],
  },
  "cannot-connect": {
    problem: { code: "cannot-connect", target: "h:5432/d", message: "refused", waitedMs: 60_000 },
    exitCode: 6,
    names: ["h:5432/d", "refused"],
    advises: ["1 min", "--connect-timeout"],
  },
  pooler: {
    problem: { code: "pooler", target: "h:6432/d", found: "shared" },
    exitCode: 6,
    names: ["h:6432/d", "transaction or statement mode"],
    advises: ["session mode", "the server itself", "no lock was taken"],
  },
  "missing-privileges": {
    problem: {
      code: "missing-privileges",
      role: "app",
      missing: [
        { privileges: ["USAGE", "CREATE"], on: "schema", name: '"s"' },
        { privileges: ["SELECT"], on: "table", name: '"s"."t"' },
      ],
    },
    exitCode: 2,
    names: ["app", 'USAGE, CREATE on schema "s"', 'SELECT on table "s"."t"'],
    advises: [
      'grant usage, create on schema "s" to "app";',
      'grant select on table "s"."t" to "app";',
      "nothing was written",
    ],
  },
  "row-security": {
    problem: { code: "row-security", table: '"s"."t"', role: "app" },
    exitCode: 2,
    names: ["app", '"s"."t"', "row level security"],
    advises: ['alter table "s"."t" disable row level security;', "BYPASSRLS"],
  },
  "read-only": {
    problem: { code: "read-only", database: "d", login: "app", source: "user" },
    exitCode: 2,
    names: ["d", "default_transaction_read_only", "user"],
    advises: ['alter role "app" reset default_transaction_read_only;', "target_session_attrs"],
  },
  "role-refused": {
    problem: {
      code: "role-refused",
      role: "owner",
      login: "app",
      error: { ...error, code: "42501" },
    },
    exitCode: 2,
    names: ["owner", "app", error.message],
    advises: ['grant "owner" to "app";', "URL"],
  },
  standby: {
    problem: { code: "standby", target: "h:5432/d", waitedMs: 60_000 },
    exitCode: 6,
    names: ["h:5432/d", "standby"],
    advises: ["primary"],
  },
  "server-too-old": {
    problem: { code: "server-too-old", serverVersion: "13.9" },
    exitCode: 2,
    names: ["13.9"],
    advises: ["14"],
  },
  "client-busy": {
    problem: { code: "client-busy", state: "in a transaction" },
    exitCode: 6,
    names: ["in a transaction"],
    advises: ["COMMIT or ROLLBACK"],
  },
  "lock-unavailable": {
    problem: { code: "lock-unavailable", waitedMs: 300_000, holder: "pid 42" },
    exitCode: 5,
    names: ["lock", "5 min"],
    advises: ["pid 42", "--lock-wait"],
  },
  "connection-lost": {
    problem: { code: "connection-lost", doing: "reading the tracker", message: "reset by peer" },
    exitCode: 6,
    names: ["reading the tracker", "reset by peer"],
    advises: ["again"],
  },
  "not-allowed": {
    problem: {
      code: "not-allowed",
      doing: "reading the tracker",
      error: { ...error, code: "42501" },
    },
    exitCode: 2,
    names: ["reading the tracker", error.message, "42501"],
    advises: ["grant"],
  },
  "database-error": {
    problem: { code: "database-error", doing: "working on the tracker", error },
    exitCode: 1,
    names: ["working on the tracker", error.message, "42P01"],
    advises: ["log"],
  },
  "migration-failed": {
    problem: {
      code: "migration-failed",
      id,
      path,
      error,
      place,
      stage: { kind: "statement", number: 1, of: 2 },
      kept: { kind: "nothing" },
      attempts: 1,
    },
    exitCode: 1,
    names: [id, error.message, "42P01"],
    advises: [`nothing of ${id} was kept`, "lacuna up"],
  },
  "not-proven": {
    problem: { code: "not-proven", id, path, broken: "lock", reply: [] },
    exitCode: 1,
    names: [id, "lock"],
    advises: ["not recorded as applied"],
  },
  "unknown-statement": {
    problem: { code: "unknown-statement", id, path, place, what: "CALL", statement: 2 },
    exitCode: 1,
    names: [id, "statement 2", "CALL"],
    advises: ["-- lacuna: rerunnable", "lacuna mark applied"],
  },
  "invalid-index": {
    problem: { code: "invalid-index", id, path, index: "public.i" },
    exitCode: 1,
    names: [id, "public.i", "INVALID"],
    advises: ["DROP INDEX CONCURRENTLY"],
  },
  "outcome-unknown": {
    problem: {
      code: "outcome-unknown",
      id,
      version,
      error: { severity: "FATAL", code: "ECONNRESET", message: "reset by peer" },
    },
    exitCode: 5,
    names: [id, "reset by peer", "nknown"],
    advises: ["lacuna status"],
  },
  "not-exactly-the-set": {
    problem: {
      code: "not-exactly-the-set",
      differences: [
        { id, version, state: "gap" },
        { id: "9_z", version: versionOf("9"), state: "ahead" },
      ],
    },
    exitCode: 3,
    names: [`${id} (gap)`, "9_z (ahead)"],
    advises: ["lacuna status"],
  },
  "applied-twice": {
    problem: { code: "applied-twice", ids: [id] },
    exitCode: 3,
    names: [id, "second"],
    advises: ["one of its own"],
  },
  "no-healthz": {
    problem: { code: "no-healthz", url: "http://127.0.0.1:5/healthz", message: "status 500" },
    exitCode: 3,
    names: ["http://127.0.0.1:5/healthz", "status 500"],
    advises: ["127.0.0.1"],
  },
  "wait-timed-out": {
    problem: {
      code: "wait-timed-out",
      target: "h:5432/app",
      waitedMs: 2000,
      unreadable: undefined,
      awaited: Array.from({ length: 22 }, () => ({ id, version, state: "to be adopted" as const })),
    },
    exitCode: 3,
    names: ["2 s", "h:5432/app", `${id} (to be adopted)`, "and 2 more"],
    advises: ["lacuna up", "--timeout"],
  },
  "cannot-listen": {
    problem: { code: "cannot-listen", address: "127.0.0.1:80", message: "the port is taken" },
    exitCode: 2,
    names: ["127.0.0.1:80", "the port is taken"],
    advises: ["--port", "--host"],
  },
  interrupted: {
    problem: { code: "interrupted", signal: "SIGTERM" },
    exitCode: 143,
    names: ["SIGTERM"],
    advises: ["is kept", "run the command again"],
  },
  "verify-found": {
    problem: { code: "verify-found", failed: 1, notVerified: 2, of: 5 },
    exitCode: 7,
    names: ["1 of 5", "failed"],
    advises: ["lacuna verify"],
  },
  "bad-applied-from": {
    problem: { code: "bad-applied-from", source: "s.json", message: "it is empty" },
    exitCode: 2,
    names: ["s.json", "it is empty"],
    advises: ["status --json", "git:REF"],
  },
  "base-failed": {
    problem: { code: "base-failed", id },
    exitCode: 7,
    names: [id, "applied"],
    advises: ["edited"],
  },
  "drift-found": {
    problem: { code: "drift-found", findings: 2 },
    exitCode: 7,
    names: ["2 objects differ", "applied migrations"],
    advises: ["--ignore", "migration"],
  },
  "being-migrated": {
    problem: { code: "being-migrated", database: "localhost/app" },
    exitCode: 5,
    names: ["localhost/app", "tracker changed"],
    advises: ["lacuna up"],
  },
  "order-found": {
    problem: {
      code: "order-found",
      findings: 2,
      gaps: [id],
      next: versionOf("9"),
      found: "different",
    },
    exitCode: 7,
    names: [id, "2 differences", "late"],
    advises: ["lacuna renumber 007_a 9"],
  },
  "time-limit": {
    problem: { code: "time-limit", limitMs: 30_000, during: id },
    exitCode: 7,
    names: ["30", id],
    advises: ["rolled back", "--time-limit"],
  },
  stuck: {
    problem: { code: "stuck", id, path, message: "it did not end within 60 s" },
    exitCode: 7,
    names: [id, "60 s"],
    advises: ["--stuck-after"],
  },
  "other-clients": {
    problem: { code: "other-clients", database: "db/app", clients: ["pid 7, psql"] },
    exitCode: 2,
    names: ["db/app", "pid 7, psql"],
    advises: ["a copy", "--shared", "--time-limit"],
  },
  "rehearsal-broken": {
    problem: { code: "rehearsal-broken", during: id },
    exitCode: 1,
    names: [id, "committed"],
    advises: ["look at the database"],
  },
  "no-scratch": {
    problem: { code: "no-scratch", message: "permission denied to create database" },
    exitCode: 2,
    names: ["permission denied"],
    advises: ["CREATEDB"],
  },
  "not-renumbered": {
    problem: {
      code: "not-renumbered",
      old: "104",
      wanted: undefined,
      why: { kind: "several", ids: ["104_a", "104_b"] },
    },
    exitCode: 2,
    names: ["104", "104_a", "104_b"],
    advises: ["`lacuna renumber 104_a`", "`lacuna renumber 104_b`"],
  },
  "base-edited": {
    problem: { code: "base-edited", path, place, base: "origin/main", original: path },
    exitCode: 7,
    names: [path, "origin/main"],
    advises: [`\`git checkout origin/main -- ${path}\``],
  },
  "base-renamed": {
    problem: { code: "base-renamed", path, base: "origin/main", original: "m/6_it's.up.sql" },
    exitCode: 7,
    names: [path, "m/6_it's.up.sql", "origin/main"],
    advises: [`\`git mv -- ${path} 'm/6_it'\\''s.up.sql'\``],
  },
  "base-deleted": {
    problem: { code: "base-deleted", path, base: "origin/main" },
    exitCode: 7,
    names: [path, "origin/main"],
    advises: [`\`git checkout origin/main -- ${path}\``],
  },
  "version-taken": {
    problem: {
      code: "version-taken",
      path,
      id,
      version,
      other: "m/7_b.up.sql",
      owner: "base",
      base: "origin/main",
      free: "009",
    },
    exitCode: 7,
    names: [path, "version 7", "m/7_b.up.sql", "origin/main"],
    advises: ["`lacuna renumber 007_a 009 --migrations m`"],
  },
  "new-line-ends": {
    problem: { code: "new-line-ends", path, place, found: "CRLF line ends" },
    exitCode: 7,
    names: [path, "CRLF"],
    advises: ["LF", ".gitattributes"],
  },
  "check-found": {
    problem: { code: "check-found", findings: 2, base: "origin/main" },
    exitCode: 7,
    names: ["2 things", "origin/main"],
    advises: ["`lacuna check`"],
  },
  "no-git": { problem: { code: "no-git" }, exitCode: 2, names: ["git"], advises: ["install"] },
  "no-repository": {
    problem: { code: "no-repository", folder: "db" },
    exitCode: 2,
    names: ['"db"'],
    advises: ["--migrations"],
  },
  "outside-repository": {
    problem: { code: "outside-repository", folder: "/db", root: "/work" },
    exitCode: 2,
    names: ['"/db"', '"/work"'],
    advises: ["--migrations"],
  },
  "not-trusted": {
    problem: {
      code: "not-trusted",
      message: "detected dubious ownership in repository at '/work'",
      command: "git config --global --add safe.directory /work",
    },
    exitCode: 2,
    names: ["dubious ownership", "/work"],
    advises: ["`git config --global --add safe.directory /work`"],
  },
  "no-such-ref": {
    problem: {
      code: "no-such-ref",
      ref: "origin/main",
      fetch: { remote: "origin", branch: "main" },
      instead: undefined,
    },
    exitCode: 2,
    names: ["origin/main"],
    advises: ["`git fetch origin main`"],
  },
  "no-merge-base": {
    problem: { code: "no-merge-base", base: "origin/main", head: "HEAD", history: "shallow" },
    exitCode: 2,
    names: ["origin/main", "HEAD", "shallow", "depth"],
    advises: ["`git fetch --unshallow`", "`fetch-depth: 0`"],
  },
  "git-failed": {
    problem: { code: "git-failed", command: "git ls-tree", message: "not a tree object" },
    exitCode: 2,
    names: ["git ls-tree", "not a tree object"],
    advises: ["by hand"],
  },
  "scratch-left": {
    problem: { code: "scratch-left", name: "lacuna_scratch_1", message: "permission denied" },
    exitCode: 2,
    names: ["lacuna_scratch_1", "permission denied"],
    advises: ["--scratch"],
  },
};

const all: readonly (Omit<Sample<Code>, "problem"> & { readonly problem: Problem })[] =
  Object.values(samples);

describe("every problem has a title, a hint and the contract's exit code", () => {
  test.each([...all])("$problem.code", ({ problem, exitCode, names, advises }) => {
    const words = explain(problem);
    expect(words.exitCode).toBe(exitCode);
    for (const name of names) expect(words.title).toContain(name);
    for (const advice of advises) expect(words.hint).toContain(advice);
    expect(`${words.title} ${words.hint}`).not.toMatch(/undefined|NaN|\[object|\$\{/);
    expect(words.title).not.toMatch(/^\s|[.\s]$|\n/);
    expect(words.hint).not.toMatch(/^\s|[.\s]$|\n/);
    // It begins a line, unless a name or a number does.
    expect(words.title).toMatch(/^(?:\p{Lu}|["0-9]|golang-migrate's )/u);
  });

  test("each sample stands under its own code", () => {
    for (const [code, sample] of Object.entries(samples))
      expect(sample.problem.code).toBe(code as Code);
  });

  test("no two problems have the same words", () => {
    const titles = all.map(({ problem }) => explain(problem).title);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

const faultWords = {
  unknown: "none of this name",
  repeated: "twice",
  late: "first statement",
  "bad value": "value",
  "without no-transaction": "no-transaction",
} as const;

describe("words that depend on the case", () => {
  const failed = samples["migration-failed"].problem;
  const cases: readonly {
    readonly name: string;
    readonly problem: Problem;
    readonly says: string;
    readonly exitCode?: ExitCode;
  }[] = [
    {
      name: "a migration that failed at COMMIT",
      problem: { ...failed, stage: { kind: "commit" } },
      says: "at COMMIT",
    },
    {
      name: "a migration that could not be recorded",
      problem: { ...failed, stage: { kind: "record" } },
      says: "when it was to be recorded",
    },
    {
      name: "a file that stopped half-way",
      problem: { ...failed, kept: { kind: "statements", done: 2, of: 5 } },
      says: "2 of 5 statements are done and stay",
    },
    {
      name: "a migration that was tried often",
      problem: { ...failed, attempts: 7 },
      says: "7 times",
    },
    {
      name: "a procedure that commits",
      problem: { ...failed, error: { ...error, code: "2D000" } },
      says: "a procedure that commits",
    },
    {
      name: "what cannot run in a transaction",
      problem: { ...failed, error: { ...error, code: "25001" } },
      says: "-- lacuna: no-transaction",
    },
    {
      name: "an interrupt from the keyboard",
      problem: { code: "interrupted", signal: "SIGINT" },
      says: "SIGINT",
      exitCode: 130,
    },
    {
      name: "an interrupt that rolled back",
      problem: { code: "interrupted", signal: "SIGINT", during: { id, kept: { kind: "nothing" } } },
      says: `${id} was rolled back`,
      exitCode: 130,
    },
    {
      name: "an interrupt that stopped half-way",
      problem: {
        code: "interrupted",
        signal: "SIGTERM",
        during: { id, kept: { kind: "statements", done: 1, of: 3 } },
      },
      says: `${id} stopped at statement 2 of 3`,
      exitCode: 143,
    },
    {
      name: "an interrupt behind the last statement",
      problem: {
        code: "interrupted",
        signal: "SIGTERM",
        during: { id, kept: { kind: "statements", done: 3, of: 3 } },
      },
      says: `${id} stopped at statement 3 of 3`,
      exitCode: 143,
    },
    {
      name: "a missing version",
      problem: { ...samples["unknown-version"].problem, state: "missing" },
      says: "lacuna mark pending 7",
      exitCode: 4,
    },
    {
      name: "a folder named like a file",
      problem: { code: "bad-name", path, reason: "not a file" },
      says: "it is not a file",
      exitCode: 2,
    },
    {
      name: "a connection that was tried once",
      problem: { ...samples["cannot-connect"].problem, waitedMs: 0 },
      says: "check host, port, database, user and password",
      exitCode: 6,
    },
    {
      name: "a lock whose holder is not seen",
      problem: { code: "lock-unavailable", waitedMs: 1, holder: undefined },
      says: "could not be seen",
      exitCode: 5,
    },
    {
      name: "a server that gives a hint",
      problem: { ...samples["database-error"].problem, error: { ...error, hint: "ask the DBA" } },
      says: "ask the DBA",
    },
    {
      name: "an executable without migrations",
      problem: { code: "no-migrations", folder: undefined, reason: "none" },
      says: "--migrations DIR",
      exitCode: 2,
    },
    {
      name: "one object of somebody's",
      problem: { code: "not-a-new-database", count: 1, examples: ["public.a"] },
      says: "public.a",
      exitCode: 4,
    },
    ...(["copy stream", "session reset", "lacuna setting"] as const).map((reason, index) => ({
      name: `a refused ${reason}`,
      problem: { ...samples["refused-statement"].problem, reason },
      says: ["INSERT", "lock", "lacuna.*"][index] ?? "",
      exitCode: 2 as const,
    })),
    ...(
      ["shared", "changing", "no answer", "no second connection", "several poolers"] as const
    ).map((found, index) => ({
      name: `a pooler: ${found}`,
      problem: { ...samples.pooler.problem, found },
      says: index < 3 ? "no lock was taken" : "--pooler session",
      exitCode: 6 as const,
    })),
    ...(
      [
        ["unsupported startup parameter: options (08P01)", "leave the parameter out of the URL"],
        ["no such database: nowhere (08P01)", "a pooler answers there"],
        ["no such name (TLS_FAILED)", "the certificate names the host"],
        ["password authentication failed (28P01)", "check host, port, database, user and password"],
      ] as const
    ).map(([message, says]) => ({
      name: `a connection that is refused: ${message}`,
      problem: { ...samples["cannot-connect"].problem, message, waitedMs: 0 },
      says,
      exitCode: 6 as const,
    })),
    ...(["transaction", "lock", "row", "reply"] as const).map((broken, index) => ({
      name: `a broken proof: ${broken}`,
      problem: { ...samples["not-proven"].problem, broken },
      says: ["ended the transaction", "pg_advisory_unlock_all", "trigger", "reply"][index] ?? "",
    })),
    ...(["unknown", "repeated", "late", "bad value", "without no-transaction"] as const).map(
      (fault) => ({
        name: `a directive that is ${fault}`,
        problem: { ...samples["bad-directive"].problem, fault },
        says: faultWords[fault],
        exitCode: 2 as const,
      }),
    ),
  ];

  test.each([...cases])("$name", ({ problem, says, exitCode = 1 }) => {
    const words = explain(problem);
    expect(`${words.title}\n${words.hint}`).toContain(says);
    expect(words.exitCode).toBe(exitCode);
  });
});

test.each([
  { name: "no problem", codes: [], exitCode: 0 },
  { name: "one", codes: ["not-in-sync"], exitCode: 3 },
  { name: "several: the first decides", codes: ["renamed", "refused-statement"], exitCode: 4 },
  { name: "several in another order", codes: ["refused-statement", "renamed"], exitCode: 2 },
] satisfies readonly { name: string; codes: Code[]; exitCode: ExitCode }[])(
  "the exit code of $name is $exitCode",
  ({ codes, exitCode }: { codes: Code[]; exitCode: ExitCode }) => {
    expect(exitCodeOf(codes.map((code) => samples[code].problem))).toBe(exitCode);
  },
);
