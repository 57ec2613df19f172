/**
 * Compares what late migrations leave with what a new database gets: one empty database is given
 * the whole set in numeric order, another the base in the order in which it was applied and then
 * what is pending. Rehearsals of single files cannot see that: each of them passes.
 */
import { contentDifferences, type ContentDifference, type Contents } from "../core/contents.ts";
import type { Migration } from "../core/migration.ts";
import { appliedOrder, type OrderReport } from "../core/order.ts";
import { type LeftOut, volatileColumns } from "../core/rows.ts";
import { type Database, Refusal } from "../ports.ts";
import { readContents } from "./contents.ts";
import { attribute, failureOf, judgeFailures, notCompared } from "./order-causes.ts";
import { inNumericOrder, onDatabase, type OrderOptions, type Orders } from "./orders.ts";
import { leftOutOf, replay } from "./replay.ts";

/** Undefined: nothing is late. @throws Refusal where it was interrupted. */
export async function compareOrders(options: OrderOptions): Promise<OrderReport | undefined> {
  const { set, base, pending } = options;
  const gaps = pending.filter((one) => one.isGap).map((one) => one.migration);
  if (gaps.length === 0) return undefined;
  const unverified = pending.find((one) => one.isGap && one.result === "not verified");
  if (unverified?.result === "not verified") {
    const { migration, reason, way } = unverified;
    return notCompared(gaps, `${migration.id} could not be run: ${reason}`, way);
  }
  // What fails without being late is reported by itself.
  const failing = pending.filter((one) => one.result !== "passed" && !one.isGap);
  const left = new Set(failing.map((one) => one.migration));
  const applied = appliedOrder(base, set);
  const late = [...applied, ...pending.map((one) => one.migration).filter((one) => !left.has(one))];
  const orders: Orders = { ...options, gaps, applied, late, inOrder: inNumericOrder(late) };
  const { inEmpty } = options;
  return inEmpty((one) => inEmpty((other) => compareIn(orders, one, other)));
}

async function compareIn(orders: Orders, one: Database, other: Database): Promise<OrderReport> {
  const { gaps, set } = orders;
  const [inOrder, late] = await Promise.all([
    replay(onDatabase(orders, one), set, orders.inOrder),
    replay(onDatabase(orders, other), set, orders.late),
  ]);
  const broken = [inOrder, late].find(({ problem }) => problem !== undefined)?.problem;
  if (broken !== undefined) throw new Refusal([broken]);

  const [failsInOrder, failsLate] = [failureOf(inOrder), failureOf(late)];
  if (failsInOrder !== undefined || failsLate !== undefined) {
    return judgeFailures(orders, failsInOrder, failsLate);
  }
  const [leftOut, alsoLeftOut] = [inOrder, late].map(({ verdicts }) => leftOutOf(verdicts));
  const uneven = unevenOf(leftOut ?? [], alsoLeftOut ?? []);
  if (uneven !== undefined) {
    const reason = `${uneven.id} could be run in one of both orders alone`;
    return notCompared(gaps, reason, "compare on a server that lacks nothing: --scratch");
  }
  const found = await differencesIn(orders, one, other);
  const judged = found.length === 0 ? [] : await withoutEarlier(orders, found);
  const differing = judged.filter(({ kind }) => kind === "object" || kind === "rows");
  const findings = differing.length === 0 ? [] : await attribute(orders, differing);
  return {
    gaps,
    result: findings.length === 0 ? "same" : "different",
    findings,
    notes: notesOn(judged, found.length - judged.length),
    unverified: undefined,
  };
}

/** Values that are others each time are found out by a second run in the same order. */
async function differencesIn(
  orders: Orders,
  one: Database,
  other: Database,
): Promise<readonly ContentDifference[]> {
  const { set, rehearsal, inEmpty } = orders;
  const read = (database: Database, leftOut?: LeftOut): Promise<Contents> =>
    readContents({ ...rehearsal.world, database }, rehearsal.request, set, leftOut);
  const contents = await Promise.all([read(one), read(other)]);
  const found = contentDifferences(...contents);
  if (!found.some(({ kind }) => kind === "rows" || kind === "numbering")) return found;
  const again = await inEmpty(async (third) => {
    await replay(onDatabase(orders, third), set, orders.inOrder);
    const leftOut = volatileColumns(contents[0].rows, (await read(third)).rows);
    return { leftOut, contents: await read(third, leftOut) };
  });
  const [stable, late] = await Promise.all([read(one, again.leftOut), read(other, again.leftOut)]);
  // A table that differs even so is another one each time as a whole.
  const volatile = new Set(contentDifferences(stable, again.contents).map(({ what }) => what));
  return contentDifferences(stable, late).filter(({ what }) => !volatile.has(what));
}

/** What the base's own order left behind is no doing of what is pending. */
async function withoutEarlier(
  orders: Orders,
  found: readonly ContentDifference[],
): Promise<readonly ContentDifference[]> {
  const { applied, set, rehearsal, inEmpty } = orders;
  const inOrder = inNumericOrder(applied);
  if (inOrder.every((migration, index) => migration === applied[index])) return found;
  const contentsOf = (order: readonly Migration[]): Promise<Contents> =>
    inEmpty(async (database) => {
      await replay(onDatabase(orders, database), set, order);
      return readContents({ ...rehearsal.world, database }, rehearsal.request, set);
    });
  const [numeric, real] = await Promise.all([contentsOf(inOrder), contentsOf(applied)]);
  const earlier = new Map(contentDifferences(numeric, real).map((one) => [one.what, one]));
  return found.filter((one) => {
    const known = earlier.get(one.what);
    return known === undefined || known.left !== one.left || known.right !== one.right;
  });
}

function unevenOf(ones: readonly Migration[], others: readonly Migration[]): Migration | undefined {
  return (
    ones.find((migration) => !others.includes(migration)) ??
    others.find((migration) => !ones.includes(migration))
  );
}

function notesOn(differences: readonly ContentDifference[], earlier: number): readonly string[] {
  return [
    ...differences.flatMap(({ kind, what, left, right }): string[] => {
      switch (kind) {
        case "column order":
          return [`${what}: ${right}; on a new database: ${left}`];
        case "numbering":
          return [`${what} have other numbers from their sequence than on a new database`];
        default:
          return [];
      }
    }),
    ...(earlier === 0
      ? []
      : [
          `${earlier} ${earlier === 1 ? "object differs" : "objects differ"} from a new database already, whatever is pending: ` +
            "what is applied came in another order",
        ]),
  ];
}
