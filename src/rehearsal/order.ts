/**
 * Compares what late migrations leave with what a new database gets: one empty database is given
 * the whole set in numeric order, another the base in the order in which it was applied and then
 * what is pending. Rehearsals of single files cannot see that: each of them passes.
 */
import {
  contentDifferences,
  type ContentDifference,
  type Contents,
  emptyContents,
} from "../core/contents.ts";
import type { Migration } from "../core/migration.ts";
import { appliedOrder, caveatsOf, type OrderReport } from "../core/order.ts";
import type { Verdict } from "../core/verdict.ts";
import { allSettled, deferred } from "../deferred.ts";
import { type Database, Refusal } from "../ports.ts";
import { readContents, readStableRows } from "./contents.ts";
import { withDeadline } from "./deadline.ts";
import { attribute, failsInEither, failureOf, judgeFailures, notCompared } from "./order-causes.ts";
import {
  type Early,
  inNumericOrder,
  onDatabase,
  type OrderOptions,
  type Orders,
  type Replica,
} from "./orders.ts";
import { leftOutOf, replay } from "./replay.ts";
import { differencesIn, stable, type Stability } from "./stability.ts";

/** Undefined: nothing is late. @throws Refusal where it was interrupted. */
export async function compareOrders(options: OrderOptions): Promise<OrderReport | undefined> {
  const report = await compare(options);
  const { base, set } = options;
  return report && { ...report, caveats: [...caveatsOf(base, set), ...report.caveats] };
}

async function compare(options: OrderOptions): Promise<OrderReport | undefined> {
  const { set, base, pending, inEmpty } = options;
  const gaps = pending.filter((one) => one.isGap).map((one) => one.migration);
  if (gaps.length === 0) return undefined;
  const inPart = pending.find((one) => base.inPart?.has(one.migration.version) === true);
  if (inPart !== undefined) {
    const reason = `${inPart.migration.id} stopped at a statement there, and is applied in part`;
    return notCompared(gaps, reason, "run `lacuna up` first");
  }
  const unverified = pending.find((one) => one.isGap && one.result === "not verified");
  if (unverified?.result === "not verified") {
    const { migration, reason, way } = unverified;
    return notCompared(gaps, `${migration.id} could not be run: ${reason}`, way);
  }
  // It would get stuck in each of the engines.
  const stuck = pending.find((one) => one.result === "failed" && one.problem.code === "stuck");
  if (stuck?.isGap === true) {
    return notCompared(gaps, `${stuck.migration.id} is stuck`, "mend it first");
  }
  // What fails without being late is reported by itself.
  const failing = pending.filter((one) => one.result !== "passed" && !one.isGap);
  const left = new Set(failing.map((one) => one.migration));
  const applied = appliedOrder(base, set);
  const late = [...applied, ...pending.map((one) => one.migration).filter((one) => !left.has(one))];
  const orders: Orders = {
    ...options,
    rehearsed: pending.every(ranAtOnce) ? options.rehearsed : undefined,
    gaps,
    applied,
    late,
    inOrder: inNumericOrder(late),
  };
  // Begun with the whole set: of no use where something of it has to be left out.
  const early = left.size === 0 ? await options.early?.inOrder : undefined;
  if (early !== undefined) {
    const failed = failureOf(early.replayed)?.migration;
    const isWrong = pending.some((one) => one.migration === failed && one.result === "failed");
    if (failed !== undefined && isWrong) return failsInEither(gaps, failed);
    const report = await sameAtOnce(orders, early);
    if (report !== undefined) return report;
    return inEmpty(async (other) =>
      compareReplicas(orders, early, await replicaIn(orders, other, late)),
    );
  }
  return inEmpty((one) =>
    inEmpty(async (other) => {
      const both = [replicaIn(orders, one, orders.inOrder), replicaIn(orders, other, late)];
      const [inOrder, behind] = await allSettled(both);
      if (inOrder === undefined || behind === undefined) throw new Error("two were made");
      return compareReplicas(orders, inOrder, behind);
    }),
  );
}

/** The whole set in numeric order: what can be begun while a rehearsal runs. */
export function beginInOrder(
  options: Pick<OrderOptions, "rehearsal" | "set" | "inEmpty" | "since">,
): Early {
  const ready = deferred<Replica>();
  const over = deferred<void>();
  const { rehearsal } = options;
  // Whoever has no use for it any more does not wait for the rest of it.
  const stop = withDeadline(rehearsal.world.interruption, undefined);
  const world = { ...rehearsal.world, interruption: stop };
  const running = options.inEmpty(async (database) => {
    const order = inNumericOrder([...options.set.values()]);
    const own = { ...options, rehearsal: { ...rehearsal, world } };
    ready.resolve(await replicaIn(own, database, order));
    await over.promise;
  });
  running.catch(ready.reject);
  // Where nobody asks for it any more.
  ready.promise.catch(() => undefined);
  return {
    inOrder: ready.promise,
    async end() {
      over.resolve();
      stop.reach();
      await running.catch(() => undefined);
    },
  };
}

