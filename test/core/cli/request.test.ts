import { describe, expect, test } from "bun:test";
import { commandLine } from "../../../src/cli/options.ts";
import { flagsOf } from "../../../src/cli/options/shared.ts";
import { type Invocation, readRequest } from "../../../src/cli/request.ts";
import type { Problem } from "../../../src/core/problem.ts";
import type { Request } from "../../../src/request.ts";
import { codesOf, valueOf } from "../made.ts";

const { commands } = commandLine;
const url = "postgres://u@h/d";
const read = (...argv: readonly string[]): ReturnType<typeof readRequest> =>
  readRequest(argv, {
    environment: { DATABASE_URL: url },
    userName: () => "me",
    readFile: () => undefined,
  });

const invocationOf = (...argv: readonly string[]): Invocation => valueOf(read(...argv));
const requestOf = (...argv: readonly string[]): Request => invocationOf(...argv).request;

function problemsOf(...argv: readonly string[]): readonly Problem[] {
  const result = read(...argv);
  return result.ok ? [] : result.problems;
}

const database = {
  folder: undefined,
  target: { engine: "server", database: "d" },
  tracker: { schema: "public", table: "applied_migrations" },
} as const;
const policy = { to: undefined, checksums: "warn", unknown: "warn", newHere: false } as const;

describe("commands with their defaults", () => {
  test.each([
    {
      argv: ["up"],
      request: {
        command: "up",
        ...database,
        ...policy,
        connectTimeoutMs: 60_000,
        lockWaitMs: 300_000,
        lockRetryForMs: 300_000,
      },
    },
    { argv: ["up", "--dry-run"], request: { command: "plan", ...database, ...policy } },
    {
      argv: ["plan"],
      request: { command: "plan", ...database, ...policy, connectTimeoutMs: 5000 },
    },
    {
      argv: ["status"],
      request: {
        command: "status",
        ...database,
        check: false,
        fingerprint: false,
        connectTimeoutMs: 5000,
      },
    },
    {
      argv: ["fingerprint"],
      request: { command: "fingerprint", ...database, grants: false, connectTimeoutMs: 5000 },
    },
    {
      argv: ["show", "7"],
      request: {
        command: "show",
        version: "7",
        direction: "up",
        folder: undefined,
        tracker: database.tracker,
      },
    },
    {
      argv: ["new", "add users"],
      request: { command: "new", name: "add users", numbering: "next", folder: undefined },
    },
    {
      argv: ["mark", "pending", "7"],
      request: {
        command: "mark",
        ...database,
        lockWaitMs: 300_000,
        change: { to: "pending", versions: ["7"] },
      },
    },
    { argv: ["completion", "zsh"], request: { command: "completion", shell: "zsh" } },
    { argv: ["man"], request: { command: "man" } },
    { argv: ["version"], request: { command: "version" } },
    { argv: ["--version"], request: { command: "version" } },
    { argv: ["-v"], request: { command: "version" } },
  ] satisfies readonly { argv: readonly string[]; request: object }[])(
    "$argv",
    ({ argv, request }: { argv: readonly string[]; request: object }) => {
      expect(invocationOf(...argv)).toMatchObject({
        request,
        output: "text",
        talk: "normal",
        color: true,
      });
    },
  );
});

