import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { postgresParser } from "../../src/adapters/parser.ts";
import { checksumOf } from "../../src/core/checksum.ts";
import { diff } from "../../src/core/diff.ts";
import type { ProgressRow } from "../../src/core/migration.ts";
import {
  findTarget,
  historyProblems,
  plan,
  type Planned,
  type Policy,
} from "../../src/core/plan.ts";
import type { Result } from "../../src/core/result.ts";
import {
  appliedOf,
  bytesOf,
  codesOf,
  type Files,
  type RowSample,
  runs,
  setOf,
  valueOf,
  versionOf,
} from "./made.ts";

const parse = await postgresParser.load();
const lenient: Policy = { target: undefined, checksums: "warn", unknown: "warn" };

interface Situation {
  readonly files: Files;
  readonly applied?: readonly RowSample[];
  readonly progress?: readonly ProgressRow[];
  readonly policy?: Partial<Policy>;
}

function planOf({ files, applied = [], progress = [], policy = {} }: Situation): Result<Planned> {
  return plan(diff(setOf(files), appliedOf(applied), progress), { ...lenient, ...policy }, parse);
}

const ids = (planned: Planned): string[] => planned.plan.map(({ entry }) => entry.migration.id);

describe("what is pending is planned, lowest version first", () => {
  const files = {
    "10_d.sql": "select 4",
    "9_c.sql": "select 3",
    "1_a.sql": "select 1",
    "2_b.sql": "",
  };
  const first = { version: "1", text: "select 1" };
  test.each([
    {
      name: "everything",
      applied: [],
      target: undefined,
      planned: ["1_a", "2_b", "9_c", "10_d"],
      left: [],
    },
    {
      name: "a gap",
      applied: [first, { version: "10", name: "d", text: "select 4" }],
      target: undefined,
      planned: ["2_b", "9_c"],
      left: [],
    },
    {
      name: "up to a target, gaps included",
      applied: [{ version: "2", name: "b" }],
      target: "9",
      planned: ["1_a", "9_c"],
      left: ["10_d"],
    },
    {
      name: "up to a target that is applied",
      applied: [first, { version: "9", name: "c", text: "select 3" }],
      target: "9",
      planned: ["2_b"],
      left: ["10_d"],
    },
    {
      name: "up to the lowest",
      applied: [],
      target: "1",
      planned: ["1_a"],
      left: ["2_b", "9_c", "10_d"],
    },
    { name: "nothing", applied: [first], target: "1", planned: [], left: ["2_b", "9_c", "10_d"] },
  ])("$name", ({ applied, target, planned, left }) => {
    const policy = { target: target === undefined ? undefined : versionOf(target) };
    const result = valueOf(planOf({ files, applied, policy }));
    expect(ids(result)).toEqual([...planned]);
    expect(result.left.map((entry) => entry.migration.id)).toEqual([...left]);
  });
});

