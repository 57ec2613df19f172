/**
 * Values that are another each time (random keys, times that no clock of the run tells) say nothing
 * about an order: another run in the same order finds them out, and no list of functions could.
 */
import { contentDifferences, type ContentDifference, type Contents } from "../core/contents.ts";
import {
  type DatabaseRows,
  type LeftOut,
  rowDifferences,
  volatileColumns,
  withoutDigests,
} from "../core/rows.ts";
import { type Database, Refusal } from "../ports.ts";
import { readStableRows } from "./contents.ts";
import { failureOf } from "./order-causes.ts";
import { onDatabase, type Orders, type Replica } from "./orders.ts";
import { replay } from "./replay.ts";

/** What is another each time, and says nothing about an order. */
export interface Stability {
  readonly leftOut: LeftOut;
  readonly blurred: ReadonlySet<string>;
  readonly notes: readonly string[];
}

interface Compared {
  readonly found: readonly ContentDifference[];
  readonly stability: Stability;
}

/** Values that are others each time are found out by another run in the same order. */
export async function differencesIn(
  orders: Orders,
  inOrder: Replica,
  late: Replica,
): Promise<Compared> {
  const { set, inEmpty, rehearsed, rehearsal, since } = orders;
  const found = contentDifferences(inOrder.contents, late.contents);
  const isStable = !found.some(({ kind }) => kind === "rows" || kind === "numbering");
  if (isStable) return { found, stability: { leftOut: new Map(), blurred: new Set(), notes: [] } };

  const rows = (database: Database, leftOut: LeftOut): Promise<DatabaseRows> =>
    readStableRows(onDatabase(orders, database).world, rehearsal.request, set, since, leftOut);
  const stabilityBy = async (
    again: Database,
  ): Promise<Stability & { readonly own: DatabaseRows }> => {
    const leftOut = volatileColumns(late.contents.rows, await rows(again, new Map()));
    const [own, control] = await Promise.all([rows(late.database, leftOut), rows(again, leftOut)]);
    // A table that differs even so is another one each time as a whole.
    const tables = rowDifferences(own, control).flatMap(({ table }) => table ?? []);
    const notes = [
      ...leftOutNotes(leftOut),
      ...tables.map(
        (table) => `rows of ${table} are others each time: only their number is compared`,
      ),
    ];
    return { leftOut, blurred: new Set(tables), notes, own };
  };
  const stability =
    rehearsed !== undefined
      ? await stabilityBy(rehearsed)
      : await inEmpty(async (third) => {
          const again = await replay(onDatabase(orders, third), set, orders.late);
          const broken = again.problem ?? failureOf(again)?.problem;
          if (broken !== undefined) throw new Refusal([broken]);
          return stabilityBy(third);
        });
  const inOrderRows = await rows(inOrder.database, stability.leftOut);
  return {
    found: contentDifferences(
      stable({ ...inOrder.contents, rows: inOrderRows }, stability),
      stable({ ...late.contents, rows: stability.own }, stability),
    ),
    stability,
  };
}

function leftOutNotes(leftOut: LeftOut): readonly string[] {
  const names = [...leftOut].flatMap(([table, columns]) =>
    [...columns].map((column) => `${table}.${column}`),
  );
  return names.length === 0
    ? []
    : [`others each time, and compared only by where they are null: ${names.join(", ")}`];
}

export function stable(contents: Contents, { blurred }: Stability): Contents {
  return { ...contents, rows: withoutDigests(contents.rows, blurred) };
}