describe("every flag arrives", () => {
  test.each([
    { argv: ["up", "--to", "7"], request: { to: "7" } },
    { argv: ["up", "--to=7"], request: { to: "7" } },
    { argv: ["up", "--checksums", "enforce"], request: { checksums: "enforce" } },
    { argv: ["up", "--checksums=off"], request: { checksums: "off" } },
    { argv: ["up", "--strict"], request: { unknown: "refuse" } },
    { argv: ["up", "--new-here"], request: { newHere: true } },
    { argv: ["up", "--lock-wait", "10s"], request: { lockWaitMs: 10_000 } },
    { argv: ["up"], request: { pooler: "auto" } },
    { argv: ["up", "--pooler", "session"], request: { pooler: "session" } },
    { argv: ["mark", "applied", "7", "--pooler", "session"], request: { pooler: "session" } },
    { argv: ["up", "--lock-retry-for", "1h"], request: { lockRetryForMs: 3_600_000 } },
    { argv: ["up", "--connect-timeout", "500ms"], request: { connectTimeoutMs: 500 } },
    {
      argv: ["up", "--database-url", "pglite:memory"],
      request: { target: { engine: "pglite", folder: undefined } },
    },
    {
      argv: ["up", "--database-url=postgres://u:p=q@h/d?sslmode=require"],
      request: { target: { password: "p=q", tls: { mode: "require" } } },
    },
    { argv: ["up", "--tracker", 'ops."T"'], request: { tracker: { schema: "ops", table: "T" } } },
    { argv: ["up", "--migrations", "db/my files"], request: { folder: "db/my files" } },
    {
      argv: ["plan", "--to", "7", "--strict"],
      request: { command: "plan", to: "7", unknown: "refuse" },
    },
    { argv: ["up", "--to", "7", "--dry-run"], request: { command: "plan", to: "7" } },
    { argv: ["status", "--check"], request: { check: true } },
    { argv: ["status", "--fingerprint"], request: { fingerprint: true } },
    { argv: ["fingerprint", "--grants"], request: { grants: true } },
    { argv: ["show", "7", "--down"], request: { version: "7", direction: "down" } },
    { argv: ["show", "--down", "7"], request: { version: "7", direction: "down" } },
    { argv: ["show", "7", "--tracker", "t"], request: { tracker: { table: "t" } } },
    { argv: ["new", "a", "--timestamp"], request: { name: "a", numbering: "timestamp" } },
    { argv: ["new", "--timestamp", "a"], request: { name: "a", numbering: "timestamp" } },
    { argv: ["mark", "applied", "7", "--lock-wait", "1s"], request: { lockWaitMs: 1000 } },
  ] satisfies readonly { argv: readonly string[]; request: object }[])(
    "$argv",
    ({ argv, request }: { argv: readonly string[]; request: object }) => {
      expect(requestOf(...argv)).toMatchObject(request);
    },
  );

  test.each([
    { argv: ["--json"], invocation: { output: "json" } },
    { argv: ["--quiet"], invocation: { talk: "quiet" } },
    { argv: ["--verbose"], invocation: { talk: "verbose" } },
    { argv: ["--no-color"], invocation: { color: false } },
  ])("$argv, of every command", ({ argv, invocation }) => {
    for (const command of [
      ["up"],
      ["plan"],
      ["status"],
      ["show", "7"],
      ["new", "a"],
      ["mark", "pending", "7"],
    ]) {
      expect(invocationOf(...command, ...argv)).toMatchObject(invocation);
    }
  });
});

