/** Migrations as git has them: byte for byte, from every kind of repository, with any name. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gitRepository, gitSource } from "../../src/adapters/repository.ts";
import type { SourceFile } from "../../src/core/migration.ts";
import type { Problem } from "../../src/core/problem.ts";
import { Refusal } from "../../src/ports.ts";
import { folderOf } from "../support/folders.ts";
import { gitEnvironment, repositoryOf, type Texts } from "../support/repository.ts";
import { run } from "../support/run.ts";

const interruption = { signal: undefined, onSignal: () => () => undefined };
const around = { environment: gitEnvironment, interruption };

/** Every byte of these has to come out again. */
const odd: Texts = {
  "m/1_plain.up.sql": "select 1;\n",
  "m/2_empty.up.sql": "",
  "m/3_mark.up.sql": Buffer.from("\ufeffselect 1;\r\n"),
  "m/4_bytes.up.sql": Buffer.from([0, 255, 10, 13, 10, 0x62, 0x6c, 0x6f, 0x62, 32, 53, 10]),
  'm/5_it\'s a "name" größe.up.sql': "select 5;\n",
  "m/6_line\nend.up.sql": "select 6;\n",
  'm/"7_quoted".sql': "select 7;\n",
  "m/:(top)8_magic.sql": "select 8;\n",
  "m/9_[a-z]*?.sql": "select 9;\n",
  "m/readme.txt": "no migration",
  "m/sub/10_below.sql": "select 10;\n",
};
const names = Object.keys(odd)
  .filter((path) => path.endsWith(".sql") && !path.startsWith("m/sub/"))
  .map((path) => path.slice(2));

function textsOf(files: readonly SourceFile[]): Record<string, string> {
  return Object.fromEntries(
    files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString("latin1")]),
  );
}

const expected = Object.fromEntries(
  names.map((name) => [name, Buffer.from(odd[`m/${name}`] ?? "").toString("latin1")]),
);

async function at(
  folder: string,
  ref: string,
  environment = gitEnvironment,
): Promise<readonly SourceFile[]> {
  const repository = await gitRepository(folder, { ...around, environment });
  return repository.filesOf(await repository.commit(ref));
}

async function here(folder: string): Promise<Record<string, string>> {
  return textsOf(await (await gitRepository(folder, around)).filesHere());
}

async function problemOf(outcome: Promise<unknown>): Promise<Problem> {
  const error = await outcome.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const [problem] = error instanceof Refusal ? error.problems : [];
  if (problem === undefined) throw new Error(`not refused: ${String(error)}`);
  return problem;
}

describe.each<[string, readonly string[]]>([
  ["SHA-1", []],
  ["SHA-256", ["--object-format=sha256"]],
])("a repository with %s", (_, flags) => {
  test("the folder at a commit, and the working tree", async () => {
    using repository = repositoryOf(odd, ...flags);
    const folder = join(repository.path, "m");
    expect(textsOf(await at(folder, "main"))).toEqual(expected);
    expect(await here(folder)).toEqual(expected);
    // Nothing is staged, and nothing is rewritten, by being looked at.
    expect(repository.git("status", "--porcelain")).toBe("");
  });

  test("a bare clone", async () => {
    using repository = repositoryOf(odd, ...flags);
    const bare = repository.bare();
    const environment = { ...gitEnvironment, GIT_DIR: bare };
    expect(textsOf(await at("m", "main", environment))).toEqual(expected);
  });
});

