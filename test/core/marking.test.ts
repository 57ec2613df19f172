import { describe, expect, test } from "bun:test";
import { decideMarking, type MarkChange, type Marking } from "../../src/core/marking.ts";
import { appliedOf, codesOf, setOf, valueOf } from "./made.ts";

const set = setOf({
  "001_a.sql": "1",
  "002_b.sql": "2",
  "010_c.sql": "3",
  "12345678901234567890_d.sql": "4",
});
const applied = appliedOf([
  { version: "1", name: "a", text: "1" },
  { version: "2", name: "old", text: "edited" },
  { version: "5", name: "gone", text: "3" },
  { version: "12345678901234567890", name: "d", text: null },
]);

function tell(marking: Marking): string[] {
  return [
    ...marking.applied.map((one) => `applied ${one.id}`),
    ...marking.pending.map((version) => `pending ${version}`),
    ...marking.accepted.map((one) => `${one.what} of ${one.row.version} from ${one.to.id}`),
  ];
}

interface Sample {
  readonly name: string;
  readonly change: MarkChange;
  readonly writes: readonly string[];
  readonly says: readonly string[];
}

const samples: readonly Sample[] = [
  {
    name: "applied, by a number with zeros",
    change: { to: "applied", versions: ["0010"] },
    writes: ["applied 010_c"],
    says: ["010_c is marked applied"],
  },
  {
    name: "applied already",
    change: { to: "applied", versions: ["1"] },
    writes: [],
    says: ["001_a was applied already"],
  },
  {
    name: "some applied already",
    change: { to: "applied", versions: ["1", "10"] },
    writes: ["applied 010_c"],
    says: ["001_a was applied already", "010_c is marked applied"],
  },
  {
    name: "a baseline, by number",
    change: { to: "applied", upTo: "10" },
    writes: ["applied 010_c"],
    says: ["001_a was applied already", "002_b was applied already", "010_c is marked applied"],
  },
  {
    name: "a baseline of the first",
    change: { to: "applied", upTo: "001" },
    writes: [],
    says: ["001_a was applied already"],
  },
  {
    name: "pending",
    change: { to: "pending", versions: ["1"] },
    writes: ["pending 1"],
    says: ["001_a is marked pending"],
  },
  {
    name: "pending already: its progress is forgotten",
    change: { to: "pending", versions: ["10"] },
    writes: ["pending 10"],
    says: ["010_c was pending already"],
  },
  {
    name: "pending, a version that is not in the set",
    change: { to: "pending", versions: ["5"] },
    writes: ["pending 5"],
    says: ["5 is marked pending"],
  },
  {
    name: "renamed",
    change: { to: "renamed", versions: ["2"] },
    writes: ["name of 2 from 002_b"],
    says: ["002_b: its name is accepted (was old)"],
  },
  {
    name: "renamed already",
    change: { to: "renamed", versions: ["1"] },
    writes: [],
    says: ["001_a: its name is the file's already"],
  },
  {
    name: "changed",
    change: { to: "changed", versions: ["2"] },
    writes: ["checksum of 2 from 002_b"],
    says: ["002_b: its file as it is now counts as applied"],
  },
  {
    name: "changed already",
    change: { to: "changed", versions: ["1"] },
    writes: [],
    says: ["001_a: its checksum is the file's already"],
  },
  {
    name: "changed, an adopted version",
    change: { to: "changed", versions: ["12345678901234567890"] },
    writes: ["checksum of 12345678901234567890 from 12345678901234567890_d"],
    says: ["12345678901234567890_d: its file as it is now counts as applied"],
  },
  {
    name: "changed, all adopted",
    change: { to: "changed", versions: "all adopted" },
    writes: ["checksum of 12345678901234567890 from 12345678901234567890_d"],
    says: ["12345678901234567890_d: its file as it is now counts as applied"],
  },
  {
    name: "renumbered",
    change: { to: "renumbered", from: "05", version: "010" },
    writes: ["version of 5 from 010_c"],
    says: ["010_c is what was applied as 5_gone"],
  },
  {
    name: "renumbered already",
    change: { to: "renumbered", from: "4", version: "1" },
    writes: [],
    says: ["001_a was applied already"],
  },
  {
    name: "applied twice in one command",
    change: { to: "applied", versions: ["10", "010"] },
    writes: ["applied 010_c"],
    says: ["010_c is marked applied"],
  },
  {
    name: "renamed twice in one command",
    change: { to: "renamed", versions: ["2", "002"] },
    writes: ["name of 2 from 002_b"],
    says: ["002_b: its name is accepted (was old)"],
  },
];

