import { describe, expect, test } from "bun:test";
import { decideTakeover, type LegacyTracker, movedSince } from "../../src/core/takeover.ts";
import { codesOf, setOf, valueOf } from "./made.ts";

const set = setOf({
  "001_a.sql": "",
  "009_b.sql": "",
  "010_c.sql": "",
  "12345678901234567890_d.sql": "",
});
const none = { count: 0, examples: [] };
const some = { count: 2, examples: ["public.a", "public.b"] };

const at = (
  name: string,
  ...rows: readonly (readonly [version: string, dirty?: boolean])[]
): LegacyTracker => ({
  name,
  rows: rows.map(([version, dirty = false]) => ({ version, dirty })),
});

describe("a database whose tracker is empty", () => {
  test.each([
    { name: "is new when nothing is in it", legacy: [], objects: none, newHere: false },
    { name: "is new when it is said to be", legacy: [], objects: some, newHere: true },
    {
      name: "is new beside an empty table of golang-migrate",
      legacy: [at("m")],
      objects: none,
      newHere: false,
    },
  ])("$name", ({ legacy, objects, newHere }) => {
    expect(valueOf(decideTakeover(set, legacy, objects, newHere))).toBeUndefined();
  });

  test.each([
    { name: "the lowest version", legacy: [at("m", ["1"])], ids: ["001_a"], from: ["m"] },
    {
      name: "a version in the middle, by number",
      legacy: [at("m", ["10"])],
      ids: ["001_a", "009_b", "010_c"],
      from: ["m"],
    },
    {
      name: "twenty digits",
      legacy: [at("m", ["12345678901234567890"])],
      ids: ["001_a", "009_b", "010_c", "12345678901234567890_d"],
      from: ["m"],
    },
    {
      name: "two trackers that agree",
      legacy: [at("a.m", ["9"]), at("b.m", ["9"])],
      ids: ["001_a", "009_b"],
      from: ["a.m", "b.m"],
    },
    {
      name: "an empty one beside one that stands",
      legacy: [at("a.m"), at("b.m", ["1"])],
      ids: ["001_a"],
      from: ["b.m"],
    },
    {
      name: "one in a database with objects",
      legacy: [at("m", ["1"])],
      ids: ["001_a"],
      from: ["m"],
      objects: some,
    },
  ])("is taken over: $name", ({ legacy, ids, from, objects = none }) => {
    const adoption = valueOf(decideTakeover(set, legacy, objects, false));
    expect(adoption?.migrations.map((one) => one.id)).toEqual([...ids]);
    expect(adoption?.from).toEqual([...from]);
    expect(adoption?.version as string | undefined).toBe(
      legacy.flatMap((one) => one.rows)[0]?.version,
    );
  });

  test.each([
    {
      name: "it has objects and no tracker",
      legacy: [],
      objects: some,
      codes: ["not-a-new-database"],
    },
    {
      name: "it has objects beside an empty table of golang-migrate",
      legacy: [at("m")],
      objects: some,
      codes: ["not-a-new-database"],
    },
    {
      name: "golang-migrate is dirty",
      legacy: [at("m", ["9", true])],
      objects: none,
      codes: ["legacy-dirty"],
    },
    {
      name: "it is dirty at a version that the set does not have",
      legacy: [at("m", ["2", true])],
      objects: none,
      codes: ["legacy-dirty"],
    },
    {
      name: "the version is between two files",
      legacy: [at("m", ["2"])],
      objects: none,
      codes: ["legacy-version-unknown"],
    },
    {
      name: "the version is above the set",
      legacy: [at("m", ["99"])],
      objects: none,
      codes: ["legacy-version-unknown"],
    },
    {
      name: "the version is negative",
      legacy: [at("m", ["-1"])],
      objects: none,
      codes: ["legacy-version-unknown"],
    },
    {
      name: "there are two rows",
      legacy: [at("m", ["1"], ["9"])],
      objects: none,
      codes: ["legacy-rows"],
    },
    {
      name: "two trackers disagree",
      legacy: [at("a", ["1"]), at("b", ["9"])],
      objects: none,
      codes: ["legacy-conflict"],
    },
    {
      name: "one of two is dirty, though they agree",
      legacy: [at("a", ["9"]), at("b", ["9", true])],
      objects: none,
      codes: ["legacy-dirty"],
    },
    {
      name: "each of two has a fault",
      legacy: [at("a", ["9", true]), at("b", ["2"])],
      objects: none,
      codes: ["legacy-dirty", "legacy-version-unknown"],
    },
  ])("is refused where $name", ({ legacy, objects, codes }) => {
    expect(codesOf(decideTakeover(set, legacy, objects, false))).toEqual(codes);
  });

  test("is not made new by --new-here where golang-migrate stands in it", () => {
    expect(codesOf(decideTakeover(set, [at("m", ["9", true])], some, true))).toEqual([
      "legacy-dirty",
    ]);
    expect(valueOf(decideTakeover(set, [at("m", ["1"])], some, true))?.migrations).toHaveLength(1);
  });

  test("is refused with what was found", () => {
    expect(decideTakeover(set, [at("a", ["1"]), at("b", ["9"])], none, false)).toMatchObject({
      problems: [
        {
          found: [
            { legacy: "a", version: "1" },
            { legacy: "b", version: "9" },
          ],
        },
      ],
    });
    expect(decideTakeover(set, [], some, false)).toMatchObject({ problems: [{ ...some }] });
  });
});

describe("an old runner that is still at work", () => {
  const adopted = { version: "9", from: ["m"] };
  test.each([
    { name: "nothing was adopted", adopted: undefined, legacy: [at("m", ["10"])], codes: [] },
    { name: "the table is gone", adopted, legacy: [], codes: [] },
    { name: "the table is empty", adopted, legacy: [at("m")], codes: [] },
    { name: "it stands where it stood", adopted, legacy: [at("m", ["9"])], codes: [] },
    { name: "it moved up", adopted, legacy: [at("m", ["10"])], codes: ["legacy-moved"] },
    { name: "it moved down", adopted, legacy: [at("m", ["1"])], codes: ["legacy-moved"] },
    {
      name: "it failed where it stood",
      adopted,
      legacy: [at("m", ["9", true])],
      codes: ["legacy-dirty"],
    },
    {
      name: "it failed elsewhere",
      adopted,
      legacy: [at("m", ["10", true])],
      codes: ["legacy-dirty"],
    },
    {
      name: "another table moved, which was not adopted",
      adopted,
      legacy: [at("m", ["9"]), at("o", ["10"])],
      codes: [],
    },
    {
      name: "one of two moved",
      adopted: { version: "9", from: ["m", "o"] },
      legacy: [at("m", ["9"]), at("o", ["10"])],
      codes: ["legacy-moved"],
    },
  ])("$name: $codes", ({ adopted: standing, legacy, codes }) => {
    expect(movedSince(standing, legacy).map((one) => one.code as string)).toEqual([...codes]);
  });
});
