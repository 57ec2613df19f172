/** What is in a database's tables, as digests that can be compared. */

export interface DatabaseRows {
  readonly tables: readonly TableRows[];
  readonly sequences: readonly SequenceValue[];
}

/** A table that holds at least one row. A digest does not depend on the order of the rows. */
export interface TableRows {
  /** Schema-qualified, with quotes where SQL needs them. */
  readonly table: string;
  readonly count: number;
  /** Of whole rows, without the columns that were left out. */
  readonly digest: string;
  /**
   * What the rows mean: without the columns that number them by a sequence, and with the row that is
   * referred to in the place of its number.
   */
  readonly digestWithoutNumbers: string;
  /** By name, without those that were left out. */
  readonly columns: readonly {
    /** With quotes where SQL needs them. */
    readonly name: string;
    /** Of this column's values alone. */
    readonly digest: string;
    /** Whether its default takes a sequence's next value: serial, identity. */
    readonly isNumbered: boolean;
  }[];
}

export interface SequenceValue {
  readonly name: string;
  /** What nextval() would give; `none` where it would fail, since all values are used. */
  readonly next: string;
}

/**
 * Columns that are left out of a table's digests, by table: their values are another each time.
 * The names are those that TableRows has.
 */
export type LeftOut = ReadonlyMap<string, ReadonlySet<string>>;

/** A table, or a sequence, that two databases do not hold alike, in words. */
export interface RowDifference {
  readonly what: string;
  /** Undefined: it is a sequence. */
  readonly table: string | undefined;
  readonly left: string | undefined;
  readonly right: string | undefined;
  /** The rows are the same but for the numbers that a sequence gave them. */
  readonly isNumberingOnly: boolean;
}

export function rowDifferences(left: DatabaseRows, right: DatabaseRows): readonly RowDifference[] {
  const tables = pairs(left.tables, right.tables, ({ table }) => table);
  const sequences = pairs(left.sequences, right.sequences, ({ name }) => name);
  return [
    ...tables.flatMap(([table, one, other]): RowDifference[] => {
      const meansTheSame =
        one?.count === other?.count && one?.digestWithoutNumbers === other?.digestWithoutNumbers;
      if (meansTheSame && one?.digest === other?.digest) return [];
      const columns = columnsThatDiffer(one, other);
      return [
        {
          what: `rows of ${table}`,
          table,
          left: one && inWords(one, columns),
          right: other && inWords(other, columns),
          // Another set of numbers was not given by a sequence in another order.
          isNumberingOnly: meansTheSame && haveSameNumbers(one, other),
        },
      ];
    }),
    ...sequences.flatMap(([name, one, other]): RowDifference[] =>
      // A sequence that only one of them has is a difference of the schema.
      one === undefined || other === undefined || one.next === other.next
        ? []
        : [
            {
              what: `sequence ${name}`,
              table: undefined,
              left: `next value ${one.next}`,
              right: `next value ${other.next}`,
              isNumberingOnly: false,
            },
          ],
    ),
  ];
}

function haveSameNumbers(one: TableRows | undefined, other: TableRows | undefined): boolean {
  const numbers = (rows: TableRows | undefined): string =>
    (rows?.columns ?? [])
      .filter((column) => column.isNumbered)
      .map(({ name, digest }) => `${name} ${digest}`)
      .join();
  return numbers(one) === numbers(other);
}

/**
 * Columns whose values are others when the same migrations run again in the same order: times,
 * random numbers. No list of functions could tell them.
 */
export function volatileColumns(once: DatabaseRows, again: DatabaseRows): LeftOut {
  return new Map(
    pairs(once.tables, again.tables, ({ table }) => table).map(([table, one, other]) => [
      table,
      new Set(columnsThatDiffer(one, other)),
    ]),
  );
}

/** Of these tables nothing is left but how many rows they have. */
export function withoutDigests(
  { tables, sequences }: DatabaseRows,
  blurred: ReadonlySet<string>,
): DatabaseRows {
  return {
    sequences,
    tables: tables.map((one) =>
      blurred.has(one.table) ? { ...one, digest: "", digestWithoutNumbers: "", columns: [] } : one,
    ),
  };
}

function columnsThatDiffer(
  one: TableRows | undefined,
  other: TableRows | undefined,
): readonly string[] {
  if (one === undefined || other === undefined || one.count !== other.count) return [];
  const others = new Map(other.columns.map(({ name, digest }) => [name, digest]));
  return one.columns
    .filter(({ name, digest }) => others.has(name) && others.get(name) !== digest)
    .map(({ name }) => name);
}

function inWords(
  { count, columns, digest, digestWithoutNumbers }: TableRows,
  differing: readonly string[],
): string {
  const rows = `${count} ${count === 1 ? "row" : "rows"}`;
  const own = columns.filter(({ name }) => differing.includes(name));
  if (digest === "") return rows;
  // Each column holds the same: it is how they go together, or what they refer to.
  return own.length === 0
    ? `${rows}, #${digest.slice(0, 4)}${digestWithoutNumbers.slice(0, 4)}`
    : `${rows}, ${own.map((one) => `${one.name} #${one.digest.slice(0, 8)}`).join(", ")}`;
}

function pairs<T>(
  left: readonly T[],
  right: readonly T[],
  nameOf: (one: T) => string,
): readonly (readonly [name: string, left: T | undefined, right: T | undefined])[] {
  const [ones, others] = [left, right].map(
    (list) => new Map(list.map((one) => [nameOf(one), one])),
  );
  const names = [...new Set([...(ones?.keys() ?? []), ...(others?.keys() ?? [])])].toSorted();
  return names.map((name) => [name, ones?.get(name), others?.get(name)]);
}