describe("where the folder is", () => {
  test("a linked worktree", async () => {
    using repository = repositoryOf(odd);
    const linked = join(repository.around, "linked");
    repository.git("worktree", "add", "--quiet", linked);
    writeFileSync(join(linked, "m/11_new.sql"), "select 11;");
    expect(textsOf(await at(join(linked, "m"), "main"))).toEqual(expected);
    expect(await here(join(linked, "m"))).toEqual({ ...expected, "11_new.sql": "select 11;" });
  });

  test("the root", async () => {
    using repository = repositoryOf({ "1_a.sql": "one", "m/2_b.sql": "two" });
    expect(textsOf(await at(repository.path, "main"))).toEqual({ "1_a.sql": "one" });
    expect(await here(repository.path)).toEqual({ "1_a.sql": "one" });
  });

  test.each(["with space", 'with "quotes"', '"', "größe", "line\nend", ":(top)m", "*", "a\\b"])(
    "%j",
    async (name) => {
      using repository = repositoryOf({ [`${name}/1_a.sql`]: "one\r\n" });
      // So that git has to be asked what it would make of the file.
      repository.git("config", "core.autocrlf", "true");
      repository.write({ [`${name}/2_b.sql`]: "two\r\n" });
      const folder = join(repository.path, name);
      expect(textsOf(await at(folder, "main"))).toEqual({ "1_a.sql": "one\r\n" });
      // A line of hash-object's input cannot hold a line end: what lies there is taken.
      const two = name.includes("\n") ? "two\r\n" : "two\n";
      expect(await here(folder)).toEqual({ "1_a.sql": "one\r\n", "2_b.sql": two });
    },
  );

  test("a folder that the commit does not have is empty", async () => {
    using repository = repositoryOf({ "readme.txt": "", m: "a file" });
    expect(await at(join(repository.path, "db/migrations"), "main")).toEqual([]);
    expect(await here(join(repository.path, "db/migrations"))).toEqual({});
    expect(await at(join(repository.path, "m"), "main")).toEqual([]);
  });

  test("a folder that is a link there", async () => {
    using repository = repositoryOf({ "db/m/1_a.sql": "one" });
    symlinkSync("db/m", join(repository.path, "m"));
    repository.commit({});
    const bare = repository.bare();
    const environment = { ...gitEnvironment, GIT_DIR: bare };
    expect(textsOf(await at("m", "main", environment))).toEqual({ "1_a.sql": "one" });
    expect(textsOf(await at(join(repository.path, "m"), "main"))).toEqual({ "1_a.sql": "one" });
    expect(await here(join(repository.path, "m"))).toEqual({ "1_a.sql": "one" });
  });

  test("messages call a file as git does", async () => {
    using repository = repositoryOf({ "db/m/1_a.sql": "one" });
    const files = await gitSource("main", join(repository.path, "db/m"), around).list();
    expect(files.map((file) => file.path)).toEqual(["main:db/m/1_a.sql"]);
  });
});

describe("links and what is no file", () => {
  test("links are followed inside of the commit", async () => {
    using repository = repositoryOf({ "elsewhere/a": "linked", "m/2_b.sql": "two" });
    symlinkSync("../elsewhere/a", join(repository.path, "m/1_a.sql"));
    repository.commit({});
    expect(textsOf(await at(join(repository.path, "m"), "main"))).toEqual({
      "1_a.sql": "linked",
      "2_b.sql": "two",
    });
    expect(await here(join(repository.path, "m"))).toEqual({
      "1_a.sql": "linked",
      "2_b.sql": "two",
    });
  });

  test.each<[target: string, problem: object]>([
    [
      "../../../outside",
      { code: "no-migrations", reason: expect.stringContaining("out of the repository") },
    ],
    [
      "/etc/passwd",
      { code: "no-migrations", reason: expect.stringContaining("out of the repository") },
    ],
    ["nothing", { code: "no-migrations", reason: expect.stringContaining("a link to nothing") }],
    ["1_a.sql", { code: "no-migrations", reason: expect.stringContaining("a link to nothing") }],
    ["../elsewhere", { code: "bad-name", reason: "not a file" }],
  ])("a link to %s", async (target, problem) => {
    using repository = repositoryOf({ "elsewhere/a": "linked", "m/2_b.sql": "two" });
    symlinkSync(target, join(repository.path, "m/1_a.sql"));
    repository.commit({});
    expect(await problemOf(at(join(repository.path, "m"), "main"))).toMatchObject(problem);
  });

  test("a folder and a submodule with a migration's name", async () => {
    using repository = repositoryOf({ "m/1_a.sql/x": "" });
    expect(await problemOf(at(join(repository.path, "m"), "main"))).toMatchObject({
      code: "bad-name",
      reason: "not a file",
    });
    using other = repositoryOf({ "m/1_a.sql": "" });
    const head = other.git("rev-parse", "HEAD").trim();
    other.git("update-index", "--add", "--cacheinfo", `160000,${head},m/2_b.sql`);
    other.git("commit", "--quiet", "-m", "submodule");
    expect(await problemOf(at(join(other.path, "m"), "main"))).toMatchObject({
      code: "bad-name",
      path: join(other.path, "m/2_b.sql"),
    });
  });
});