describe("what is text stays text", () => {
  const words = [
    "7",
    "0007",
    "12345678901234567890",
    "1e3",
    "0x10",
    "007.0",
    "true",
    "false",
    " 7 ",
  ];
  const isVersion = (word: string): boolean => /^[0-9]+$/.test(word);
  const versions = words.filter(isVersion);

  test.each(versions)("--to %j", (version) => {
    expect(requestOf("up", "--to", version)).toMatchObject({ to: version });
    expect(requestOf("up", `--to=${version}`)).toMatchObject({ to: version });
    expect(requestOf("mark", "applied", "--up-to", version)).toMatchObject({
      change: { upTo: version },
    });
  });

  test.each(words)("%j as the value of a flag", (word) => {
    expect(requestOf("up", "--migrations", word)).toMatchObject({ folder: word });
    expect(requestOf("up", `--migrations=${word}`)).toMatchObject({ folder: word });
  });

  test.each(versions)("version %j as an argument, before and behind a switch", (word) => {
    expect(requestOf("show", word)).toMatchObject({ version: word });
    expect(requestOf("show", word, "--down")).toMatchObject({ version: word, direction: "down" });
    expect(requestOf("show", "--down", word)).toMatchObject({ version: word, direction: "down" });
    expect(requestOf("mark", "--quiet", "applied", word, "--json", word)).toMatchObject({
      change: { versions: [word, word] },
    });
  });

  test.each(words)("%j as an argument behind a switch", (word) => {
    expect(requestOf("new", "--timestamp", word)).toMatchObject({
      name: word,
      numbering: "timestamp",
    });
  });

  test.each(["7", "-x", "--down", "--", "0007"])("%j behind -- is an argument", (word) => {
    expect(requestOf("new", "--", word)).toMatchObject({ name: word });
    if (!isVersion(word)) return;
    expect(requestOf("show", "--", word)).toMatchObject({ version: word, direction: "up" });
    expect(requestOf("mark", "applied", "7", "--", word)).toMatchObject({
      change: { versions: ["7", word] },
    });
  });

  test.each(["x", "1e3", "-7", "7.0", "", "postgres://h/d?password=hunter2"])(
    "%j is no version",
    (word) => {
      for (const argv of [
        ["show", "--", word],
        ["up", `--to=${word}`],
        ["mark", "applied", "--", word],
      ]) {
        const problems = problemsOf(...argv);
        expect(problems.map((problem) => problem.code)).toEqual(["usage"]);
        expect(JSON.stringify(problems)).not.toContain("hunter2");
      }
    },
  );
});

describe("mark", () => {
  test.each([
    { args: ["applied", "7"], change: { to: "applied", versions: ["7"] } },
    {
      args: ["applied", "7", "0008", "12345678901234567890"],
      change: { to: "applied", versions: ["7", "0008", "12345678901234567890"] },
    },
    { args: ["applied", "--up-to", "7"], change: { to: "applied", upTo: "7" } },
    { args: ["--up-to", "7", "applied"], change: { to: "applied", upTo: "7" } },
    { args: ["pending", "7", "8"], change: { to: "pending", versions: ["7", "8"] } },
    { args: ["renamed", "7"], change: { to: "renamed", versions: ["7"] } },
    { args: ["changed", "7"], change: { to: "changed", versions: ["7"] } },
    { args: ["changed", "--all-adopted"], change: { to: "changed", versions: "all adopted" } },
    { args: ["--all-adopted", "changed"], change: { to: "changed", versions: "all adopted" } },
    { args: ["renumbered", "7", "9"], change: { to: "renumbered", from: "7", version: "9" } },
  ])("$args", ({ args, change }) => {
    const request = requestOf("mark", ...args);
    expect(request.command === "mark" ? (request.change as object) : undefined).toEqual(change);
  });

  test.each([
    { args: [] },
    { args: ["applied"] },
    { args: ["pending"] },
    { args: ["renamed"] },
    { args: ["changed"] },
    { args: ["renumbered"] },
    { args: ["renumbered", "7"] },
    { args: ["renumbered", "7", "8", "9"] },
    { args: ["done", "7"] },
    { args: ["Applied", "7"] },
    { args: ["applied", "7", "--up-to", "8"] },
    { args: ["pending", "--up-to", "8"] },
    { args: ["applied", "--all-adopted"] },
    { args: ["changed", "7", "--all-adopted"] },
    { args: ["changed", "--all-adopted", "--up-to", "8"] },
  ])("$args is refused", ({ args }) => {
    expect(codesOf(read("mark", ...args))).toEqual(["usage"]);
  });
});

