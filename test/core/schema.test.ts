import { describe, expect, test } from "bun:test";
import {
  columnOrder,
  countKinds,
  keyOf,
  type SchemaObject,
  schemaDifferences,
  schemaDigest,
  schemaOf,
} from "../../src/core/schema.ts";

function object(kind: string, name: string, definition = "x", on?: string): SchemaObject {
  return { kind, name, on, definition };
}

describe("a schema", () => {
  test("is in the order of kinds and names by code units, whatever the order of reading", () => {
    const objects = [
      object("table", "b"),
      object("table", "a"),
      object("table", "B"),
      object("column", "é"),
      object("column", "z"),
      object(columnOrder, "a"),
    ];
    const expected = ["column z", "column é", "column order a", "table B", "table a", "table b"];
    for (const order of [objects, objects.toReversed()]) {
      expect([...schemaOf(order).values()].map(keyOf)).toEqual(expected);
    }
  });

  test("counts its objects by kind", () => {
    const schema = schemaOf([object("table", "b"), object("index", "i"), object("table", "a")]);
    expect(countKinds(schema)).toEqual([
      ["index", 1],
      ["table", 2],
    ]);
    expect(countKinds(schemaOf([]))).toEqual([]);
  });
});

describe("a digest", () => {
  const base = [object("table", "a", "one"), object("table", "b", "two")];
  const digest = (objects: readonly SchemaObject[]): string => schemaDigest(schemaOf(objects));

  test("is a SHA-256, and the same for the same objects", () => {
    expect(digest(base)).toMatch(/^[0-9a-f]{64}$/);
    expect(digest(base.toReversed())).toBe(digest(base));
  });

  const others: readonly (readonly [string, readonly SchemaObject[]])[] = [
    ["nothing", []],
    ["one object less", base.slice(1)],
    ["another definition", [object("table", "a", "One"), object("table", "b", "two")]],
    ["another name", [object("table", "c", "one"), object("table", "b", "two")]],
    ["another kind", [object("view", "a", "one"), object("table", "b", "two")]],
    ["definitions the other way round", [object("table", "a", "two"), object("table", "b", "one")]],
    ["a name that goes on in the definition", [object("table", "ao", "ne"), ...base.slice(1)]],
    ["a kind that goes on in the name", [object("tab", "lea", "one"), ...base.slice(1)]],
  ];
  test.each(others)("is another one: %s", (_name, objects) => {
    expect(digest(objects)).not.toBe(digest(base));
  });
});

describe("differences", () => {
  const left = schemaOf([
    object("column", "t.a", "integer", "t"),
    object("table", "t", "table"),
    object("view", "gone", "select 1"),
  ]);

  test("of one and the same are none", () => {
    expect(schemaDifferences(left, left)).toEqual([]);
  });

  test("tell both definitions, or that an object is not there", () => {
    const right = schemaOf([
      object("column", "t.a", "bigint", "t"),
      object("table", "t", "table"),
      object("enum", "new", ""),
    ]);
    const differences = [
      { kind: "column", name: "t.a", on: "t", left: "integer", right: "bigint" },
      { kind: "enum", name: "new", on: undefined, left: undefined, right: "" },
      { kind: "view", name: "gone", on: undefined, left: "select 1", right: undefined },
    ];
    expect(schemaDifferences(left, right)).toEqual(differences);
    expect(schemaDifferences(right, left)).toEqual(
      differences.map((one) => ({ ...one, left: one.right, right: one.left })),
    );
  });

  test("of a table and a type with one name are told apart", () => {
    const right = schemaOf([object("enum", "t", "'a'"), object("table", "t", "table")]);
    const both = schemaOf([object("enum", "t", "'b'"), object("table", "t", "table")]);
    expect(schemaDifferences(right, both).map(keyOf)).toEqual(["enum t"]);
  });
});
