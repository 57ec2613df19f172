import { expect, test } from "bun:test";
import { changesOf } from "../../src/core/kept.ts";

const before = {
  sequences: new Map([
    ["s.moved", "3"],
    ["s.still", "1"],
    ["s.gone", "1"],
  ]),
  counts: new Map([["s.t", "0 -1"]]),
};

test("what is not as it was is told; what came or went is no change of it", () => {
  const after = {
    sequences: new Map([
      ["s.moved", "4"],
      ["s.still", "1"],
      ["s.new", "1"],
    ]),
    counts: new Map([["s.t", "5 1000"]]),
  };
  expect(changesOf(before, after)).toEqual([
    { kind: "sequence", name: "s.moved", was: "3", is: "4" },
    { kind: "counts", name: "s.t", was: "0 -1", is: "5 1000" },
  ]);
});

test("the same is no change", () => {
  expect(changesOf(before, before)).toEqual([]);
});
