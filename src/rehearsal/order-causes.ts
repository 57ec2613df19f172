/** Which migrations are to be named for what comes out otherwise, or does not run at all. */
import type { ContentDifference } from "../core/contents.ts";
import type { Migration } from "../core/migration.ts";
import type { OrderFinding, OrderReport } from "../core/order.ts";
import type { Problem } from "../core/problem.ts";
import { compareVersions } from "../core/version.ts";
import { allSettled } from "../deferred.ts";
import { inNumericOrder, onDatabase, type Orders } from "./orders.ts";
import { replay } from "./replay.ts";
import type { Rehearsed } from "./rehearse.ts";
import { mentions, type Trace, traceOf } from "./trace.ts";

export interface Failure {
  readonly migration: Migration;
  readonly problem: Problem;
}

export function failureOf({ verdicts }: Rehearsed): Failure | undefined {
  const failed = verdicts.find((one) => one.result === "failed");
  return failed?.result === "failed" ? failed : undefined;
}

/** By what each migration touches, in both orders. */
export async function attribute(
  orders: Orders,
  differing: readonly ContentDifference[],
): Promise<readonly OrderFinding[]> {
  const words = differing.flatMap((one) => one.words);
  const both = [orders.inOrder, orders.late];
  let traces = await tracesOf(orders, both, words);
  const isTold = ({ what }: ContentDifference): boolean =>
    othersTouching(orders, traces, (one) => one === what).length > 0;
  // A name that is put together while a migration runs stands in no text: all are looked at.
  if (!differing.every(isTold)) traces = await tracesOf(orders, both, undefined);
  return differing.map(({ what, kind, left, right }): OrderFinding => {
    const others = othersTouching(orders, traces, (one) => one === what);
    const direct = orders.gaps.filter(touching(traces, (one) => one === what));
    // What it touches may be what the other one went by.
    const isLike = (one: string): boolean =>
      kind !== "rows" || one.startsWith("rows of ") || one.startsWith("sequence ");
    const shared = new Set(others.flatMap((one) => touchedBy(traces, one)).filter(isLike));
    const indirect = orders.gaps.filter(touching(traces, (one) => shared.has(one)));
    const gaps = direct.length > 0 ? direct : indirect;
    return {
      kind: kind === "rows" ? "rows" : "object",
      what,
      inOrder: left,
      late: right,
      gaps: gaps.length > 0 ? gaps : orders.gaps,
      others,
      problem: undefined,
    };
  });
}

/** Where one of the orders does not come to its end. */
export async function judgeFailures(
  orders: Orders,
  inOrder: Failure | undefined,
  late: Failure | undefined,
): Promise<OrderReport> {
  const { gaps } = orders;
  if (late === undefined) return inOrder === undefined ? same(gaps) : failsInOrder(orders, inOrder);
  if (inOrder?.migration === late.migration) return failsInEither(gaps, late.migration);
  return failsLate(orders, late);
}

async function failsLate(orders: Orders, { migration, problem }: Failure): Promise<OrderReport> {
  const { gaps, pending, applied } = orders;
  const known = pending.find((one) => one.migration.version === migration.version);
  if (known?.result !== "failed") {
    const reason = applied.includes(migration)
      ? `${migration.id} is applied, and fails in an empty database`
      : `${migration.id} passed on the database, and fails behind what the applied migrations make`;
    return notCompared(gaps, reason, "look for what was changed by hand: `lacuna drift`");
  }
  // Where it runs in order it shows what it needs, and the others what they do to that.
  const others = await othersBehind(orders, { migration, problem }, orders.inOrder);
  return different(gaps, {
    kind: "fails late",
    what: migration.id,
    inOrder: "passes",
    late: "fails",
    gaps: [migration],
    others,
    problem,
  });
}

async function failsInOrder(orders: Orders, failure: Failure): Promise<OrderReport> {
  const { gaps } = orders;
  const { migration, problem } = failure;
  if (await failsAlready(orders, migration)) {
    const reason = `a new database cannot be made of what is applied already: ${migration.id} fails in numeric order`;
    return notCompared(gaps, reason, "mend that first");
  }
  const finding = {
    kind: "fails in order",
    what: migration.id,
    inOrder: "fails",
    late: "passes",
    problem,
  } as const;
  if (gaps.includes(migration)) {
    const others = await othersBehind(orders, failure, orders.late);
    return different(gaps, { ...finding, gaps: [migration], others });
  }
  const lower = gaps.filter((gap) => compareVersions(gap.version, migration.version) < 0);
  return different(gaps, { ...finding, gaps: lower, others: [migration] });
}

