import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { diff } from "../../src/core/diff.ts";
import type { AppliedRow, AppliedSet } from "../../src/core/migration.ts";
import { awaited, isReady, type Standing, standingOf } from "../../src/core/standing.ts";
import type { Version } from "../../src/core/version.ts";
import { appliedOf, type Files, type RowSample, runs, setOf, versionOf } from "./made.ts";

const files: Files = { "001_a.up.sql": "select 1", "002_b.up.sql": "select 2", "003_c.up.sql": "" };
const a: RowSample = { version: "1", name: "a", text: "select 1" };
const b: RowSample = { version: "2", name: "b", text: "select 2" };
const c: RowSample = { version: "3", name: "c", text: "" };
const nothing = {
  applied: 0,
  pending: 0,
  gaps: 0,
  ahead: 0,
  missing: 0,
  renamed: 0,
  renumbered: 0,
  changed: 0,
};

interface Case {
  readonly about: string;
  readonly files?: Files;
  readonly rows: readonly RowSample[];
  readonly sync: Standing["sync"];
  readonly counts: Partial<Standing["counts"]>;
  readonly differences?: readonly string[];
}

const cases: readonly Case[] = [
  { about: "applied = set", rows: [a, b, c], sync: "in sync", counts: { applied: 3 } },
  { about: "an empty set on a new database", files: {}, rows: [], sync: "in sync", counts: {} },
  {
    about: "nothing applied",
    rows: [],
    sync: "behind",
    counts: { pending: 3 },
    differences: ["001_a pending", "002_b pending", "003_c pending"],
  },
  {
    about: "the highest is applied, one in the middle is not",
    rows: [a, c],
    sync: "behind",
    counts: { applied: 2, pending: 1, gaps: 1 },
    differences: ["002_b gap"],
  },
  {
    about: "as many rows as files, but others",
    rows: [a, c, { version: "9", name: "z" }],
    sync: "behind",
    counts: { applied: 2, pending: 1, gaps: 1, ahead: 1 },
    differences: ["002_b gap", "9_z ahead"],
  },
  {
    about: "a version above the set",
    rows: [a, b, c, { version: "9", name: "z" }],
    sync: "ready",
    counts: { applied: 3, ahead: 1 },
    differences: ["9_z ahead"],
  },
  {
    about: "a version inside the set whose file is gone",
    files: { "001_a.up.sql": "select 1", "003_c.up.sql": "" },
    rows: [a, b, c],
    sync: "ready",
    counts: { applied: 2, missing: 1 },
    differences: ["2_b missing"],
  },
  {
    about: "a file that was edited",
    rows: [a, { ...b, text: "select 'two'" }, c],
    sync: "ready",
    counts: { applied: 3, changed: 1 },
    differences: ["002_b changed"],
  },
  {
    about: "other line ends are no edit",
    files: { "001_a.up.sql": "select 1\r\n" },
    rows: [{ ...a, text: "select 1\n" }],
    sync: "in sync",
    counts: { applied: 1 },
  },
  {
    about: "an adopted row is applied",
    rows: [{ ...a, text: null }, b, c],
    sync: "in sync",
    counts: { applied: 3 },
  },
  {
    about: "another name",
    rows: [a, { ...b, name: "other" }, c],
    sync: "contradicted",
    counts: { applied: 3, renamed: 1 },
    differences: ["002_b renamed"],
  },
  {
    about: "another number",
    rows: [a, { ...b, version: "7" }, c],
    sync: "contradicted",
    counts: { applied: 2, pending: 1, gaps: 1, ahead: 1, renumbered: 1 },
    differences: ["002_b renumbered", "7_b ahead"],
  },
];

describe("standing", () => {
  test.each(cases)("$about: $sync", ({ files: own = files, rows, sync, counts, differences }) => {
    const standing = standingOf(diff(setOf(own), appliedOf(rows)));
    expect(standing.sync).toBe(sync);
    expect(standing.counts).toEqual({ ...nothing, ...counts });
    expect(standing.differences.map(({ id, state }) => `${id} ${state}`)).toEqual([
      ...(differences ?? []),
    ]);
    expect(isReady(standing)).toBe(sync === "in sync" || sync === "ready");
    expect(standing.contradictions.length > 0).toBe(sync === "contradicted");
    // What is waited for is what is pending, and nothing else.
    expect(awaited(standing)).toHaveLength(standing.counts.pending);
  });

  test("a statement that stopped half-way is pending", () => {
    const progress = { statement: 1, digest: "d", state: "started", invalidBefore: [] } as const;
    const standing = standingOf(
      diff(setOf(files), appliedOf([a, c]), [{ version: versionOf("2"), ...progress }]),
    );
    expect(standing.sync).toBe("behind");
    expect(standing.counts).toMatchObject({ pending: 1, gaps: 1 });
    expect(awaited(standing)[0]?.state).toBe("in progress");
  });

  test("what the next up adopts is not applied yet", () => {
    const row = { name: "a", appliedAt: undefined, checksum: null };
    const adopted = new Map([[versionOf("1"), { ...row, version: versionOf("1") }]]);
    const applied = adopted as ReadonlyMap<Version, AppliedRow> as AppliedSet;
    const standing = standingOf(diff(setOf({ "1_a.up.sql": "" }), applied));
    expect(standing.sync).toBe("behind");
    expect(standing.counts).toEqual({ ...nothing, pending: 1 });
    expect(awaited(standing).map(({ id, state }) => `${id} ${state}`)).toEqual([
      "1_a to be adopted",
    ]);
    expect(standing.lastAppliedAt).toBeUndefined();
  });

  test("the last time is that of any row; infinity is none", () => {
    const applied = new Map(appliedOf([a, { version: "9" }]));
    const at = (version: string, time: Date): void => {
      const row = applied.get(versionOf(version)) as AppliedRow;
      applied.set(row.version, { ...row, appliedAt: time });
    };
    at("1", new Date(Number.NaN));
    at("9", new Date(5000));
    const standing = standingOf(diff(setOf(files), applied as unknown as AppliedSet));
    expect(standing.lastAppliedAt).toEqual(new Date(5000));
  });

  test("ready is: the applied versions contain those of the set; in sync is: they are the same", () => {
    const versions = fc.uniqueArray(fc.integer({ min: 0, max: 12 }));
    fc.assert(
      fc.property(versions, versions, (inSet, inTracker) => {
        const set = setOf(
          Object.fromEntries(inSet.map((one) => [`${one}_a.up.sql`, `select ${one}`])),
        );
        const rows = inTracker.map((one) => ({ version: String(one), text: `select ${one}` }));
        const standing = standingOf(diff(set, appliedOf(rows)));
        expect(isReady(standing)).toBe(inSet.every((one) => inTracker.includes(one)));
        expect(standing.sync === "in sync").toBe(
          inSet.length === inTracker.length && inSet.every((one) => inTracker.includes(one)),
        );
        expect(standing.counts.applied + standing.counts.pending).toBe(inSet.length);
      }),
      runs(200),
    );
  });
});
