import { describe, expect, test } from "bun:test";
import { findVersion, scan } from "../../src/core/scan.ts";
import { bytesOf, codesOf, type Files, scanOf, setOf, valueOf, versionOf } from "./made.ts";

describe("file names", () => {
  test.each([
    { file: "7_a.up.sql", version: "7", name: "a", id: "7_a" },
    { file: "007_add_users.up.sql", version: "7", name: "add_users", id: "007_add_users" },
    { file: "7_a.sql", version: "7", name: "a", id: "7_a" },
    { file: "0_a.sql", version: "0", name: "a", id: "0_a" },
    {
      file: "12345678901234567890_a.sql",
      version: "12345678901234567890",
      name: "a",
      id: "12345678901234567890_a",
    },
    { file: "7_a.b.up.sql", version: "7", name: "a.b", id: "7_a.b" },
    { file: "7_8_9.sql", version: "7", name: "8_9", id: "7_8_9" },
    { file: "7__a.sql", version: "7", name: "_a", id: "7__a" },
    { file: "7_up.sql", version: "7", name: "up", id: "7_up" },
    { file: "7_über uns 😀.sql", version: "7", name: "über uns 😀", id: "7_über uns 😀" },
  ])("$file is version $version named '$name'", ({ file, version, name, id }) => {
    const [migration] = setOf({ [file]: "select 1" }).values();
    expect(migration).toMatchObject({
      version,
      name,
      id,
      up: { path: `m/${file}` },
      down: undefined,
    });
  });

  test.each([
    "add_users.sql",
    "7.sql",
    "7_.sql",
    "7_.up.sql",
    "7-a.sql",
    "_a.sql",
    "v7_a.sql",
    "-7_a.sql",
    "7.1_a.sql",
    " 7_a.sql",
    "7_a.SQL",
    "7_a\nb.sql",
    "7_a\u001b[2J.sql",
    "7_a\u009b2J.sql",
    ".sql",
    "٧_a.sql",
    "7_a.UP.sql",
    "7_a.Down.sql",
  ])("%j fits no pattern and is named", (file) => {
    expect(scanOf({ [file]: "" })).toEqual({
      ok: false,
      problems: [{ code: "bad-name", path: `m/${file}`, reason: "pattern" }],
    });
  });

  test.each(["README.md", "7_a.sql.bak", "7_a.up.sql~", ".7_a.sql.swp", "sql", "7_a.psql"])(
    "%s is ignored",
    (file) => {
      expect(valueOf(scanOf({ [file]: "" }))).toMatchObject({ notes: [] });
      expect(setOf({ [file]: "" }).size).toBe(0);
    },
  );
});

describe("two files with one version", () => {
  test.each([
    { name: "the same number", files: { "7_a.sql": "", "7_b.sql": "" } },
    { name: "leading zeros", files: { "007_a.up.sql": "", "7_b.up.sql": "" } },
    { name: "the same name", files: { "07_a.sql": "", "7_a.sql": "" } },
    { name: "both endings of an up file", files: { "7_a.sql": "", "7_a.up.sql": "" } },
    {
      name: "twenty digits",
      files: { "12345678901234567890_a.sql": "", "012345678901234567890_b.sql": "" },
    },
  ])("are refused, and both are named: $name", ({ files }: { files: Files }) => {
    const paths = Object.keys(files)
      .filter((file) => !file.includes("_c."))
      .map((file) => `m/${file}`)
      .toSorted();
    const result = scanOf(files);
    expect(result).toMatchObject({ ok: false, problems: [{ code: "duplicate", paths }] });
    expect(codesOf(result)).toHaveLength(1);
  });

  test("two down files are refused where both belong to the up file, and noted where they do not", () => {
    const both = scanOf({ "7_a.up.sql": "", "7_a.down.sql": "", "07_a.down.sql": "" });
    const paths = ["m/07_a.down.sql", "m/7_a.down.sql"];
    expect(both).toMatchObject({ ok: false, problems: [{ code: "duplicate", paths }] });
    const strangers = scanOf({ "7_c.up.sql": "", "7_a.down.sql": "", "07_b.down.sql": "" });
    expect(strangers.ok && strangers.value.notes.map((note) => note.code)).toEqual([
      "down-without-up",
      "down-without-up",
    ]);
  });

  test("numbers that only look alike are two versions", () => {
    expect(setOf({ "9007199254740992_a.sql": "", "9007199254740993_b.sql": "" }).size).toBe(2);
  });

  test("three files are one problem", () => {
    const result = scanOf({ "7_a.sql": "", "07_b.sql": "", "007_c.sql": "", "8_a.sql": "" });
    expect(result).toMatchObject({
      problems: [{ version: "7", paths: ["m/007_c.sql", "m/07_b.sql", "m/7_a.sql"] }],
    });
  });
});

