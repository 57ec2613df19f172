/**
 * `check` on repositories: what a branch may do, and what it may not, each from its working tree
 * and from a bare clone.
 */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { directorySource } from "../../src/adapters/directory.ts";
import { renamerIn } from "../../src/adapters/renaming.ts";
import { gitRepository } from "../../src/adapters/repository.ts";
import { exitCodeOfOutcome } from "../../src/cli/render.ts";
import { check } from "../../src/commands/check.ts";
import { renumberCommand } from "../../src/commands/renumber.ts";
import { explain } from "../../src/core/explain/explain.ts";
import { defaultTracker } from "../../src/core/tracker.ts";
import type { CheckOutcome, Outcome } from "../../src/outcome.ts";
import type { CheckRequest } from "../../src/request.ts";
import {
  gitEnvironment,
  repositoryOf,
  type TestRepository,
  type Texts,
} from "../support/repository.ts";
import { run } from "../support/run.ts";
import { embedded, refusalAsOutcome, worldOf } from "../support/worlds.ts";

const patience = 60_000;

const request: CheckRequest = {
  command: "check",
  folder: undefined,
  base: "main",
  head: undefined,
  method: "embedded",
  engine: "pglite",
  tracker: defaultTracker,
  connectTimeoutMs: 30_000,
  lockWaitMs: 5000,
  pooler: "auto",
  checksums: "warn",
  newHere: false,
  others: "refused",
  timeLimitMs: undefined,
  stuckAfterMs: 30_000,
  strict: false,
  ownsServer: false,
  roles: [],
  junit: undefined,
};

async function checkIn(
  folder: string,
  wanted: Partial<CheckRequest> = {},
  environment = gitEnvironment,
): Promise<Outcome> {
  await using database = await embedded();
  const world = worldOf(database, {});
  const { interruption } = world;
  return refusalAsOutcome(async () => {
    const repository = await gitRepository(folder, { environment, interruption });
    const around = { ...world, repository, folder, embedded, sibling: () => embedded() };
    return check(around, { ...request, ...wanted });
  });
}

function found(outcome: Outcome): CheckOutcome {
  if (outcome.kind !== "check") throw new Error(JSON.stringify(outcome));
  return outcome;
}

/** What was found, in brief: codes of findings, results of what ran, how the order compares. */
function brief(outcome: Outcome): object {
  const { findings, verify } = found(outcome);
  return {
    findings: findings.map((one) => one.code),
    ran: Object.fromEntries(
      (verify?.verdicts ?? []).map((one) => [one.migration.id, one.result] as const),
    ),
    order: verify?.order?.result,
    exitCode: exitCodeOfOutcome(outcome),
  };
}

/** Two branches that part at `ancestor`. */
function branches(ancestor: Texts, inBase: Texts, inBranch: Texts): TestRepository {
  const repository = repositoryOf(inFolder(ancestor));
  repository.git("checkout", "--quiet", "-b", "mine");
  repository.commit(inFolder(inBranch));
  repository.git("checkout", "--quiet", "main");
  repository.commit(inFolder(inBase));
  repository.git("checkout", "--quiet", "mine");
  return repository;
}

function inFolder(texts: Texts): Texts {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [`migrations/${name}`, text]),
  );
}

const first: Texts = {
  "001_users.up.sql": "create table users (id int);\n",
  "001_users.down.sql": "drop table users;\n",
  "003_teams.up.sql": "create table teams (id int);\n",
};
const clean = { findings: [], ran: {}, order: undefined, exitCode: 0 };

