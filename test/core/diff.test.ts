import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { diff } from "../../src/core/diff.ts";
import { countStates, type Entry, stateOf } from "../../src/core/entry.ts";
import type { ProgressRow } from "../../src/core/migration.ts";
import { appliedOf, type Files, type RowSample, runs, setOf, versionOf } from "./made.ts";

interface Sample {
  readonly name: string;
  readonly files: Files;
  readonly applied: readonly RowSample[];
  readonly progress?: readonly ProgressRow[];
  readonly states: readonly string[];
}

const tell = (entry: Entry): string => `${entry.version} ${entry.states.join(" + ")}`;

const step = (version: string, state: ProgressRow["state"]): ProgressRow => ({
  version: versionOf(version),
  statement: 1,
  digest: "",
  state,
  invalidBefore: [],
});

const table: readonly Sample[] = [
  { name: "nothing at all", files: {}, applied: [], states: [] },
  {
    name: "an empty tracker",
    files: { "1_a.sql": "x", "2_b.sql": "" },
    applied: [],
    states: ["1 pending", "2 pending"],
  },
  {
    name: "an applied file",
    files: { "1_a.sql": "x" },
    applied: [{ version: "1", text: "x" }],
    states: ["1 applied"],
  },
  {
    name: "leading zeros",
    files: { "0001_a.sql": "x" },
    applied: [{ version: "1", text: "x" }],
    states: ["1 applied"],
  },
  {
    name: "a gap below a higher number",
    files: { "1_a.sql": "x", "2_b.sql": "y", "3_a.sql": "z" },
    applied: [
      { version: "1", text: "x" },
      { version: "3", text: "z" },
    ],
    states: ["1 applied", "2 gap", "3 applied"],
  },
  {
    name: "a gap of numbers, not of texts",
    files: { "9_a.sql": "x", "10_a.sql": "y" },
    applied: [{ version: "10", text: "y" }],
    states: ["9 gap", "10 applied"],
  },
  {
    name: "a pending number above, which is below as a text",
    files: { "9_a.sql": "x", "10_a.sql": "y" },
    applied: [{ version: "9", text: "x" }],
    states: ["9 applied", "10 pending"],
  },
  {
    name: "a gap below what is ahead",
    files: { "1_a.sql": "x" },
    applied: [{ version: "5", text: "z" }],
    states: ["1 gap", "5 ahead"],
  },
  {
    name: "a gap of twenty digits",
    files: { "12345678901234567890_a.sql": "x" },
    applied: [{ version: "12345678901234567891", text: "z" }],
    states: ["12345678901234567890 gap", "12345678901234567891 ahead"],
  },
  { name: "a set that is empty", files: {}, applied: [{ version: "5" }], states: ["5 ahead"] },
  {
    name: "ahead and missing",
    files: { "5_a.sql": "x" },
    applied: [{ version: "4" }, { version: "5", text: "x" }, { version: "6" }, { version: "10" }],
    states: ["4 missing", "5 applied", "6 ahead", "10 ahead"],
  },
  {
    name: "missing by number, not by text",
    files: { "10_a.sql": "x" },
    applied: [{ version: "9" }],
    states: ["9 missing", "10 pending"],
  },
  {
    name: "another name",
    files: { "1_b.sql": "x" },
    applied: [{ version: "1", text: "x" }],
    states: ["1 renamed"],
  },
  {
    name: "another case of a name",
    files: { "1_A.sql": "x" },
    applied: [{ version: "1", text: "x" }],
    states: ["1 renamed"],
  },
  {
    name: "another text",
    files: { "1_a.sql": "y" },
    applied: [{ version: "1", text: "x" }],
    states: ["1 changed"],
  },
  {
    name: "another name and text: renamed before changed",
    files: { "1_b.sql": "y" },
    applied: [{ version: "1", text: "x" }],
    states: ["1 renamed + changed"],
  },
  {
    name: "a row without a checksum",
    files: { "1_a.sql": "y" },
    applied: [{ version: "1", text: null }],
    states: ["1 adopted"],
  },
  {
    name: "one under another name",
    files: { "1_b.sql": "y" },
    applied: [{ version: "1", text: null }],
    states: ["1 renamed + adopted"],
  },
  {
    name: "other line ends",
    files: { "1_a.sql": "x\r\n" },
    applied: [{ version: "1", text: "x\n" }],
    states: ["1 applied"],
  },
  {
    name: "a file that stopped half-way",
    files: { "1_a.sql": "x" },
    applied: [],
    progress: [step("1", "done")],
    states: ["1 in progress"],
  },
  {
    name: "one that was only started",
    files: { "1_a.sql": "x" },
    applied: [],
    progress: [step("1", "started")],
    states: ["1 in progress"],
  },
  {
    name: "one that is a gap",
    files: { "1_a.sql": "x" },
    applied: [{ version: "2" }],
    progress: [step("1", "done")],
    states: ["1 in progress + gap", "2 ahead"],
  },
  {
    name: "progress of another version",
    files: { "1_a.sql": "x", "2_b.sql": "y" },
    applied: [],
    progress: [step("2", "done")],
    states: ["1 pending", "2 in progress"],
  },
  {
    name: "a new number",
    files: { "2_a.sql": "x" },
    applied: [{ version: "1", text: "x" }],
    states: ["1 missing", "2 renumbered"],
  },
  {
    name: "a new number and name",
    files: { "2_b.sql": "x" },
    applied: [{ version: "1", text: "x" }],
    states: ["1 missing", "2 renumbered"],
  },
  {
    name: "a lower new number",
    files: { "2_a.sql": "x" },
    applied: [{ version: "9", text: "x" }],
    states: ["2 renumbered + gap", "9 ahead"],
  },
  {
    name: "a new number and other line ends",
    files: { "2_a.sql": "x\r\ny" },
    applied: [{ version: "1", text: "x\ny" }],
    states: ["1 missing", "2 renumbered"],
  },
  {
    name: "a copy of a file that is still there",
    files: { "1_a.sql": "x", "2_b.sql": "x" },
    applied: [{ version: "1", text: "x" }],
    states: ["1 applied", "2 pending"],
  },
  {
    name: "an empty file like one that is gone",
    files: { "2_b.sql": "" },
    applied: [{ version: "1", text: "" }],
    states: ["1 missing", "2 pending"],
  },
  {
    name: "comments alone like one that is gone",
    files: { "2_b.sql": "-- later\n;" },
    applied: [{ version: "1", text: "-- later\n;" }],
    states: ["1 missing", "2 pending"],
  },
  {
    name: "a mark alone like one that is gone",
    files: { "2_b.sql": "\ufeff" },
    applied: [{ version: "1", text: "\ufeff" }],
    states: ["1 missing", "2 pending"],
  },
  {
    name: "a new number for a row without a checksum",
    files: { "2_a.sql": "x" },
    applied: [{ version: "1", text: null }],
    states: ["1 missing", "2 pending"],
  },
  {
    name: "a new number and another text",
    files: { "2_a.sql": "y" },
    applied: [{ version: "1", text: "x" }],
    states: ["1 missing", "2 pending"],
  },
];