describe("what is wrong is refused, and says how to go on", () => {
  test.each([
    { name: "an unknown command", argv: ["upp"], says: 'Unknown command "upp"' },
    { name: "a command of another case", argv: ["Up"], says: '"Up"' },
    { name: "a flag in front of the command", argv: ["--json", "up"], says: "--json" },
    { name: "an unknown flag", argv: ["up", "--bogus"], says: "--bogus" },
    { name: "an unknown flag with a value", argv: ["up", "--bogus=1"], says: "--bogus" },
    { name: "an unknown short flag", argv: ["up", "-x"], says: "-x" },
    { name: "a flag of another command", argv: ["plan", "--lock-wait", "1s"], says: "--lock-wait" },
    { name: "no mode of a pooler", argv: ["up", "--pooler", "statement"], says: "auto, session" },
    { name: "a flag with one dash", argv: ["up", "-json"], says: "-j" },
    { name: "a flag of another case", argv: ["up", "--JSON"], says: "--JSON" },
    { name: "a flag in the case of JavaScript", argv: ["up", "--dryRun"], says: "--dryRun" },
    {
      name: "a switch that is taken back",
      argv: ["up", "--dry-run", "--no-dry-run"],
      says: "--no-dry-run",
    },
    { name: "a switch that is turned off", argv: ["up", "--no-json"], says: "--no-json" },
    { name: "the positive of a negative", argv: ["up", "--color"], says: "--color" },
    { name: "a path of a flag", argv: ["up", "--json.x"], says: "--json.x" },
    { name: "a path of a flag with a value", argv: ["up", "--to.x", "7"], says: "--to" },
    { name: "a flag that every object has", argv: ["up", "--constructor"], says: "--constructor" },
    {
      name: "another flag that every object has",
      argv: ["up", "--__proto__", "x"],
      says: "--__proto__",
    },
    { name: "a switch with a value", argv: ["status", "--json=false"], says: "--json" },
    { name: "another switch with a value", argv: ["status", "--check=true"], says: "--check" },
    { name: "a switch of every command with a value", argv: ["up", "--no-color=1"], says: "color" },
    { name: "a switch with no value behind =", argv: ["up", "--dry-run="], says: "--dry-run" },
    { name: "a flag without its value", argv: ["up", "--to"], says: "--to" },
    {
      name: "a flag without its value before another",
      argv: ["up", "--to", "--json"],
      says: "--to",
    },
    { name: "an empty value", argv: ["up", "--to="], says: "--to" },
    {
      name: "an empty value of its own",
      argv: ["up", "--database-url", ""],
      says: "--database-url",
    },
    { name: "a flag twice", argv: ["up", "--to", "7", "--to", "8"], says: "--to" },
    { name: "a flag twice with the same value", argv: ["up", "--to=7", "--to=7"], says: "--to" },
    { name: "a switch twice", argv: ["up", "--dry-run", "--dry-run"], says: "--dry-run" },
    {
      name: "a switch of every command twice",
      argv: ["status", "--json", "--json"],
      says: "--json",
    },
    { name: "quiet and verbose", argv: ["up", "--quiet", "--verbose"], says: "contradict" },
    { name: "an argument that is not taken", argv: ["up", "7"], says: "7" },
    { name: "an argument that is not taken, behind --", argv: ["up", "--", "7"], says: "7" },
    { name: "an argument too many", argv: ["show", "7", "8"], says: "8" },
    { name: "an argument too many behind --", argv: ["show", "7", "--", "8"], says: "8" },
    { name: "an argument too few", argv: ["show"], says: "show" },
    { name: "a name without quotes", argv: ["new", "add", "users"], says: "users" },
    { name: "no duration", argv: ["up", "--lock-wait", "5"], says: "--lock-wait" },
    {
      name: "a duration of zero",
      argv: ["up", "--connect-timeout", "0s"],
      says: "--connect-timeout",
    },
    { name: "an unknown word", argv: ["up", "--checksums", "on"], says: "warn, enforce, off" },
    { name: "a tracker of three parts", argv: ["up", "--tracker", "a.b.c"], says: "a.b.c" },
    { name: "help of an unknown command", argv: ["help", "upp"], says: "upp" },
    { name: "an argument behind the version", argv: ["--version", "up"], says: "up" },
  ])("$name", ({ argv, says }) => {
    const problems = problemsOf(...argv);
    expect(problems.map((problem) => problem.code as string)).toEqual(["usage"]);
    for (const problem of problems) {
      if (problem.code !== "usage") continue;
      expect(problem.message).toContain(says);
      expect(problem.hint).not.toBe("");
      expect(`${problem.message}${problem.hint}`).not.toContain("\0");
    }
  });

  test("several wrong values are told together", () => {
    expect(codesOf(read("up", "--lock-wait", "x", "--checksums", "x"))).toEqual(["usage", "usage"]);
  });

  test("an unknown URL parameter is refused", () => {
    expect(problemsOf("up", "--database-url", "postgres://h/d?pool=1")).toMatchObject([
      { code: "bad-database" },
    ]);
  });

  test("no database is refused where one is needed, and only there", () => {
    const nowhere = { environment: {}, userName: () => "me", readFile: () => undefined };
    for (const argv of [["up"], ["plan"], ["status"], ["mark", "applied", "7"]]) {
      expect(codesOf(readRequest(argv, nowhere))).toEqual(["no-database"]);
    }
    for (const argv of [["show", "7"], ["new", "a"], ["help"], ["version"], []]) {
      expect(codesOf(readRequest(argv, nowhere))).toEqual([]);
    }
  });

  test("the flag decides over the environment", () => {
    expect(requestOf("up", "--database-url", "postgres://other/x")).toMatchObject({
      target: { database: "x" },
    });
  });

  test("a password never gets into a problem", () => {
    const secret = "s3cr3tword";
    for (const argv of [
      ["up", "--database-url", `mysql://u:${secret}@h/d`],
      ["up", "--database-url", `postgres://u:${secret}@h:x/d`],
      [
        "up",
        "--database-url",
        `postgres://u:${secret}@h/d`,
        "--database-url",
        `postgres://u:${secret}@h/e`,
      ],
      ["up", `--database-url=postgres://u:${secret}@h/d`, "--bogus"],
      ["up", `postgres://u:${secret}@h/d`],
      ["up", `--database-uri=postgres://u:${secret}@h/d`],
      ["up", "--database-uri", `postgres://u:${secret}@h/d`],
      [`postgres://u:${secret}@h/d`],
    ]) {
      const problems = problemsOf(...argv);
      expect(problems.length).toBeGreaterThan(0);
      // What is printed goes through the redactor, which knows a URL; here nothing knows one.
      expect(JSON.stringify(problems).replace(/:\/\/u:[^@]*@/g, "://u:***@")).not.toContain(secret);
    }
  });
});

