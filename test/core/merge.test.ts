import { describe, expect, test } from "bun:test";
import { merge, type Merged } from "../../src/core/merge.ts";
import type { SourceFile } from "../../src/core/migration.ts";
import { bytesOf, type Files } from "./made.ts";

const sources = (files: Files): readonly SourceFile[] =>
  Object.entries(files).map(([name, text]) => ({
    name,
    path: `m/${name}`,
    bytes: typeof text === "string" ? bytesOf(text) : text,
  }));

/** `null` takes a file away. */
type Change = Readonly<Record<string, string | null>>;

function changed(files: Files, change: Change): Files {
  return Object.fromEntries(
    Object.entries({ ...files, ...change }).flatMap(([name, text]) =>
      text === null ? [] : [[name, text] as const],
    ),
  );
}

/** Both start from the ancestor. */
function judge(ancestor: Files, inBase: Change, inHead: Change): Merged {
  return merge({
    label: "main",
    ancestor: sources(ancestor),
    base: sources(changed(ancestor, inBase)),
    head: sources(changed(ancestor, inHead)),
  });
}

const found = (merged: Merged): readonly object[] =>
  merged.findings.map((one) => {
    switch (one.code) {
      case "base-edited":
      case "new-line-ends":
        return { code: one.code, path: one.path, line: one.place.line };
      case "base-renamed":
        return { code: one.code, path: one.path, original: one.original };
      case "version-taken":
        return {
          code: one.code,
          path: one.path,
          other: one.other,
          owner: one.owner,
          free: one.free,
        };
      default:
        return one;
    }
  });

const names = (files: readonly SourceFile[]): readonly string[] => files.map((file) => file.name);

const first: Files = {
  "001_a.up.sql": "create table a (id int);\n",
  "001_a.down.sql": "drop table a;\n",
  "002_b.up.sql": "create table b (\n  id int\n);\n",
};
const all = Object.keys(first).toSorted();

describe("what is no finding", () => {
  test.each<
    [title: string, ancestor: Files, inBase: Change, inHead: Change, added: readonly string[]]
  >([
    ["nothing on either side", first, {}, {}, []],
    ["a branch behind its base", first, { "003_c.up.sql": "c" }, {}, []],
    ["a new file", first, {}, { "003_c.up.sql": "c" }, ["003_c.up.sql"]],
    [
      "new files on both sides",
      first,
      { "004_d.up.sql": "d" },
      { "003_c.up.sql": "c" },
      ["003_c.up.sql"],
    ],
    ["the same file on both sides", first, { "003_c.up.sql": "c" }, { "003_c.up.sql": "c" }, []],
    ["the same edit on both sides", first, { "001_a.up.sql": "x" }, { "001_a.up.sql": "x" }, []],
    ["an edit in the base", first, { "001_a.up.sql": "x" }, {}, []],
    ["a file gone in the base", first, { "002_b.up.sql": null }, {}, []],
    ["a file gone on both sides", first, { "002_b.up.sql": null }, { "002_b.up.sql": null }, []],
    ["a down file edited", first, {}, { "001_a.down.sql": "x" }, []],
    ["a down file gone", first, {}, { "001_a.down.sql": null }, []],
    ["a down file more", first, {}, { "002_b.down.sql": "drop table b;" }, ["002_b.down.sql"]],
    ["a down file on both sides", first, { "002_b.down.sql": "x" }, { "002_b.down.sql": "y" }, []],
    ["LF where there was CRLF", { "1_a.sql": "a\r\nb\r\n" }, {}, { "1_a.sql": "a\nb\n" }, []],
    [
      "CRLF where all have it",
      { "1_a.sql": "a\r\n", "2_b.sql": "b" },
      {},
      { "3_c.sql": "c\r\n" },
      ["3_c.sql"],
    ],
    ["`.up` in the name", { "1_a.sql": "a" }, {}, { "1_a.sql": null, "1_a.up.sql": "a" }, []],
    [
      "zeros in front of the number",
      { "1_a.sql": "a" },
      {},
      { "1_a.sql": null, "001_a.sql": "a" },
      [],
    ],
    ["what is no SQL", first, {}, { "readme.md": "\ufeff1\r\n" }, []],
    [
      "a bad name that is mended",
      { "x.sql": "a" },
      {},
      { "x.sql": null, "1_x.sql": "a" },
      ["1_x.sql"],
    ],
    ["a lone carriage return", first, {}, { "3_c.sql": "c\rd" }, ["3_c.sql"]],
  ])("%s", (_, ancestor, inBase, inHead, added) => {
    const merged = judge(ancestor, inBase, inHead);
    expect(merged.findings).toEqual([]);
    expect(names(merged.added)).toEqual([...added]);
  });

  test("of two that the base has under one number, one may get another, or go", () => {
    const twice: Files = { "1_a.sql": "a", "1_b.sql": "b" };
    const renumbered = judge(twice, {}, { "1_b.sql": null, "2_b.sql": "b" });
    expect(renumbered.findings).toEqual([]);
    expect(names(renumbered.files)).toEqual(["1_a.sql", "2_b.sql"]);
    const removed = judge(twice, {}, { "1_b.sql": null });
    expect(removed.findings).toEqual([]);
    expect(names(removed.files)).toEqual(["1_a.sql"]);
  });
});

