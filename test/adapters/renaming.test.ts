/** `renumber` on real files and real repositories: all or nothing, and never over another file. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { directorySource } from "../../src/adapters/directory.ts";
import { renamerIn } from "../../src/adapters/renaming.ts";
import { renumberCommand } from "../../src/commands/renumber.ts";
import { Refusal } from "../../src/ports.ts";
import type { Outcome } from "../../src/outcome.ts";
import { folderOf } from "../support/folders.ts";
import { gitEnvironment, repositoryOf } from "../support/repository.ts";

const around = {
  environment: gitEnvironment,
  interruption: { signal: undefined, onSignal: () => () => undefined },
};

function renumber(
  folder: string,
  old: string,
  wanted?: string,
  environment: Record<string, string> = gitEnvironment,
): Promise<Outcome> {
  const renamer = renamerIn(folder, { ...around, environment });
  const request = { command: "renumber", folder, old, wanted } as const;
  return renumberCommand(directorySource(folder), renamer, request);
}

async function codesOf(outcome: Promise<unknown>): Promise<readonly string[]> {
  const error = await outcome.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Refusal)) throw new Error(`not refused: ${String(error)}`);
  return error.problems.map((one) => one.code);
}

const crlf = "select 1;\r\n";

describe("in a repository", () => {
  test("git mv renames both files, and their bytes stay", async () => {
    using repository = repositoryOf({
      "m/104_a.up.sql": "select 0;\n",
      "m/104_b.up.sql": crlf,
      "m/104_b.down.sql": "",
    });
    repository.git("config", "core.autocrlf", "true");
    const outcome = await renumber(join(repository.path, "m"), "104_b");
    expect(outcome).toMatchObject({ by: "git mv", was: "104", version: "105" });
    expect(repository.git("status", "--porcelain")).toBe(
      "R  m/104_b.down.sql -> m/105_b.down.sql\nR  m/104_b.up.sql -> m/105_b.up.sql\n",
    );
    expect(readFileSync(join(repository.path, "m/105_b.up.sql"), "utf8")).toBe(crlf);
  });

  test("files that git does not know are renamed without it", async () => {
    using repository = repositoryOf({ "m/1_a.up.sql": "" });
    repository.write({ "m/2_b.up.sql": "select 2;\n" });
    const outcome = await renumber(join(repository.path, "m"), "2", "7");
    expect(outcome).toMatchObject({ by: "rename" });
    expect(repository.git("status", "--porcelain")).toBe("?? m/7_b.up.sql\n");
  });

  test("a tracked up file and a new down file go together", async () => {
    using repository = repositoryOf({ "m/1_a.up.sql": "select 1;\n" });
    repository.write({ "m/1_a.down.sql": "" });
    await renumber(join(repository.path, "m"), "1");
    expect(repository.git("status", "--porcelain")).toBe(
      "R  m/1_a.up.sql -> m/2_a.up.sql\n?? m/2_a.down.sql\n",
    );
  });

  test("where the second cannot be renamed, the first gets its name back", async () => {
    using repository = repositoryOf({ "m/1_a.up.sql": "select 1;\n", "m/1_a.down.sql": "" });
    const folder = join(repository.path, "m");
    const renamer = renamerIn(folder, around);
    const moves = [
      { from: join(folder, "1_a.up.sql"), to: join(folder, "2_a.up.sql") },
      { from: join(folder, "1_a.down.sql"), to: join(folder, "no/2_a.down.sql") },
    ];
    expect(await codesOf(renamer.rename(moves))).toEqual(["cannot-write"]);
    expect(repository.git("status", "--porcelain")).toBe("");
    expect(readdirSync(folder).toSorted()).toEqual(["1_a.down.sql", "1_a.up.sql"]);
  });

  test("a lock of the index stops it, in git's words", async () => {
    using repository = repositoryOf({ "m/1_a.up.sql": "" });
    writeFileSync(join(repository.path, ".git/index.lock"), "");
    expect(await codesOf(renumber(join(repository.path, "m"), "1"))).toEqual(["git-failed"]);
    expect(readdirSync(join(repository.path, "m"))).toEqual(["1_a.up.sql"]);
  });

  test("a folder that is a link in the repository", async () => {
    using repository = repositoryOf({ "db/m/1_a.up.sql": "select 1;\n" });
    symlinkSync("db/m", join(repository.path, "m"));
    expect(await renumber(join(repository.path, "m"), "1")).toMatchObject({ by: "git mv" });
    expect(repository.git("status", "--porcelain", "--", "db")).toBe(
      "R  db/m/1_a.up.sql -> db/m/2_a.up.sql\n",
    );
  });

  test.each(["it's a name", 'with "quotes"', "größe", "--force", "a\\b"])("%s", async (name) => {
    using repository = repositoryOf({ [`m ü/1_${name}.up.sql`]: "select 1;\n" });
    expect(await renumber(join(repository.path, "m ü"), `1_${name}`)).toMatchObject({
      by: "git mv",
    });
    expect(readdirSync(join(repository.path, "m ü"))).toEqual([`2_${name}.up.sql`]);
  });

  test("hooks of the repository do not run", async () => {
    using repository = repositoryOf({ "m/1_a.up.sql": "" });
    const trace = join(repository.around, "ran");
    const hook = join(repository.path, ".git/hooks/post-index-change");
    mkdirSync(join(repository.path, ".git/hooks"), { recursive: true });
    writeFileSync(hook, `#!/bin/sh\necho ran > "${trace}"\n`, { mode: 0o755 });
    repository.git("mv", "m/1_a.up.sql", "m/3_a.up.sql");
    // The trap springs where nothing is said against it.
    expect(readFileSync(trace, "utf8")).toBe("ran\n");
    writeFileSync(trace, "");
    await renumber(join(repository.path, "m"), "3");
    expect(readFileSync(trace, "utf8")).toBe("");
  });
});

describe("without one", () => {
  test("the files are renamed", async () => {
    using folder = folderOf({ "007_a.up.sql": crlf, "007_a.down.sql": "" });
    expect(await renumber(folder.path, "7")).toMatchObject({ by: "rename" });
    expect(readdirSync(folder.path).toSorted()).toEqual(["008_a.down.sql", "008_a.up.sql"]);
    expect(readFileSync(join(folder.path, "008_a.up.sql"), "utf8")).toBe(crlf);
  });

  test("no git on the PATH is no obstacle", async () => {
    using folder = folderOf({ "1_a.up.sql": "" });
    const outcome = await renumber(folder.path, "1", "5", { PATH: folder.path });
    expect(outcome).toMatchObject({ by: "rename" });
    expect(readdirSync(folder.path)).toEqual(["5_a.up.sql"]);
  });

  test("where the second cannot be renamed, the first gets its name back", async () => {
    using folder = folderOf({ "1_a.up.sql": "", "1_a.down.sql": "" });
    const moves = [
      { from: join(folder.path, "1_a.up.sql"), to: join(folder.path, "2_a.up.sql") },
      { from: join(folder.path, "1_a.down.sql"), to: join(folder.path, "no/2_a.down.sql") },
    ];
    expect(await codesOf(renamerIn(folder.path, around).rename(moves))).toEqual(["cannot-write"]);
    expect(readdirSync(folder.path).toSorted()).toEqual(["1_a.down.sql", "1_a.up.sql"]);
  });

  test("nothing is overwritten, not even what is no migration", async () => {
    using folder = folderOf({ "1_a.up.sql": "one", "2_a.up.sql.orig": "" });
    mkdirSync(join(folder.path, "2_a.up.sql"));
    const moves = [{ from: join(folder.path, "1_a.up.sql"), to: join(folder.path, "2_a.up.sql") }];
    expect(await codesOf(renamerIn(folder.path, around).rename(moves))).toEqual(["cannot-write"]);
    expect(readFileSync(join(folder.path, "1_a.up.sql"), "utf8")).toBe("one");
  });
});