describe("what the history means", () => {
  const edited: Situation = {
    files: { "1_a.sql": "select 2" },
    applied: [{ version: "1", text: "select 1" }],
  };
  const windows: Situation = {
    files: { "1_a.sql": "x\r\n" },
    applied: [{ version: "1", text: "x\n" }],
  };
  const unknown: Situation = {
    files: { "2_a.sql": "x" },
    applied: [{ version: "1" }, { version: "2", text: "x" }, { version: "3" }],
  };
  test.each([
    {
      name: "a new name stops",
      situation: { files: { "1_b.sql": "" }, applied: [{ version: "1" }] },
      problems: ["renamed"],
      notes: [],
    },
    {
      name: "a new number stops",
      situation: {
        files: { "2_a.sql": "select 1" },
        applied: [{ version: "1", text: "select 1" }],
      },
      problems: ["renumbered"],
      notes: [],
    },
    { name: "an edit is noted", situation: edited, problems: [], notes: ["changed"] },
    {
      name: "an edit stops where checksums are enforced",
      situation: { ...edited, policy: { checksums: "enforce" } },
      problems: ["changed"],
      notes: [],
    },
    {
      name: "an edit is nothing where checksums are off",
      situation: { ...edited, policy: { checksums: "off" } },
      problems: [],
      notes: [],
    },
    { name: "line ends are noted", situation: windows, problems: [], notes: ["line-ends"] },
    {
      name: "line ends do not stop where checksums are enforced",
      situation: { ...windows, policy: { checksums: "enforce" } },
      problems: [],
      notes: ["line-ends"],
    },
    {
      name: "line ends are nothing where checksums are off",
      situation: { ...windows, policy: { checksums: "off" } },
      problems: [],
      notes: [],
    },
    {
      name: "missing and ahead are noted",
      situation: unknown,
      problems: [],
      notes: ["missing", "ahead"],
    },
    {
      name: "missing and ahead are noted where checksums are off",
      situation: { ...unknown, policy: { checksums: "off" } },
      problems: [],
      notes: ["missing", "ahead"],
    },
    {
      name: "missing and ahead stop a strict run",
      situation: { ...unknown, policy: { unknown: "refuse" } },
      problems: ["unknown-version", "unknown-version"],
      notes: [],
    },
    {
      name: "an adopted row is nothing",
      situation: {
        files: { "1_a.sql": "x" },
        applied: [{ version: "1", text: null }],
        policy: { checksums: "enforce", unknown: "refuse" },
      },
      problems: [],
      notes: [],
    },
    {
      name: "a gap is nothing, strict or not",
      situation: {
        files: { "1_a.sql": "", "2_a.sql": "" },
        applied: [{ version: "2" }],
        policy: { checksums: "enforce", unknown: "refuse" },
      },
      problems: [],
      notes: [],
    },
    {
      name: "a new name above the target stops all the same",
      situation: {
        files: { "1_a.sql": "", "2_b.sql": "" },
        applied: [{ version: "2" }],
        policy: { target: versionOf("1") },
      },
      problems: ["renamed"],
      notes: [],
    },
    {
      name: "a renamed and edited file is two problems",
      situation: {
        files: { "1_b.sql": "select 2" },
        applied: [{ version: "1", text: "select 1" }],
        policy: { checksums: "enforce" },
      },
      problems: ["renamed", "changed"],
      notes: [],
    },
  ] satisfies readonly {
    name: string;
    situation: Situation;
    problems: string[];
    notes: string[];
  }[])(
    "$name",
    ({
      situation,
      problems,
      notes,
    }: {
      situation: Situation;
      problems: string[];
      notes: string[];
    }) => {
      const result = planOf(situation);
      expect(codesOf(result)).toEqual(problems);
      expect(result.ok ? result.value.notes.map((note) => note.code as string) : []).toEqual(notes);
      const { files, applied = [], policy = {} } = situation;
      const diffed = diff(setOf(files), appliedOf(applied));
      expect(
        historyProblems(diffed, { ...lenient, ...policy }).map((one) => one.code as string),
      ).toEqual(problems);
    },
  );
});

describe("what the files mean", () => {
  test("all problems are collected, those of the history first", () => {
    const result = planOf({
      files: {
        "1_a.sql": "commit",
        "2_b.sql": "select 1",
        "3_c.sql": "discard all",
        "4_d.sql": "vacuum; select 1",
      },
      applied: [{ version: "2", text: "select 1" }],
    });
    expect(codesOf(result)).toEqual([
      "renamed",
      "refused-statement",
      "refused-statement",
      "needs-no-transaction",
    ]);
  });

  test("an applied file may hold what a pending one may not", () => {
    const result = planOf({
      files: { "1_a.sql": "commit" },
      applied: [{ version: "1", text: "commit" }],
    });
    expect(codesOf(result)).toEqual([]);
  });

  test("a file above the target is not looked at", () => {
    const files = { "1_a.sql": "", "2_b.sql": "commit" };
    expect(codesOf(planOf({ files, policy: { target: versionOf("1") } }))).toEqual([]);
    expect(codesOf(planOf({ files, policy: { target: versionOf("2") } }))).toEqual([
      "refused-statement",
    ]);
  });
});