/** The applied migrations with higher numbers that have to do with why this one fails. */
async function othersBehind(
  orders: Orders,
  { migration, problem }: Failure,
  order: readonly Migration[],
): Promise<readonly Migration[]> {
  const names = namesIn(problem);
  const at = { ...orders, gaps: [migration] };
  const traces = await tracesOf(at, [order], names);
  const named = othersTouching(at, traces, (what) => identifiersOf(what).some(isAmong(names)));
  if (named.length > 0) return named;
  const all = await tracesOf(at, [order], undefined);
  const own = all[0]?.get(migration) ?? new Set<string>();
  return othersTouching(at, all, (what) => own.has(what));
}

/** Whether what is applied fails there in numeric order whatever is pending. */
async function failsAlready(orders: Orders, migration: Migration): Promise<boolean> {
  const { applied, set, inEmpty } = orders;
  const inOrder = inNumericOrder(applied);
  if (inOrder.every((one, index) => one === applied[index])) return false;
  const replayed = await inEmpty((database) => replay(onDatabase(orders, database), set, inOrder));
  return failureOf(replayed)?.migration === migration;
}

/** @param words Names that stand in the texts of those that are looked at; undefined: all are. */
function tracesOf(
  orders: Orders,
  both: readonly (readonly Migration[])[],
  words: readonly string[] | undefined,
): Promise<readonly Trace[]> {
  const { gaps, set, inEmpty, since } = orders;
  const isWanted = (migration: Migration): boolean =>
    gaps.includes(migration) ||
    (isBehind(orders, migration) && (words === undefined || mentions(migration, words)));
  return allSettled(
    both.map((order) =>
      inEmpty((database) => traceOf(onDatabase(orders, database), set, order, since, isWanted)),
    ),
  );
}

/** Applied, with a number above the lowest late one. */
function isBehind({ gaps, applied }: Orders, migration: Migration): boolean {
  return (
    applied.includes(migration) &&
    gaps.some((gap) => compareVersions(gap.version, migration.version) < 0)
  );
}

function othersTouching(
  orders: Orders,
  traces: readonly Trace[],
  isMeant: (what: string) => boolean,
): readonly Migration[] {
  const touches = touching(traces, isMeant);
  return orders.applied.filter((migration) => isBehind(orders, migration) && touches(migration));
}

function touching(
  traces: readonly Trace[],
  isMeant: (what: string) => boolean,
): (migration: Migration) => boolean {
  return (migration) => touchedBy(traces, migration).some(isMeant);
}

function touchedBy(traces: readonly Trace[], migration: Migration): readonly string[] {
  return traces.flatMap((trace) => [...(trace.get(migration) ?? [])]);
}

/** What PostgreSQL names in an error: `relation "t" does not exist`, `function f(integer)`. */
function namesIn(problem: Problem): readonly string[] {
  const message = "error" in problem ? problem.error.message.toLowerCase() : "";
  const named = [...message.matchAll(/"([^"]+)"|([a-z_][\w.]*)\(/g)];
  return named.map(([, quoted, called]) => (quoted ?? called ?? "").split(".").at(-1) ?? "");
}

function identifiersOf(what: string): readonly string[] {
  return what.toLowerCase().split(/[\s."(),]+/);
}

function isAmong(names: readonly string[]): (word: string) => boolean {
  return (word) => names.includes(word);
}

const unsaid = { notes: [], caveats: [], unverified: undefined };

export function failsInEither(gaps: readonly Migration[], { id }: Migration): OrderReport {
  return notCompared(gaps, `${id} fails in either order`, "mend it first");
}

function different(gaps: readonly Migration[], finding: OrderFinding): OrderReport {
  return { gaps, result: "different", findings: [finding], ...unsaid };
}

function same(gaps: readonly Migration[]): OrderReport {
  return { gaps, result: "same", findings: [], ...unsaid };
}

export function notCompared(gaps: readonly Migration[], reason: string, way: string): OrderReport {
  const unverified = { reason, way };
  return { gaps, result: "not compared", findings: [], ...unsaid, unverified };
}
