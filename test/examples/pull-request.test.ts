/**
 * The line of `check` in the examples, run by a shell where a pull request was checked out as
 * actions/checkout does it: the merge of the branch into its base.
 */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  gitEnvironment,
  repositoryOf,
  type TestRepository,
  type Texts,
} from "../support/repository.ts";
import { run } from "../support/run.ts";
import { textOf } from "./documents.ts";

const patience = 60_000;
const main = join(import.meta.dirname, "../../src/main.ts");

const text = textOf("github-pull-request.yml");
const whole = /^ +run: (\.\/lacuna check .*)$/m.exec(text)?.[1] ?? "";
const short = whole.replace('"origin/$GITHUB_BASE_REF"', "HEAD^1");
const gitlab = /^ +- (\.\/lacuna check .*)$/m.exec(textOf("gitlab-ci.yml"))?.[1] ?? "";

/** How much is fetched, and the line that goes with it. */
const ways = [
  ["GitHub, fetch-depth: 0", 0, whole],
  ["GitHub, fetch-depth: 2", 2, short],
  ["GitLab, GIT_DEPTH: 0", 0, gitlab],
] as const;

test("the smaller way is the one that the comment tells", () => {
  expect(text).toContain("`fetch-depth: 2` goes with `--base HEAD^1`");
  expect(short).toBe("./lacuna check --migrations migrations --base HEAD^1");
});

test.each(ways.slice(0, 2))(
  "%s: what the base has got meanwhile is no addition of the branch",
  (_, depth, line) => {
    using repository = pullRequest({ "migrations/005_ours.sql": "create table ours ();\n" });
    const { status, said } = checkIn(checkedOut(repository, depth), line);
    expect(said).toContain("005_ours");
    expect(said).not.toContain("::error");
    expect(status).toBe(0);
  },
  patience,
);

test.each(ways)(
  "%s: what the branch may not do is said at its file",
  (_, depth, line) => {
    using repository = pullRequest({
      "migrations/001_users.sql": "create table users (id bigint);\n",
      "migrations/004_ours.sql": "create table ours ();\n",
    });
    const { status, said } = checkIn(checkedOut(repository, depth), line);
    expect(said).toContain("::error file=migrations/001_users.sql,line=1,");
    expect(said).toContain("::error file=migrations/004_ours.sql,");
    expect(status).toBe(7);
  },
  patience,
);

test(
  "what the base has got since the merge was made: only its own branch tells",
  () => {
    using repository = pullRequest({ "migrations/005_ours.sql": "create table ours ();\n" });
    repository.commit({ "migrations/005_theirs.sql": "create table others ();\n" });
    expect(checkIn(checkedOut(repository, 0), whole).status).toBe(7);
    expect(checkIn(checkedOut(repository, 2), short).status).toBe(0);
  },
  patience,
);

test.each([
  ["the base's branch", 2, whole, "origin/main"],
  ["the first parent", 1, short, "HEAD^1"],
] as const)("%s is not there with a depth of %i, and is not taken for empty", (...of) => {
  const [, depth, line, ref] = of;
  using repository = pullRequest({});
  const { status, said } = checkIn(checkedOut(repository, depth), line);
  expect(said).toContain(ref);
  expect(status).toBe(2);
});

/** Its base has gone on since the branch was made. */
function pullRequest(inBranch: Texts): TestRepository {
  const repository = repositoryOf({
    "migrations/001_users.sql": "create table users (id int);\n",
  });
  repository.git("checkout", "--quiet", "-b", "mine");
  repository.commit(inBranch);
  repository.git("checkout", "--quiet", "main");
  repository.commit({ "migrations/004_theirs.sql": "create table theirs ();\n" });
  repository.git("checkout", "--quiet", "--detach");
  repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "mine");
  repository.git("update-ref", "refs/pull/1/merge", "HEAD");
  repository.git("checkout", "--quiet", "main");
  return repository;
}

/** @param depth 0: all branches, and all of their history. */
function checkedOut(repository: TestRepository, depth: number): string {
  const clone = join(repository.around, `depth-${depth}`);
  const git = (...args: readonly string[]): string =>
    run("git", ["-C", clone, ...args], { env: gitEnvironment });
  run("git", ["init", "--quiet", clone], { env: gitEnvironment });
  git("remote", "add", "origin", `file://${repository.path}`);
  const how = depth === 0 ? ["+refs/heads/*:refs/remotes/origin/*"] : [];
  const limit = depth === 0 ? [] : [`--depth=${depth}`];
  const merge = "refs/remotes/pull/1/merge";
  git("fetch", "--quiet", ...limit, "origin", ...how, `+refs/pull/1/merge:${merge}`);
  git("checkout", "--quiet", "--force", merge);
  return clone;
}

interface Ran {
  readonly status: number | null;
  readonly said: string;
}

function checkIn(clone: string, line: string): Ran {
  const program = `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`;
  writeFileSync(join(clone, "lacuna"), program, { mode: 0o755 });
  const environment = {
    ...gitEnvironment,
    GITHUB_ACTIONS: "true",
    GITHUB_WORKSPACE: clone,
    GITHUB_BASE_REF: "main",
    CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main",
  };
  const ran = spawnSync("sh", ["-ec", line], { cwd: clone, env: environment, encoding: "utf8" });
  return { status: ran.status, said: `${ran.stdout}${ran.stderr}` };
}