describe("a file that stopped half-way", () => {
  const text = "-- lacuna: no-transaction\nselect 1; select 2; select 3";
  const step = (statement: number, sql: string, state: ProgressRow["state"]): ProgressRow => ({
    version: versionOf("1"),
    statement,
    digest: checksumOf(bytesOf(sql)),
    state,
    invalidBefore: [],
  });
  test.each([
    {
      name: "goes on",
      progress: [step(1, "select 1", "done"), step(2, "select 2", "started")],
      edited: undefined,
    },
    {
      name: "goes on where only the failed statement was edited",
      progress: [step(1, "select 1", "done"), step(2, "select 0", "started")],
      edited: undefined,
    },
    {
      name: "is refused where a done statement was edited",
      progress: [step(1, "select 0", "done")],
      edited: 1,
    },
    {
      name: "is refused where a later done statement was edited",
      progress: [step(1, "select 1", "done"), step(2, "select 0", "done")],
      edited: 2,
    },
    {
      name: "is refused where a done statement is gone",
      progress: [step(4, "select 4", "done")],
      edited: 4,
    },
    {
      name: "is refused where statements changed places",
      progress: [step(1, "select 2", "done")],
      edited: 1,
    },
  ])("$name", ({ progress, edited }) => {
    const result = planOf({ files: { "1_a.sql": text }, progress });
    if (edited === undefined) expect(ids(valueOf(result))).toEqual(["1_a"]);
    else
      expect(result).toMatchObject({
        problems: [{ code: "edited-progress", version: "1", path: "m/1_a.sql", statement: edited }],
      });
  });

  test("is refused where it runs in a transaction now, since a part of it is there already", () => {
    const result = planOf({
      files: { "1_a.sql": "select 1; select 2" },
      progress: [step(1, "select 1", "done")],
    });
    expect(codesOf(result)).toEqual(["edited-progress"]);
  });
});

test.each([
  { text: undefined, found: undefined, codes: [] },
  { text: "7", found: "7", codes: [] },
  { text: "0007", found: "7", codes: [] },
  { text: "8", found: undefined, codes: ["not-in-set"] },
  { text: "x", found: undefined, codes: ["not-in-set"] },
])("--to $text is looked for in the set", ({ text, found, codes }) => {
  const result = findTarget(setOf({ "007_a.sql": "" }), text);
  expect(codesOf(result)).toEqual(codes);
  expect(result.ok ? (result.value as string | undefined) : undefined).toBe(found);
});

const history = fc.record({
  versions: fc.uniqueArray(fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String), {
    minLength: 1,
    maxLength: 10,
  }),
  appliedMask: fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
  order: fc.array(fc.nat(), { minLength: 10, maxLength: 10 }),
  targetIndex: fc.option(fc.nat(9), { nil: undefined }),
});

test("after a plan is applied the next one is empty, whatever the order of the input", () => {
  fc.assert(
    fc.property(history, ({ versions, appliedMask, order, targetIndex }) => {
      const samples = versions.map((version, index) => ({
        version,
        text: `select ${index}`,
        key: order[index] ?? 0,
      }));
      const shuffled = samples.toSorted((left, right) => left.key - right.key);
      const filesOf = (list: typeof samples): Files =>
        Object.fromEntries(list.map((one) => [`${one.version}_a.sql`, one.text]));
      const applied = samples.filter((_, index) => appliedMask[index] === true);
      const targetText = targetIndex === undefined ? undefined : versions[targetIndex];
      const policy = { target: targetText === undefined ? undefined : versionOf(targetText) };

      const planned = valueOf(planOf({ files: filesOf(samples), applied, policy }));
      const again = valueOf(
        planOf({ files: filesOf(shuffled), applied: applied.toReversed(), policy }),
      );
      expect(ids(again)).toEqual(ids(planned));

      const all = [...setOf(filesOf(samples)).values()].map((one) => one.id);
      expect(all.filter((id) => ids(planned).includes(id))).toEqual(ids(planned));
      const isBelow = (version: string): boolean =>
        targetText === undefined || BigInt(version) <= BigInt(targetText);
      const expected = samples.filter((one) => !applied.includes(one) && isBelow(one.version));
      expect(ids(planned)).toHaveLength(expected.length);
      expect(planned.left).toHaveLength(samples.length - applied.length - expected.length);

      const next = valueOf(
        planOf({ files: filesOf(samples), applied: [...applied, ...expected], policy }),
      );
      expect(ids(next)).toEqual([]);
      expect(next.notes).toEqual([]);
    }),
    runs(200),
  );
});
