import { describe, expect, test } from "bun:test";
import { contentDifferences, type Contents } from "../../src/core/contents.ts";
import {
  type DatabaseRows,
  rowDifferences,
  type TableRows,
  volatileColumns,
  withoutDigests,
} from "../../src/core/rows.ts";
import { columnOrder, type SchemaObject, schemaOf } from "../../src/core/schema.ts";

function table(fields: Partial<TableRows> = {}): TableRows {
  return {
    table: "public.t",
    count: 2,
    digest: "aaaaaaaaaa",
    digestWithoutNumbers: "bbbbbbbbbb",
    columns: [
      { name: "id", digest: "1111111111", isNumbered: true },
      { name: "name", digest: "2222222222", isNumbered: false },
    ],
    ...fields,
  };
}

function rowsOf(...tables: readonly TableRows[]): DatabaseRows {
  return { tables, sequences: [] };
}

describe("rows", () => {
  test("the same are no difference", () => {
    expect(rowDifferences(rowsOf(table()), rowsOf(table()))).toEqual([]);
  });

  test("rows that refer to others are others, though they hold the same", () => {
    const other = table({ digestWithoutNumbers: "cccccccccc" });
    expect(rowDifferences(rowsOf(table()), rowsOf(other))).toMatchObject([
      { isNumberingOnly: false, left: "2 rows, #aaaabbbb", right: "2 rows, #aaaacccc" },
    ]);
  });

  test("columns that differ are named", () => {
    const name = { name: "name", digest: "3333333333", isNumbered: false };
    const [id] = table().columns;
    const other = table({ digest: "c", digestWithoutNumbers: "c", columns: id ? [id, name] : [] });
    expect(rowDifferences(rowsOf(table()), rowsOf(other))).toEqual([
      {
        what: "rows of public.t",
        table: "public.t",
        left: "2 rows, name #22222222",
        right: "2 rows, name #33333333",
        isNumberingOnly: false,
      },
    ]);
  });

  test("rows that differ though no column does have their digest", () => {
    const other = table({ digest: "cccccccccc", digestWithoutNumbers: "c" });
    expect(rowDifferences(rowsOf(table()), rowsOf(other))[0]).toMatchObject({
      left: "2 rows, #aaaabbbb",
      right: "2 rows, #ccccc",
    });
  });

  test("another numbering is told apart, and never where the number of rows differs", () => {
    const numbered = table({ digest: "c" });
    const more = table({ digest: "c", count: 3 });
    expect(rowDifferences(rowsOf(table()), rowsOf(numbered))[0]?.isNumberingOnly).toBe(true);
    expect(rowDifferences(rowsOf(table()), rowsOf(more))[0]?.isNumberingOnly).toBe(false);
  });

  test("a table that is empty in one of them", () => {
    expect(rowDifferences(rowsOf(), rowsOf(table({ count: 1 })))).toMatchObject([
      { what: "rows of public.t", left: undefined, right: "1 row, #aaaabbbb" },
    ]);
  });

  test("a sequence counts where both have it", () => {
    const at = (...next: readonly string[]): DatabaseRows => ({
      tables: [],
      sequences: next.map((value, index) => ({ name: `public.s${index}`, next: value })),
    });
    expect(rowDifferences(at("1", "5"), at("2"))).toMatchObject([
      { what: "sequence public.s0", left: "next value 1", right: "next value 2" },
    ]);
  });

  test("what is another each time is left out by column, or as a whole", () => {
    const again = table({
      digest: "c",
      columns: [
        { name: "id", digest: "1111111111", isNumbered: true },
        { name: "name", digest: "9", isNumbered: false },
      ],
    });
    const leftOut = volatileColumns(rowsOf(table()), rowsOf(again));
    expect(leftOut.get("public.t")).toEqual(new Set(["name"]));
    const blurred = new Set(["public.t"]);
    const [one, other, more] = [table(), again, table({ count: 3 })].map((rows) =>
      withoutDigests(rowsOf(rows), blurred),
    );
    if (one === undefined || other === undefined || more === undefined) throw new Error("three");
    expect(rowDifferences(one, other)).toEqual([]);
    expect(rowDifferences(one, more)).toMatchObject([{ left: "2 rows", right: "3 rows" }]);
  });
});

describe("contents", () => {
  const object = (kind: string, name: string, definition: string, on?: string): SchemaObject => ({
    kind,
    name,
    definition,
    on,
  });
  const of = (...objects: readonly SchemaObject[]): Contents => ({
    schema: schemaOf(objects),
    rows: rowsOf(),
  });

  test("the order of columns is told apart, and is nothing where their names differ", () => {
    const order = (names: string): Contents => of(object(columnOrder, "public.t", names));
    expect(contentDifferences(order("a, b"), order("b, a"))).toMatchObject([
      { kind: "column order", what: "column order public.t" },
    ]);
    expect(contentDifferences(order("a, b"), order("b, a, c"))).toEqual([]);
  });

  test.each([
    [object("index", "public.t_a_idx", "x", "public.t"), ["t_a_idx", "t"]],
    [object("column", 'public.t."Long Name"', "x", "public.t"), ["t", "long name", "t"]],
    [object("function", "public.f(integer, text)", "x"), ["f"]],
    [object("schema", "app", "x"), ["app"]],
  ])("%j stands in texts as %j", (one, words) => {
    expect(contentDifferences(of(one), of())).toMatchObject([{ kind: "object", words }]);
  });
});
