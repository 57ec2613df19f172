import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { directorySource } from "../../src/adapters/directory.ts";
import { Refusal } from "../../src/ports.ts";
import { folderOf } from "../support/folders.ts";

test("a file is read to its end, whatever its size", async () => {
  const texts = [0, 1, 4095, 4096, 4097, 300_000].map((size) =>
    "select 'words'; ".repeat(20_000).slice(0, size),
  );
  using folder = folderOf(Object.fromEntries(texts.map((text, at) => [`${at}_a.sql`, text])));
  expect(await textsIn(folder.path)).toEqual(texts);
});

test("of a longer file nothing is left in the next one", async () => {
  using folder = folderOf({ "1_a.sql": "select 'a longer one';", "2_b.sql": "select 2;" });
  expect(await textsIn(folder.path)).toEqual(["select 'a longer one';", "select 2;"]);
});

test("what is wrong with a folder is a rejection, whoever asks", async () => {
  const source = directorySource("/nowhere/at/all");
  let rejected: unknown;
  // Who reads ahead looks at it later.
  const reading = source.list().catch((error: unknown) => {
    rejected = error;
  });
  await reading;
  expect(rejected).toBeInstanceOf(Refusal);
});

describe("what is no file is said to be none", () => {
  test("a pipe, although there is something to read in it", async () => {
    using folder = folderOf({});
    const path = join(folder.path, "1_a.sql");
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    const both = fs.openSync(path, fs.constants.O_RDWR);
    try {
      fs.writeSync(both, "select 1;");
      expect(await problemsIn(folder.path)).toEqual([
        { code: "bad-name", path, reason: "not a file" },
      ]);
    } finally {
      fs.closeSync(both);
    }
  });

  test.each([".", "/dev/null", "/dev/zero"])("%s", async (target) => {
    using folder = folderOf({});
    const path = join(folder.path, "1_a.sql");
    fs.symlinkSync(target, path);
    expect(await problemsIn(folder.path)).toEqual([
      { code: "bad-name", path, reason: "not a file" },
    ]);
  });
});

async function textsIn(folder: string): Promise<readonly string[]> {
  const files = await directorySource(folder).list();
  return files.map(({ bytes }) => new TextDecoder().decode(bytes));
}

async function problemsIn(folder: string): Promise<unknown> {
  try {
    return await directorySource(folder).list();
  } catch (error) {
    if (error instanceof Refusal) return error.problems;
    throw error;
  }
}