describe("the working tree", () => {
  test("what is new is there, what is ignored or gone is not", async () => {
    using repository = repositoryOf({
      ".gitignore": "*_ignored.sql\n",
      "m/1_a.sql": "one",
      "m/2_b.sql": "two",
      "m/3_ignored.sql": "tracked all the same",
    });
    repository.git("add", "--force", "m/3_ignored.sql");
    repository.git("commit", "--quiet", "-m", "force");
    repository.write({
      "m/1_a.sql": "edited",
      "m/2_b.sql": null,
      "m/4_new.sql": "four",
      "m/5_ignored.sql": "",
      "m/6_staged.sql": "staged",
    });
    repository.git("add", "m/6_staged.sql");
    repository.write({ "m/6_staged.sql": "edited since" });
    expect(await here(join(repository.path, "m"))).toEqual({
      "1_a.sql": "edited",
      "3_ignored.sql": "tracked all the same",
      "4_new.sql": "four",
      "6_staged.sql": "edited since",
    });
  });

  test.each<[title: string, config: readonly string[], attributes: string, committed: string]>([
    ["nothing is set", [], "", "a\r\nb\r\n"],
    ["core.autocrlf", ["core.autocrlf", "true"], "", "a\nb\n"],
    ["core.autocrlf=input", ["core.autocrlf", "input"], "", "a\nb\n"],
    ["text", [], "*.sql text", "a\nb\n"],
    ["text=auto", [], "*.sql text=auto eol=crlf", "a\nb\n"],
    ["-text", ["core.autocrlf", "true"], "*.sql -text", "a\r\nb\r\n"],
    ["core.safecrlf", ["core.safecrlf", "true"], "*.sql text", "a\nb\n"],
  ])("line ends as they are committed: %s", async (_, config, attributes, committed) => {
    using repository = repositoryOf({ ".gitattributes": attributes, "m/1_a.sql": "one\n" });
    if (config.length > 0) repository.git("config", ...config);
    repository.write({ "m/2_b.sql": "a\r\nb\r\n" });
    expect((await here(join(repository.path, "m")))["2_b.sql"]).toBe(committed);
    // Git itself is the judge.
    repository.git("-c", "core.safecrlf=false", "add", "--all");
    expect(repository.git("cat-file", "blob", ":m/2_b.sql")).toBe(committed);
  });

  test("a file that is committed with CRLF stays so under core.autocrlf", async () => {
    using repository = repositoryOf({ "m/1_a.sql": "one\r\n" });
    repository.git("config", "core.autocrlf", "true");
    expect(await here(join(repository.path, "m"))).toEqual({ "1_a.sql": "one\r\n" });
  });

  test("$Id$ comes out as it is in the commit", async () => {
    using repository = repositoryOf({ ".gitattributes": "*.sql ident", "m/1_a.sql": "-- $Id$\n" });
    repository.git("checkout-index", "--force", "--all");
    repository.write({ "m/1_a.sql": "-- $Id: 0123456789 $\n" });
    expect(await here(join(repository.path, "m"))).toEqual({ "1_a.sql": "-- $Id$\n" });
  });

  test("what a sparse checkout leaves out is there", async () => {
    using repository = repositoryOf({ "m/1_a.sql": "one", "other/x": "" });
    repository.git("sparse-checkout", "set", "--cone", "other");
    expect(await here(join(repository.path, "m"))).toEqual({ "1_a.sql": "one" });
  });
});