const scenarios: readonly (readonly [
  title: string,
  ancestor: Texts,
  inBase: Texts,
  inBranch: Texts,
  expected: object,
])[] = [
  [
    "edited",
    first,
    {},
    { "001_users.up.sql": "create table users (id bigint);\n" },
    { findings: ["base-edited"], exitCode: 7 },
  ],
  [
    "renamed",
    first,
    {},
    { "003_teams.up.sql": null, "003_groups.up.sql": "create table teams (id int);\n" },
    { findings: ["base-renamed"], exitCode: 7 },
  ],
  ["deleted", first, {}, { "003_teams.up.sql": null }, { findings: ["base-deleted"], exitCode: 7 }],
  [
    "a version that the base has too",
    first,
    { "004_theirs.up.sql": "select 1;\n" },
    { "004_ours.up.sql": "select 2;\n" },
    { findings: ["version-taken"], ran: {}, exitCode: 7 },
  ],
  [
    "a gap that harms nobody",
    first,
    {},
    { "002_notes.up.sql": "create table notes (id int);\n" },
    { findings: [], ran: { "002_notes": "passed" }, order: "same", exitCode: 0 },
  ],
  [
    "a gap that changes the result",
    {
      ...first,
      "004_f.up.sql": "create or replace function f() returns int language sql as 'select 4';\n",
    },
    {},
    { "002_f.up.sql": "create or replace function f() returns int language sql as 'select 2';\n" },
    { findings: [], ran: { "002_f": "passed" }, order: "different", exitCode: 7 },
  ],
  [
    "a branch that fails on its base",
    first,
    { "004_drop.up.sql": "drop table teams;\n" },
    { "005_index.up.sql": "create index teams_id on teams (id);\n" },
    { findings: [], ran: { "005_index": "failed" }, exitCode: 7 },
  ],
  [
    "CRLF",
    first,
    {},
    { "004_a.up.sql": "select 1;\r\n" },
    { findings: ["new-line-ends"], ran: { "004_a": "passed" }, exitCode: 7 },
  ],
  [
    "a byte order mark",
    first,
    {},
    { "004_a.up.sql": "\ufeffselect 1;\n" },
    { findings: ["new-line-ends"], ran: { "004_a": "passed" }, exitCode: 7 },
  ],
  [
    "a bad name",
    first,
    {},
    { "add_notes.sql": "select 1;\n" },
    { findings: ["bad-name"], ran: {}, exitCode: 7 },
  ],
  ["an unchanged branch", first, {}, {}, clean],
  [
    "a branch behind its base, with new files on both sides",
    first,
    { "004_a.up.sql": "create table a (id int);\n" },
    { "005_b.up.sql": "create table b (id int);\n" },
    { findings: [], ran: { "005_b": "passed" }, exitCode: 0 },
  ],
  [
    "a branch behind its base, with nothing new",
    first,
    { "004_a.up.sql": "select 1;\n" },
    {},
    clean,
  ],
  [
    "the same file on both sides",
    first,
    { "004_a.up.sql": "select 1;\n" },
    { "004_a.up.sql": "select 1;\n" },
    clean,
  ],
  [
    "a down file edited",
    first,
    {},
    { "001_users.down.sql": "drop table if exists users;\n" },
    clean,
  ],
  [
    "a bad directive",
    first,
    {},
    { "004_a.up.sql": "-- lacuna: no-transactions\nselect 1;\n" },
    { findings: ["bad-directive"], ran: {}, exitCode: 7 },
  ],
  [
    "a refused statement",
    first,
    {},
    { "004_a.up.sql": "commit;\n" },
    { findings: ["refused-statement"], ran: {}, exitCode: 7 },
  ],
];

describe.each(scenarios)("%s", (_, ancestor, inBase, inBranch, expected) => {
  test(
    "in the working tree",
    async () => {
      using repository = branches(ancestor, inBase, inBranch);
      const outcome = await checkIn(join(repository.path, "migrations"));
      expect(brief(outcome)).toMatchObject(expected);
      expect(found(outcome).head).toBe("the working tree");
    },
    patience,
  );

  test(
    "in a bare clone",
    async () => {
      using repository = branches(ancestor, inBase, inBranch);
      const environment = { ...gitEnvironment, GIT_DIR: repository.bare() };
      const outcome = await checkIn("migrations", { head: "mine" }, environment);
      expect(brief(outcome)).toMatchObject(expected);
    },
    patience,
  );
});

test("before it is committed, and with HEAD where there is no working tree", async () => {
  const change: Texts = {
    "001_users.up.sql": "create table users (id bigint);\n",
    "003_teams.up.sql": null,
    "add_notes.sql": "select 1;\n",
  };
  const expected = { findings: ["base-edited", "base-deleted", "bad-name"], exitCode: 7 };
  using repository = branches(first, {}, {});
  repository.write(inFolder(change));
  expect(brief(await checkIn(join(repository.path, "migrations")))).toMatchObject(expected);
  repository.commit({});
  const environment = { ...gitEnvironment, GIT_DIR: repository.bare() };
  const outcome = await checkIn("migrations", {}, environment);
  expect(brief(outcome)).toMatchObject(expected);
  expect(found(outcome).head).toBe("HEAD");
});