describe("history", () => {
  test.each<[title: string, inBase: Change, inHead: Change, expected: object]>([
    [
      "an edit",
      {},
      { "002_b.up.sql": "create table b (\n  id bigint\n);\n" },
      { code: "base-edited", path: "m/002_b.up.sql", line: 2 },
    ],
    [
      "an edit of what the base has edited too",
      { "001_a.up.sql": "x" },
      { "001_a.up.sql": "y" },
      { code: "base-edited", path: "m/001_a.up.sql", line: 1 },
    ],
    [
      "text behind the end",
      {},
      { "001_a.up.sql": "create table a (id int);\n-- more" },
      { code: "base-edited", path: "m/001_a.up.sql", line: 2 },
    ],
    [
      "a new name",
      {},
      { "002_b.up.sql": null, "002_x.up.sql": "create table b (\n  id int\n);\n" },
      { code: "base-renamed", path: "m/002_x.up.sql", original: "m/002_b.up.sql" },
    ],
    [
      "a new name and other text",
      {},
      { "002_b.up.sql": null, "2_x.sql": "x" },
      { code: "base-renamed", path: "m/2_x.sql", original: "m/002_b.up.sql" },
    ],
    [
      "a new number",
      {},
      { "002_b.up.sql": null, "003_b.up.sql": "create table b (\r\n  id int\r\n);\r\n" },
      { code: "base-renamed", path: "m/003_b.up.sql", original: "m/002_b.up.sql" },
    ],
    [
      "another spelling and other text",
      {},
      { "002_b.up.sql": null, "2_b.sql": "x" },
      { code: "base-edited", path: "m/2_b.sql", line: 1 },
    ],
    [
      "no file any more",
      {},
      { "002_b.up.sql": null },
      { code: "base-deleted", path: "m/002_b.up.sql", base: "main" },
    ],
    [
      "no file any more, and a new one",
      {},
      { "002_b.up.sql": null, "003_c.up.sql": "c" },
      { code: "base-deleted", path: "m/002_b.up.sql", base: "main" },
    ],
  ])("%s", (_, inBase, inHead, expected) => {
    const merged = judge(first, inBase, inHead);
    expect(found(merged)).toEqual([expected]);
    // Databases have what the base has: the rest is judged with that.
    const theirs = sources(changed(first, inBase));
    for (const file of theirs.filter((one) => one.name.includes("up")))
      expect(merged.files).toContainEqual(file);
  });

  test("a rename takes its down file along", () => {
    const merged = judge(
      first,
      {},
      {
        "001_a.up.sql": null,
        "001_a.down.sql": null,
        "005_a.up.sql": "create table a (id int);\n",
        "005_a.down.sql": "drop table a;\n",
      },
    );
    expect(found(merged)).toMatchObject([{ code: "base-renamed", path: "m/005_a.up.sql" }]);
    expect(names(merged.added)).toEqual([]);
  });

  test("two renames are two findings", () => {
    const merged = judge(
      { "1_a.sql": "same", "2_b.sql": "same" },
      {},
      {
        "1_a.sql": null,
        "2_b.sql": null,
        "3_a.sql": "same",
        "4_b.sql": "same",
      },
    );
    expect(found(merged)).toEqual([
      { code: "base-renamed", path: "m/3_a.sql", original: "m/1_a.sql" },
      { code: "base-renamed", path: "m/4_b.sql", original: "m/2_b.sql" },
    ]);
  });

  test("an empty file is not found again by its text", () => {
    const merged = judge({ "1_a.sql": "" }, {}, { "1_a.sql": null, "2_b.sql": "" });
    expect(found(merged)).toEqual([{ code: "base-deleted", path: "m/1_a.sql", base: "main" }]);
  });
});