describe("refs", () => {
  test("what names a commit is found", async () => {
    using repository = repositoryOf({ "m/1_a.sql": "one" });
    repository.git("tag", "-a", "v1", "-m", "v1");
    repository.commit({ "m/2_b.sql": "two" });
    const folder = join(repository.path, "m");
    for (const ref of [
      "v1",
      "HEAD~1",
      "main^",
      ":/files",
      repository.git("rev-parse", "v1").trim(),
    ])
      expect(Object.keys(textsOf(await at(folder, ref))).length).toBeGreaterThan(0);
    expect(textsOf(await at(folder, "v1"))).toEqual({ "1_a.sql": "one" });
  });

  test.each(["nothing", "", "--all", "-h", "--output=x", "HEAD:m", "main; touch x", "$(touch x)"])(
    "%j is none",
    async (ref) => {
      using repository = repositoryOf({ "m/1_a.sql": "one" });
      expect(await problemOf(at(join(repository.path, "m"), ref))).toMatchObject({
        code: "no-such-ref",
        ref,
      });
      expect(repository.git("status", "--porcelain")).toBe("");
    },
  );

  test("a branch of a remote is named", async () => {
    using repository = repositoryOf({ "m/1_a.sql": "one" });
    const clone = join(repository.around, "clone");
    repository.git("clone", "--quiet", ".", clone);
    const inClone = (...args: readonly string[]): string =>
      run("git", ["-C", clone, ...args], { env: gitEnvironment });
    inClone("checkout", "--quiet", "-b", "mine");
    inClone("branch", "--quiet", "-D", "main");
    expect(await problemOf(at(join(clone, "m"), "main"))).toMatchObject({ instead: "origin/main" });
    expect(await problemOf(at(join(clone, "m"), "origin/next/one"))).toMatchObject({
      fetch: { remote: "origin", branch: "next/one" },
      instead: undefined,
    });
  });
});

describe("what keeps from reading", () => {
  test("no git on the PATH", async () => {
    using repository = repositoryOf({ "m/1_a.sql": "one" });
    const environment = { ...gitEnvironment, PATH: repository.around };
    expect(await problemOf(at(join(repository.path, "m"), "main", environment))).toEqual({
      code: "no-git",
    });
  });

  test("no repository", async () => {
    using folder = folderOf({ "1_a.sql": "" });
    expect(await problemOf(at(folder.path, "main"))).toEqual({
      code: "no-repository",
      folder: folder.path,
    });
  });

  test("a folder outside of the repository that is named", async () => {
    using repository = repositoryOf({ "m/1_a.sql": "one" });
    using folder = folderOf({ "1_a.sql": "" });
    const git = { GIT_DIR: join(repository.path, ".git"), GIT_WORK_TREE: repository.path };
    const environment = { ...gitEnvironment, ...git };
    expect(await problemOf(at(folder.path, "main", environment))).toMatchObject({
      code: "outside-repository",
      root: repository.path,
    });
    const bare = repository.bare();
    const named = { ...gitEnvironment, GIT_DIR: bare };
    for (const path of [folder.path, "../m"])
      expect(await problemOf(at(path, "main", named))).toMatchObject({
        code: "outside-repository",
      });
  });

  test("a repository of somebody else's", async () => {
    using repository = repositoryOf({ "m/1_a.sql": "one" });
    const environment = { ...gitEnvironment, GIT_TEST_ASSUME_DIFFERENT_OWNER: "1" };
    expect(await problemOf(at(join(repository.path, "m"), "main", environment))).toEqual({
      code: "not-trusted",
      message: `detected dubious ownership in repository at '${repository.path}'`,
      command: `git config --global --add safe.directory ${repository.path}`,
    });
  });

  test("a repository that is broken", async () => {
    using repository = repositoryOf({ "m/1_a.sql": "one" });
    const id = repository.git("rev-parse", "HEAD:m/1_a.sql").trim();
    const object = join(repository.path, ".git/objects", id.slice(0, 2), id.slice(2));
    renameSync(object, `${object}.gone`);
    expect(await problemOf(at(join(repository.path, "m"), "main"))).toMatchObject({
      code: "git-failed",
    });
  });

  test("an interruption ends git", async () => {
    using repository = repositoryOf({ "m/1_a.sql": "one" });
    const interrupted = {
      signal: "SIGTERM" as const,
      onSignal: (callback: () => void) => {
        callback();
        return () => undefined;
      },
    };
    const reading = gitRepository(repository.path, { ...around, interruption: interrupted });
    expect(await problemOf(reading)).toEqual({ code: "interrupted", signal: "SIGTERM" });
  });
});