async function replicaIn(
  options: Pick<OrderOptions, "rehearsal" | "set" | "since">,
  database: Database,
  order: readonly Migration[],
): Promise<Replica> {
  const { set, rehearsal, since } = options;
  const on = onDatabase(options, database);
  const replayed = await replay(on, set, order);
  const isWhole = replayed.problem === undefined && failureOf(replayed) === undefined;
  const contents = isWhole
    ? await readContents(on.world, rehearsal.request, set, since)
    : emptyContents;
  return { database, replayed, contents };
}

/**
 * Most late migrations harm nobody, and the rehearsal has left the other side of the comparison
 * already. What differs says nothing yet: it may be another each time.
 */
async function sameAtOnce(
  orders: Orders,
  { replayed, contents }: Replica,
): Promise<OrderReport | undefined> {
  const { rehearsed, gaps, set, rehearsal, since } = orders;
  const isWhole = replayed.verdicts.every(isPassed);
  if (rehearsed === undefined || !isWhole) return undefined;
  const { world } = onDatabase(orders, rehearsed);
  const late = await readContents(world, rehearsal.request, set, since);
  const found = contentDifferences(contents, late);
  if (found.some(({ kind }) => kind !== "column order")) return undefined;
  return {
    gaps,
    result: "same",
    findings: [],
    caveats: [],
    notes: notesOn(found, 0),
    unverified: undefined,
  };
}

function isPassed({ result }: Verdict): boolean {
  return result === "passed";
}

/**
 * What was stopped and resumed says so in its notes. Some of it ran twice, as in production after a
 * kill alone: such a run is no side of a comparison, and no measure of what is another each time.
 */
function ranAtOnce({ result, notes }: Verdict): boolean {
  return result === "passed" && notes.length === 0;
}

async function compareReplicas(
  orders: Orders,
  inOrder: Replica,
  late: Replica,
): Promise<OrderReport> {
  const { gaps } = orders;
  const both = [inOrder.replayed, late.replayed];
  const broken = both.find(({ problem }) => problem !== undefined)?.problem;
  if (broken !== undefined) throw new Refusal([broken]);

  const [failsInOrder, failsLate] = both.map(failureOf);
  if (failsInOrder !== undefined || failsLate !== undefined) {
    return judgeFailures(orders, failsInOrder, failsLate);
  }
  const [leftOut, alsoLeftOut] = both.map(({ verdicts }) => leftOutOf(verdicts));
  const uneven = unevenOf(leftOut ?? [], alsoLeftOut ?? []);
  if (uneven !== undefined) {
    const reason = `${uneven.id} could be run in one of both orders alone`;
    return notCompared(gaps, reason, "compare on a server that lacks nothing: --scratch");
  }
  const unrun = gaps.find((gap) => leftOut?.includes(gap) === true);
  if (unrun !== undefined) {
    const reason = `${unrun.id} could not be run in an empty database of this engine`;
    return notCompared(gaps, reason, "compare on a server that lacks nothing: --scratch");
  }
  const { found, stability } = await differencesIn(orders, inOrder, late);
  const judged = found.length === 0 ? [] : await withoutEarlier(orders, found, stability);
  const differing = judged.filter(({ kind }) => kind === "object" || kind === "rows");
  const findings = differing.length === 0 ? [] : await attribute(orders, differing);
  return {
    gaps,
    result: findings.length === 0 ? "same" : "different",
    findings,
    caveats: (leftOut ?? []).map(({ id }) => `${id} could not be run here`),
    notes: [...notesOn(judged, found.length - judged.length), ...stability.notes],
    unverified: undefined,
  };
}

/** What the base's own order left behind is no doing of what is pending. */
async function withoutEarlier(
  orders: Orders,
  found: readonly ContentDifference[],
  stability: Stability,
): Promise<readonly ContentDifference[]> {
  const { applied, set, inEmpty, since, rehearsal } = orders;
  const inOrder = inNumericOrder(applied);
  if (inOrder.every((migration, index) => migration === applied[index])) return found;
  const contentsOf = (order: readonly Migration[]): Promise<Contents | undefined> =>
    inEmpty(async (database) => {
      const { contents, replayed } = await replicaIn(orders, database, order);
      if (replayed.problem !== undefined || failureOf(replayed) !== undefined) return undefined;
      const { world } = onDatabase(orders, database);
      const rows = await readStableRows(world, rehearsal.request, set, since, stability.leftOut);
      return stable({ ...contents, rows }, stability);
    });
  const [numeric, real] = await allSettled([contentsOf(inOrder), contentsOf(applied)]);
  if (numeric === undefined || real === undefined) return found;
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