describe("a version's states", () => {
  test.each([...table])("$name", ({ files, applied, progress, states }) => {
    expect(diff(setOf(files), appliedOf(applied), progress).entries.map(tell)).toEqual([...states]);
  });

  test("the order of files and rows does not matter", () => {
    for (const { files, applied, progress = [], states } of table) {
      const turned = Object.fromEntries(Object.entries(files).toReversed());
      const { entries } = diff(
        setOf(turned),
        appliedOf(applied.toReversed()),
        progress.toReversed(),
      );
      expect(entries.map(tell)).toEqual([...states]);
    }
  });
});

test("a renumbered file knows its old number, and a forgiven one its line ends", () => {
  const { entries } = diff(
    setOf({ "2_a.sql": "x", "3_a.sql": "y\r\n" }),
    appliedOf([
      { version: "1", text: "x" },
      { version: "3", text: "y\n" },
    ]),
  );
  expect(entries[1]).toMatchObject({ kind: "pending", renumberedFrom: "1" });
  expect(entries[2]).toMatchObject({ kind: "applied", lineEndsDiffer: true });
});

test("each version counts once, under its telling state", () => {
  const diffed = diff(
    setOf({ "1_b.sql": "y", "2_a.sql": "x", "4_c.sql": "" }),
    appliedOf([{ version: "1", text: "x" }, { version: "3" }, { version: "5" }]),
  );
  const counts = Object.entries(countStates(diffed)).filter(([, count]) => count > 0);
  expect(Object.fromEntries(counts)).toEqual({ renamed: 1, gap: 2, missing: 1, ahead: 1 });
  expect(diffed.entries.map(stateOf)).toEqual(["renamed", "gap", "missing", "gap", "ahead"]);
});

const someVersions = fc.uniqueArray(fc.bigInt({ min: 0n, max: 10n ** 21n }).map(String), {
  maxLength: 8,
});

test("every version of the set and of the tracker has one entry, in numeric order", () => {
  fc.assert(
    fc.property(someVersions, someVersions, fc.array(fc.nat(7)), (files, others, shared) => {
      const rows = [...new Set([...others, ...shared.flatMap((index) => files[index] ?? [])])];
      const set = setOf(Object.fromEntries(files.map((version) => [`${version}_a.sql`, "x"])));
      const { entries } = diff(set, appliedOf(rows.map((version) => ({ version, text: "x" }))));
      const expected = [...new Set([...files, ...rows])].toSorted((left, right) =>
        BigInt(left) < BigInt(right) ? -1 : 1,
      );
      expect(entries.map((entry) => entry.version as string)).toEqual(expected);
      for (const entry of entries) {
        const isIn = files.includes(entry.version);
        expect(entry.kind).toBe(
          !isIn ? "unknown" : rows.includes(entry.version) ? "applied" : "pending",
        );
        expect(entry.states.length).toBeGreaterThan(0);
      }
    }),
    runs(200),
  );
});