describe("what is written", () => {
  test.each([...samples])("$name", ({ change, writes, says }) => {
    const marking = valueOf(decideMarking(change, set, applied));
    expect(tell(marking)).toEqual([...writes]);
    expect(marking.done).toEqual([...says]);
  });

  test("a set without adopted versions has nothing to accept", () => {
    const marking = valueOf(
      decideMarking({ to: "changed", versions: "all adopted" }, set, appliedOf([])),
    );
    expect(marking).toEqual({ applied: [], pending: [], accepted: [], done: [] });
  });

  test("a baseline of a new database is every version up to it", () => {
    const marking = valueOf(decideMarking({ to: "applied", upTo: "10" }, set, appliedOf([])));
    expect(tell(marking)).toEqual(["applied 001_a", "applied 002_b", "applied 010_c"]);
  });
});

describe("what cannot be", () => {
  test.each([
    {
      name: "applied, not in the set",
      change: { to: "applied", versions: ["3"] },
      codes: ["not-in-set"],
    },
    {
      name: "applied, no number",
      change: { to: "applied", versions: ["001_a"] },
      codes: ["not-in-set"],
    },
    {
      name: "applied, not in the set though in the tracker",
      change: { to: "applied", versions: ["5"] },
      codes: ["not-in-set"],
    },
    {
      name: "several, all told and nothing written",
      change: { to: "applied", versions: ["3", "10", "4"] },
      codes: ["not-in-set", "not-in-set"],
    },
    {
      name: "a baseline that is not in the set",
      change: { to: "applied", upTo: "5" },
      codes: ["not-in-set"],
    },
    {
      name: "pending, known nowhere",
      change: { to: "pending", versions: ["3"] },
      codes: ["not-in-set"],
    },
    {
      name: "renamed, not in the set",
      change: { to: "renamed", versions: ["5"] },
      codes: ["not-in-set"],
    },
    {
      name: "renamed, not applied",
      change: { to: "renamed", versions: ["10"] },
      codes: ["not-marked"],
    },
    {
      name: "changed, not applied",
      change: { to: "changed", versions: ["10"] },
      codes: ["not-marked"],
    },
    {
      name: "renumbered to a version that is not in the set",
      change: { to: "renumbered", from: "5", version: "6" },
      codes: ["not-in-set"],
    },
    {
      name: "renumbered from a version that is not applied",
      change: { to: "renumbered", from: "4", version: "10" },
      codes: ["not-marked"],
    },
    {
      name: "renumbered from no number",
      change: { to: "renumbered", from: "x", version: "10" },
      codes: ["not-marked"],
    },
    {
      name: "renumbered from a version that is still in the set",
      change: { to: "renumbered", from: "1", version: "10" },
      codes: ["not-marked"],
    },
    {
      name: "renumbered to a version that is applied too",
      change: { to: "renumbered", from: "5", version: "2" },
      codes: ["not-marked"],
    },
  ] satisfies readonly { name: string; change: MarkChange; codes: string[] }[])(
    "$name",
    ({ change, codes }: { change: MarkChange; codes: string[] }) => {
      expect(codesOf(decideMarking(change, set, applied))).toEqual(codes);
    },
  );
});
