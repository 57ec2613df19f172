import { describe, expect, test } from "bun:test";
import { renumber } from "../../src/core/renumber.ts";
import { bytesOf, valueOf } from "./made.ts";

const decide = (
  names: readonly string[],
  old: string,
  wanted?: string,
): ReturnType<typeof renumber> =>
  renumber(
    names.map((name) => ({ name, path: `m/${name}`, bytes: bytesOf(name) })),
    old,
    wanted,
  );

describe("the names", () => {
  test.each<
    [names: readonly string[], old: string, wanted: string | undefined, to: readonly string[]]
  >([
    [["7_a.up.sql"], "7", undefined, ["8_a.up.sql"]],
    [["007_a.up.sql", "007_a.down.sql"], "7", undefined, ["008_a.up.sql", "008_a.down.sql"]],
    [["007_a.sql", "7_a.down.sql"], "007", undefined, ["008_a.sql", "008_a.down.sql"]],
    [["104_a.up.sql", "104_b.up.sql", "106_c.up.sql"], "104_b", undefined, ["107_b.up.sql"]],
    [["104_a.up.sql", "104_b.up.sql"], "104_b", "110", ["110_b.up.sql"]],
    [["0104_a.up.sql"], "104_a", "99", ["0099_a.up.sql"]],
    // As wide as it was, whatever others are.
    [["7_a.up.sql", "20260101000000_b.up.sql"], "7", "8", ["8_a.up.sql"]],
    // A stray down file has its number too.
    [["104_a.up.sql", "108_x.down.sql"], "104", undefined, ["109_a.up.sql"]],
    // Two spellings of a version are two files.
    [["007_a.up.sql", "7_a.up.sql", "7_a.down.sql"], "007_a", undefined, ["008_a.up.sql"]],
    [
      ["99999999999999999999_a.up.sql"],
      "99999999999999999999",
      undefined,
      ["100000000000000000000_a.up.sql"],
    ],
    [["1_größe mit Leer.zeichen.up.sql"], "1", "2", ["2_größe mit Leer.zeichen.up.sql"]],
    [["1_2_3.up.sql"], "1_2_3", undefined, ["2_2_3.up.sql"]],
  ])("%j: %s %s", (names, old, wanted, to) => {
    const { renames } = valueOf(decide(names, old, wanted));
    expect(renames.map((one) => one.to)).toEqual([...to]);
  });

  test("of files that are told apart by their names", () => {
    const names = ["104_a.up.sql", "104_b.up.sql", "104_b.down.sql"];
    const decided = valueOf(decide(names, "104_b"));
    expect(decided.renames.map(({ from }) => from.name)).toEqual(names.slice(1));
    expect(decided.isKeptByAnother).toBe(true);
    expect(valueOf(decide(names.slice(1), "104")).isKeptByAnother).toBe(false);
  });
});

describe("what cannot be", () => {
  test.each<[names: readonly string[], old: string, wanted: string | undefined, why: object]>([
    [["1_a.up.sql"], "2", undefined, { kind: "absent" }],
    [["1_a.down.sql"], "1", undefined, { kind: "absent" }],
    [["1_a.up.sql"], "1_b", undefined, { kind: "absent" }],
    [["1_a.up.sql"], "", undefined, { kind: "absent" }],
    [["1_a.up.sql", "01_b.up.sql"], "1", undefined, { kind: "several", ids: ["1_a", "01_b"] }],
    [["1_a.up.sql", "01_a.up.sql"], "1", undefined, { kind: "several", ids: ["1_a", "01_a"] }],
    [
      ["1_a.up.sql", "1_a.sql"],
      "1_a",
      undefined,
      { kind: "two up files", paths: ["m/1_a.up.sql", "m/1_a.sql"] },
    ],
    [["1_a.up.sql"], "1", "x", { kind: "no version" }],
    [["1_a.up.sql"], "1", "-2", { kind: "no version" }],
    [["007_a.up.sql"], "7", "7", { kind: "same version" }],
    [["1_a.up.sql", "002_b.up.sql"], "1", "2", { kind: "taken", path: "m/002_b.up.sql" }],
    [["1_a.up.sql", "2_b.down.sql"], "1", "2", { kind: "taken", path: "m/2_b.down.sql" }],
  ])("%j: %s %s", (names, old, wanted, why) => {
    const decided = decide(names, old, wanted);
    expect(decided).toEqual({
      ok: false,
      problems: [{ code: "not-renumbered", old, wanted, why: why as never }],
    });
  });
});