test(
  "what is said to mend a version that is taken mends it",
  async () => {
    using repository = branches(
      first,
      { "004_theirs.up.sql": "create table theirs (id int);\n", "005_more.up.sql": "select 1;\n" },
      {
        "004_ours.up.sql": "create table ours (id int);\n",
        "004_ours.down.sql": "drop table ours;\n",
      },
    );
    const folder = join(repository.path, "migrations");
    const [finding] = found(await checkIn(folder)).findings;
    if (finding?.code !== "version-taken") throw new Error(JSON.stringify(finding));
    expect(explain(finding).hint).toContain(
      `\`lacuna renumber 004_ours 006 --migrations ${folder}\``,
    );
    const renamer = renamerIn(folder, {
      environment: gitEnvironment,
      interruption: { signal: undefined, onSignal: () => () => undefined },
    });
    await renumberCommand(directorySource(folder), renamer, {
      command: "renumber",
      folder,
      old: finding.id,
      wanted: finding.free,
    });
    const expected = { findings: [], ran: { "006_ours": "passed" }, exitCode: 0 };
    expect(brief(await checkIn(folder))).toMatchObject(expected);
    repository.commit({});
    const environment = { ...gitEnvironment, GIT_DIR: repository.bare() };
    const inBare = await checkIn("migrations", { head: "mine" }, environment);
    expect(brief(inBare)).toMatchObject(expected);
  },
  patience,
);

test(
  "the base's migrations are what is applied, and not run as new ones",
  async () => {
    using repository = branches(
      first,
      {},
      { "004_a.up.sql": "alter table teams add name text;\n" },
    );
    const { verify, counts } = found(await checkIn(join(repository.path, "migrations")));
    expect(counts).toEqual({ base: 2, added: 1 });
    expect(verify?.base).toMatchObject({ label: "main", count: 2 });
    expect(verify?.pending).toBe(1);
  },
  patience,
);

describe("what is committed counts", () => {
  test(
    "CRLF in the working tree is no finding where git takes it away",
    async () => {
      using repository = branches({ ".gitkeep": "", ...first }, {}, {});
      repository.write({ "migrations/004_a.up.sql": "select 1;\r\n" });
      const folder = join(repository.path, "migrations");
      expect(brief(await checkIn(folder))).toMatchObject({ findings: ["new-line-ends"] });
      repository.git("config", "core.autocrlf", "true");
      // All of it, as a checkout on Windows leaves it.
      repository.git("rm", "--quiet", "--cached", "-r", ".");
      repository.git("reset", "--quiet", "--hard");
      expect(run("cat", [join(folder, "001_users.up.sql")])).toEndWith(";\r\n");
      expect(brief(await checkIn(folder))).toMatchObject({
        findings: [],
        ran: { "004_a": "passed" },
        exitCode: 0,
      });
    },
    patience,
  );

  test(
    "a file that is gone from the working tree alone is gone",
    async () => {
      using repository = branches(first, {}, {});
      repository.write({ "migrations/003_teams.up.sql": null });
      const folder = join(repository.path, "migrations");
      expect(brief(await checkIn(folder))).toMatchObject({ findings: ["base-deleted"] });
      expect(brief(await checkIn(folder, { head: "HEAD" }))).toMatchObject(clean);
    },
    patience,
  );

  test("a folder that is gone as a whole is all of its files", async () => {
    using repository = branches(first, {}, {});
    repository.git("rm", "--quiet", "-r", "migrations");
    const outcome = await checkIn(join(repository.path, "migrations"));
    expect(brief(outcome)).toMatchObject({ findings: ["base-deleted", "base-deleted"] });
  });

  test(
    "the first migrations of all are added",
    async () => {
      using repository = branches({}, {}, { "1_a.sql": "create table a (id int);\n" });
      const outcome = await checkIn(join(repository.path, "migrations"));
      expect(brief(outcome)).toMatchObject({ findings: [], ran: { "1_a": "passed" }, exitCode: 0 });
    },
    patience,
  );
});