describe("versions", () => {
  test("that the base has got meanwhile", () => {
    const merged = judge(
      first,
      { "003_c.up.sql": "c", "5_e.sql": "e" },
      { "003_x.up.sql": "x", "3_y.up.sql": "y" },
    );
    expect(found(merged)).toEqual([
      {
        code: "version-taken",
        path: "m/003_x.up.sql",
        other: "m/003_c.up.sql",
        owner: "base",
        free: "006",
      },
      {
        code: "version-taken",
        path: "m/3_y.up.sql",
        other: "m/003_c.up.sql",
        owner: "base",
        free: "7",
      },
    ]);
  });

  test("that it had before", () => {
    expect(found(judge(first, {}, { "2_x.up.sql": "x" }))).toMatchObject([
      { code: "version-taken", path: "m/2_x.up.sql", other: "m/002_b.up.sql", owner: "base" },
    ]);
  });

  test("that two files of the branch have", () => {
    expect(
      found(judge(first, {}, { "003_x.up.sql": "x", "003_y.up.sql": "y", "003_y.down.sql": "" })),
    ).toEqual([
      {
        code: "version-taken",
        path: "m/003_y.up.sql",
        other: "m/003_x.up.sql",
        owner: "branch",
        free: "004",
      },
    ]);
  });

  test("under the same name with other text", () => {
    const merged = judge(first, { "003_c.up.sql": "c" }, { "003_c.up.sql": "x" });
    expect(found(merged)).toEqual([
      {
        code: "version-taken",
        path: "m/003_c.up.sql",
        other: "m/003_c.up.sql",
        owner: "base",
        free: "004",
      },
    ]);
  });

  test("under the same name with other line ends is one migration", () => {
    const merged = judge(first, { "003_c.up.sql": "c\n" }, { "003_c.up.sql": "c\r\n" });
    expect(found(merged)).toEqual([{ code: "new-line-ends", path: "m/003_c.up.sql", line: 1 }]);
    expect(found(judge(first, { "3_c.sql": "c\r\n" }, { "3_c.sql": "c\n" }))).toEqual([]);
  });

  test("a number that is free again is free", () => {
    const merged = judge(first, { "002_b.up.sql": null }, { "002_b.up.sql": null, "2_x.sql": "x" });
    expect(found(merged)).toEqual([]);
  });
});

describe("line ends and byte order marks", () => {
  test.each<[title: string, ancestor: Files, inHead: Change, expected: readonly object[]]>([
    [
      "CRLF in a new file",
      first,
      { "3_c.sql": "a\nb\r\n" },
      [{ code: "new-line-ends", path: "m/3_c.sql", line: 2 }],
    ],
    [
      "in a new down file",
      first,
      { "002_b.down.sql": "\r\n" },
      [{ code: "new-line-ends", path: "m/002_b.down.sql", line: 1 }],
    ],
    [
      "a mark in a new file",
      first,
      { "3_c.sql": "\ufeffa" },
      [{ code: "new-line-ends", path: "m/3_c.sql", line: 1 }],
    ],
    [
      "a mark, where all have CRLF",
      { "1_a.sql": "\ufeffa\r\n" },
      { "3_c.sql": "\ufeffa\r\n" },
      [{ code: "new-line-ends", path: "m/3_c.sql", line: 1 }],
    ],
    [
      "CRLF, where some have it",
      { "1_a.sql": "a\r\n", "2_b.sql": "b\n" },
      { "3_c.sql": "c\r\n" },
      [{ code: "new-line-ends", path: "m/3_c.sql", line: 1 }],
    ],
    [
      "CRLF in the first file of all",
      {},
      { "1_a.sql": "a\r\n" },
      [{ code: "new-line-ends", path: "m/1_a.sql", line: 1 }],
    ],
    [
      "CRLF where there was LF",
      { "1_a.sql": "a\nb\n" },
      { "1_a.sql": "a\r\nb\r\n" },
      [{ code: "new-line-ends", path: "m/1_a.sql", line: 1 }],
    ],
    [
      "a mark where there was none",
      { "1_a.sql": "a\n" },
      { "1_a.sql": "\ufeffa\n" },
      [{ code: "new-line-ends", path: "m/1_a.sql", line: 1 }],
    ],
    [
      "no mark where there was one",
      { "1_a.sql": "\ufeffa\n" },
      { "1_a.sql": "a\n" },
      [{ code: "base-edited", path: "m/1_a.sql", line: 1 }],
    ],
    [
      "CRLF with an edit",
      { "1_a.sql": "a\n" },
      { "1_a.sql": "b\r\n" },
      [{ code: "base-edited", path: "m/1_a.sql", line: 1 }],
    ],
  ])("%s", (_, ancestor, inHead, expected) => {
    expect(found(judge(ancestor, {}, inHead))).toEqual([...expected]);
  });

  test("both at once are two", () => {
    expect(judge({}, {}, { "1_a.sql": "\ufeffa\r\n" }).findings).toMatchObject([
      { found: "a byte order mark" },
      { found: "CRLF line ends" },
    ]);
  });
});

test("what is merged is what git merges, where there are no findings", () => {
  const merged = judge(
    first,
    { "003_c.up.sql": "c", "001_a.up.sql": "edited", "002_b.up.sql": null },
    { "004_d.up.sql": "d", "001_a.down.sql": "edited" },
  );
  expect(merged.findings).toEqual([]);
  expect(names(merged.files)).toEqual([
    "001_a.down.sql",
    "001_a.up.sql",
    "003_c.up.sql",
    "004_d.up.sql",
  ]);
  expect(names(judge(first, {}, {}).files)).toEqual(all);
});