test("the set is in numeric order, whatever the order of the files", () => {
  const files = {
    "10_c.sql": "",
    "9_b.sql": "",
    "00000000000000000011_d.sql": "",
    "1_a.sql": "",
    "100_e.sql": "",
  };
  expect([...setOf(files).keys()] as string[]).toEqual(["1", "9", "10", "11", "100"]);
  expect([
    ...setOf(Object.fromEntries(Object.entries(files).toReversed())).keys(),
  ] as string[]).toEqual(["1", "9", "10", "11", "100"]);
});

describe("down files", () => {
  test("belong to the up file with their version and name", () => {
    const [migration] = setOf({ "7_a.up.sql": "select 1", "007_a.down.sql": "select 2" }).values();
    expect(migration?.down?.path).toBe("m/007_a.down.sql");
    expect(migration?.down?.bytes).toEqual(bytesOf("select 2"));
  });

  test.each([
    { name: "no up file", files: { "7_a.down.sql": "" } },
    { name: "another version", files: { "8_a.up.sql": "", "7_a.down.sql": "" } },
    { name: "another name", files: { "7_b.up.sql": "", "7_a.down.sql": "" } },
  ])("with $name are noted", ({ files }: { files: Files }) => {
    const { set, notes } = valueOf(scanOf(files));
    expect(notes).toEqual([{ code: "down-without-up", path: "m/7_a.down.sql" }]);
    expect([...set.values()].every((migration) => migration.down === undefined)).toBe(true);
  });
});

describe("sizes", () => {
  const megabyte = 1_048_576;
  test.each([
    { bytes: megabyte, notes: 0, problems: 0 },
    { bytes: megabyte + 1, notes: 1, problems: 0 },
    { bytes: 256 * megabyte, notes: 1, problems: 0 },
    { bytes: 256 * megabyte + 1, notes: 0, problems: 1 },
  ])("$bytes bytes give $notes notes and $problems problems", ({ bytes, notes, problems }) => {
    // Spaces would do as well, but decoding a quarter of a gigabyte takes a second.
    const file = { name: "7_a.sql", path: "m/7_a.sql", bytes: new Uint8Array(0) };
    Object.defineProperty(file.bytes, "length", { value: bytes });
    const result = scan([file]);
    expect(codesOf(result)).toEqual(problems === 0 ? [] : ["too-large"]);
    expect(result.ok ? result.value.notes.map((note) => note.code) : []).toEqual(
      notes === 0 ? [] : ["large-file"],
    );
  });
});

test("all problems of a folder are reported together", () => {
  const files = {
    "a.sql": "",
    "7_a.sql": "",
    "07_b.sql": "",
    "8_c.sql": "-- lacuna: nonsense",
    "9_d.sql": "-- lacuna: rerunnable",
  };
  expect(codesOf(scanOf(files)).toSorted()).toEqual([
    "bad-directive",
    "bad-directive",
    "bad-name",
    "duplicate",
  ]);
});

test("what a file may not hold is no matter before it is pending", () => {
  expect(
    setOf({ "7_a.sql": "commit", "8_b.sql": Uint8Array.of(0xff, 0), "9_c.sql": "" }).size,
  ).toBe(3);
});

test("the directives of the up file are the migration's, and a down file has none", () => {
  const files = {
    "7_a.up.sql": "\ufeff-- lacuna: no-transaction",
    "7_a.down.sql": "-- lacuna: nonsense",
  };
  expect(setOf(files).get(versionOf("7"))?.directives.noTransaction).toBe(true);
});

test.each([
  { text: "7", finds: true },
  { text: "0007", finds: true },
  { text: "8", finds: false },
  { text: "007_a", finds: false },
  { text: "", finds: false },
  { text: "7 ", finds: false },
])("'$text' finds version 7: $finds", ({ text, finds }) => {
  expect(findVersion(setOf({ "007_a.sql": "" }), text)?.id === "007_a").toBe(finds);
});