describe("what keeps it from judging", () => {
  const problems = (outcome: Outcome): readonly object[] =>
    "problems" in outcome ? outcome.problems : [];

  test(
    "a shallow clone without the merge base; with it all is well",
    async () => {
      using repository = branches(first, { "004_a.up.sql": "" }, { "005_b.up.sql": "select 1;\n" });
      const clone = join(repository.around, "clone");
      const url = `file://${repository.path}`;
      repository.git("clone", "--quiet", "--depth=1", "--no-single-branch", url, clone);
      const folder = join(clone, "migrations");
      const outcome = await checkIn(folder, { base: "origin/main" });
      expect(problems(outcome)).toMatchObject([
        { code: "no-merge-base", base: "origin/main", head: "HEAD", history: "shallow" },
      ]);
      expect(exitCodeOfOutcome(outcome)).toBe(2);
      run("git", ["-C", clone, "fetch", "--quiet", "--deepen=1"], { env: gitEnvironment });
      expect(brief(await checkIn(folder, { base: "origin/main" }))).toMatchObject({
        findings: [],
        ran: { "005_b": "passed" },
        exitCode: 0,
      });
    },
    patience,
  );

  test("histories without a commit in common", async () => {
    using repository = branches(first, {}, {});
    repository.git("checkout", "--quiet", "--orphan", "other");
    repository.commit({ "another-root": "" });
    expect(problems(await checkIn(join(repository.path, "migrations")))).toMatchObject([
      { code: "no-merge-base", history: "whole" },
    ]);
  });

  test("a folder that nobody has", async () => {
    using repository = branches(first, {}, {});
    const outcome = await checkIn(join(repository.path, "db"));
    expect(problems(outcome)).toMatchObject([{ code: "no-migrations" }]);
    expect(exitCodeOfOutcome(outcome)).toBe(2);
  });

  test.each(["nothing", "--all", ""])("the base %j, and the head", async (ref) => {
    using repository = branches(first, {}, {});
    const folder = join(repository.path, "migrations");
    for (const wanted of [{ base: ref }, { head: ref }]) {
      const outcome = await checkIn(folder, wanted);
      expect(problems(outcome)).toMatchObject([{ code: "no-such-ref", ref }]);
      expect(exitCodeOfOutcome(outcome)).toBe(2);
    }
  });

  test(
    "a base that has a version twice; the branch that mends it passes",
    async () => {
      const twice: Texts = { ...first, "003_other.up.sql": "create table other (id int);\n" };
      using repository = branches(twice, {}, { "004_a.up.sql": "select 1;\n" });
      const folder = join(repository.path, "migrations");
      const outcome = await checkIn(folder);
      expect(found(outcome)).toMatchObject({
        findings: [],
        notRehearsed: "the base cannot be read",
        problems: [{ code: "duplicate" }],
      });
      repository.git("mv", "migrations/003_other.up.sql", "migrations/005_other.up.sql");
      expect(brief(await checkIn(folder))).toMatchObject({
        findings: [],
        ran: { "004_a": "passed", "005_other": "passed" },
        exitCode: 0,
      });
    },
    patience,
  );
});

test(
  "odd names, in a linked worktree",
  async () => {
    using repository = branches(
      { ...first, '004_it\'s "größer".up.sql': "select 4;\n" },
      {},
      { '004_it\'s "größer".up.sql': "select 5;\n", "007_line\nend.sql": "select 7;\n" },
    );
    repository.git("checkout", "--quiet", "main");
    const linked = join(repository.around, "linked tree");
    repository.git("worktree", "add", "--quiet", linked, "mine");
    writeFileSync(join(linked, "migrations/008_new one.up.sql"), "select 8;\n");
    const outcome = await checkIn(join(linked, "migrations"));
    expect(brief(outcome)).toMatchObject({ findings: ["base-edited", "bad-name"], exitCode: 7 });
    const [edited] = found(outcome).findings;
    expect(edited && explain(edited).hint).toContain(
      `git checkout main -- '${join(linked, "migrations")}/004_it'\\''s "größer".up.sql'`,
    );
    expect(found(outcome).counts.added).toBe(1);
  },
  patience,
);
