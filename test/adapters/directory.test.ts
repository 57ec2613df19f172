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

test("many files are read as few are, whatever they are", async () => {
  const numbers = Array.from({ length: 150 }, (_, index) => index + 1);
  const text = (number: number): string => "x".repeat(number % 7 === 0 ? number * 4096 : number);
  using folder = folderOf(
    Object.fromEntries(numbers.map((number) => [`${number}_a.sql`, text(number)])),
  );
  using elsewhere = folderOf({ "linked.sql": "select 'linked';" });
  fs.symlinkSync(join(elsewhere.path, "linked.sql"), join(folder.path, "200_link.sql"));
  fs.writeFileSync(join(folder.path, "notes.txt"), "none of it");
  const found = await directorySource(folder.path).list();
  const byName = new Map(
    found.map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)] as const),
  );
  expect([...byName.keys()]).toEqual([...byName.keys()].toSorted());
  expect(byName.get("200_link.sql")).toBe("select 'linked';");
  expect(byName.size).toBe(151);
  for (const number of numbers) expect(byName.get(`${number}_a.sql`)).toBe(text(number));

  const [pipe, folderNamed, zeros] = ["201_pipe.sql", "202_folder.sql", "203_zeros.sql"].map(
    (name) => join(folder.path, name),
  );
  expect(spawnSync("mkfifo", [pipe ?? ""]).status).toBe(0);
  fs.mkdirSync(folderNamed ?? "");
  fs.symlinkSync("/dev/zero", zeros ?? "");
  fs.writeFileSync(join(folder.path, "204_large.sql"), "");
  fs.truncateSync(join(folder.path, "204_large.sql"), 256 * 1_048_576 + 1);
  const refused = [pipe, folderNamed, zeros].map((path) => ({
    code: "bad-name",
    path,
    reason: "not a file",
  }));
  const large = join(folder.path, "204_large.sql");
  const tooLarge = { code: "too-large", path: large, bytes: 256 * 1_048_576 + 1 };
  expect(await problemsIn(folder.path)).toEqual([...refused, tooLarge]);
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