describe("help", () => {
  test.each([{ argv: [] }, { argv: ["help"] }, { argv: ["--help"] }, { argv: ["-h"] }])(
    "$argv shows every command",
    ({ argv }) => {
      const request = requestOf(...argv);
      if (request.command !== "help") throw new Error(request.command);
      for (const command of commands) expect(request.text).toContain(`  ${command.name}`);
      expect(request.text).toEndWith("\n");
    },
  );

  test.each([...commands])("of $name shows its flags and an example", (command) => {
    const asked = [
      ["help", command.name],
      ["--help", command.name],
      [command.name, "--help"],
      [command.name, "-h"],
    ];
    for (const argv of asked) {
      const request = requestOf(...argv);
      if (request.command !== "help") throw new Error(request.command);
      for (const flag of flagsOf(command)) expect(request.text).toContain(`--${flag.name}`);
      expect(request.text).toContain("Example:\n  lacuna");
    }
  });

  test.each([...commands])("the examples of $name are understood", (command) => {
    for (const [example] of command.examples) {
      const words = (example.split(/ [|>] /)[0] ?? "").matchAll(/'([^']*)'|\S+/g);
      const argv = [...words].map(([word, quoted]) => quoted ?? word).slice(1);
      expect(codesOf(read(...argv))).toEqual([]);
    }
  });
});