describe("merge bases", () => {
  test("of two branches, of unrelated ones, and of a clone without the commit", async () => {
    using repository = repositoryOf({ "m/1_a.sql": "one" });
    const first = repository.git("rev-parse", "HEAD").trim();
    repository.git("checkout", "--quiet", "-b", "mine");
    repository.commit({ "m/2_b.sql": "two" });
    repository.git("checkout", "--quiet", "main");
    repository.commit({ "m/3_c.sql": "three" });
    const read = await gitRepository(join(repository.path, "m"), around);
    expect(await read.mergeBase("main", "mine")).toBe(first);
    expect(await read.isShallow()).toBe(false);
    repository.git("checkout", "--quiet", "--orphan", "orphan");
    repository.commit({});
    expect(await read.mergeBase("main", "orphan")).toBeUndefined();
    const clone = join(repository.around, "clone");
    repository.git(
      "clone",
      "--quiet",
      "--depth=1",
      "--no-single-branch",
      `file://${repository.path}`,
      clone,
    );
    const shallow = await gitRepository(join(clone, "m"), around);
    expect(await shallow.mergeBase("origin/main", "origin/mine")).toBeUndefined();
    expect(await shallow.isShallow()).toBe(true);
  });
});

test("nothing that the repository brings along is run", async () => {
  using repository = repositoryOf({
    ".gitattributes": "*.sql filter=trap diff=trap",
    "m/1_a.sql": "one\n",
  });
  const trace = join(repository.around, "ran");
  const trap = join(repository.around, "trap");
  writeFileSync(trap, `#!/bin/sh\necho "$0 $*" >> "${trace}"\ncat\n`, { mode: 0o755 });
  for (const key of ["filter.trap.clean", "diff.trap.textconv", "core.fsmonitor", "core.pager"])
    repository.git("config", key, trap);
  const hooks = join(repository.path, ".git/hooks");
  mkdirSync(hooks, { recursive: true });
  for (const hook of ["post-index-change", "fsmonitor-watchman"])
    writeFileSync(join(hooks, hook), `#!/bin/sh\necho ran >> "${trace}"\n`, { mode: 0o755 });
  repository.write({ "m/1_a.sql": "edited\n", "m/2_b.sql": "two\n" });
  const folder = join(repository.path, "m");
  expect(await here(folder)).toEqual({ "1_a.sql": "edited\n", "2_b.sql": "two\n" });
  expect(textsOf(await at(folder, "main"))).toEqual({ "1_a.sql": "one\n" });
  expect(run("sh", ["-c", `cat ${relative(".", trace)} 2>/dev/null || true`])).toBe("");
  // The trap springs where nothing is said against it.
  repository.git("add", "--all");
  expect(run("cat", [trace])).toContain("trap");
});
