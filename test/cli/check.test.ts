/** `check` as people and hooks start it: where it stands decides which repository is meant. */
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gitEnvironment, repositoryOf } from "../support/repository.ts";

const main = join(import.meta.dirname, "../../src/main.ts");
const command = [process.execPath, main, "check", "--base", "main"];
const edited = '"migrations/1_a.sql" is edited';
const texts = { "migrations/1_a.sql": "one\n", "sub/folder/x": "" };

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

function check(cwd: string, ...flags: readonly string[]): Ended {
  const [program = "", ...argv] = [...command, ...flags];
  const options = { cwd, env: gitEnvironment, encoding: "utf8", timeout: 30_000 } as const;
  return spawnSync(program, argv, options);
}

function hook(path: string, ...flags: readonly string[]): void {
  const words = [...command, ...flags].map((word) => (word.startsWith("$") ? word : `'${word}'`));
  writeFileSync(path, `#!/bin/sh\nread old new ref\nexec ${words.join(" ")}\n`, { mode: 0o755 });
}

test("in the root, in a folder of it, and from outside", () => {
  using repository = repositoryOf(texts);
  expect(check(repository.path).status).toBe(0);
  repository.write({ "migrations/1_a.sql": "two\n" });
  const inRoot = check(repository.path);
  expect(inRoot.stderr).toContain(edited);
  expect(inRoot.status).toBe(7);
  const below = join(repository.path, "sub/folder");
  expect(check(below, "--migrations", "../../migrations").stderr).toContain(
    '"../../migrations/1_a.sql" is edited',
  );
  // There is none below the folder, and none there in the base.
  expect(check(below).status).toBe(2);
  expect(check("/", "--migrations", join(repository.path, "migrations")).status).toBe(7);
});

test("a repository that the environment names, from a folder of it", () => {
  using repository = repositoryOf(texts);
  repository.write({ "migrations/1_a.sql": "two\n" });
  const [program, ...argv] = [...command, "--migrations", "../migrations"];
  const env = { ...gitEnvironment, GIT_DIR: "../.git", GIT_WORK_TREE: ".." };
  const options = { cwd: join(repository.path, "sub"), env, encoding: "utf8" } as const;
  expect(spawnSync(program, argv, options).stderr).toContain('1_a.sql" is edited');
});

test("in a bare repository, and in a folder of it", () => {
  using repository = repositoryOf(texts);
  repository.git("checkout", "--quiet", "-b", "mine");
  repository.commit({ "migrations/1_a.sql": "two\n" });
  const bare = repository.bare();
  for (const cwd of [bare, join(bare, "hooks"), join(repository.path, ".git")]) {
    mkdirSync(cwd, { recursive: true });
    const ended = check(cwd, "--head", "mine");
    expect(ended.stderr).toContain(edited);
    expect(ended.status).toBe(7);
  }
});

test("as a hook of a commit, in a worktree and in a linked one", () => {
  using repository = repositoryOf(texts);
  repository.git("checkout", "--quiet", "-b", "mine");
  const linked = join(repository.around, "linked");
  repository.git("worktree", "add", "--quiet", linked);
  mkdirSync(join(repository.path, ".git/hooks"), { recursive: true });
  hook(join(repository.path, ".git/hooks/pre-commit"));
  for (const cwd of [repository.path, linked, join(repository.path, "sub")]) {
    const options = { cwd, env: gitEnvironment, encoding: "utf8" } as const;
    writeFileSync(join(cwd === linked ? linked : repository.path, "migrations/1_a.sql"), "two\n");
    const refused = spawnSync("git", ["commit", "--quiet", "--all", "-m", "edit"], options);
    expect(refused.stderr).toContain(edited);
    expect(refused.status).toBe(1);
  }
  repository.write({ "migrations/1_a.sql": "one\n", "sub/folder/x": "more" });
  repository.git("commit", "--quiet", "--all", "-m", "no edit");
});

test("as a hook of a push, where the new commits are in quarantine", () => {
  using repository = repositoryOf(texts);
  const bare = repository.bare();
  mkdirSync(join(bare, "hooks"), { recursive: true });
  hook(join(bare, "hooks/pre-receive"), "--head", "$new");
  repository.git("checkout", "--quiet", "-b", "mine");
  repository.commit({ "migrations/1_a.sql": "two\n" });
  const options = { cwd: repository.path, env: gitEnvironment, encoding: "utf8" } as const;
  const refused = spawnSync("git", ["push", bare, "mine"], options);
  expect(refused.stderr).toContain(edited);
  expect(refused.status).toBe(1);
  repository.commit({ "migrations/1_a.sql": "one\n" });
  repository.git("push", "--quiet", bare, "mine");
});

test("neither DATABASE_URL nor TEST_DATABASE_URL is read", () => {
  using repository = repositoryOf(texts);
  const [program = "", ...argv] = command;
  const env = { ...gitEnvironment, DATABASE_URL: "nonsense", TEST_DATABASE_URL: "nonsense" };
  const ended = spawnSync(program, argv, { cwd: repository.path, env, encoding: "utf8" });
  expect(ended.stderr).toBe("");
  expect(ended.status).toBe(0);
});
