/**
 * What a database has otherwise than its applied migrations make it: what somebody changed by
 * hand, told apart from what only looks so.
 */
import {
  columnOrder,
  keyOf,
  type Schema,
  type SchemaDifference,
  schemaDifferences,
  haveSameColumns,
} from "./schema.ts";
import { type Circumstances, reasonsIn } from "./told-apart.ts";

export interface Drift {
  readonly findings: readonly DriftFinding[];
  readonly toldApart: readonly ToldApart[];
  /** Tables that have the right columns in another order. */
  readonly columnOrders: readonly string[];
  /** How many differences were left out because somebody asked for it. */
  readonly ignored: number;
  /** Patterns that no difference fits. */
  readonly idlePatterns: readonly string[];
}

/**
 * `made by hand`: only the database has it; `missing`: only the migrations make it; `changed`: both
 * have it, and not alike.
 */
type DriftKind = "made by hand" | "missing" | "changed";

export interface DriftFinding {
  readonly finding: DriftKind;
  readonly kind: string;
  readonly name: string;
  /** What the migrations make. */
  readonly expected: string | undefined;
  /** What the database has. */
  readonly actual: string | undefined;
  /** What stands on it, and came or went with it: `index public.users_email_idx`. */
  readonly parts: readonly string[];
}

/** A difference that is nobody's doing, and why. */
export interface ToldApart {
  readonly kind: string;
  readonly name: string;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly reason: string;
}

/** @param ignored Patterns of `kind name`, in which a star stands for anything. */
export function driftBetween(
  expected: Schema,
  actual: Schema,
  circumstances: Circumstances,
  ignored: readonly string[],
): Drift {
  const differences = schemaDifferences(expected, actual);
  const reasonOf = reasonsIn(circumstances, differences);
  const patterns = ignored.map((pattern) => ({ pattern, fits: fitting(pattern) }));
  const wholes = wholesOf(differences);
  const findings: DriftFinding[] = [];
  const toldApart: ToldApart[] = [];
  const columnOrders: string[] = [];
  const idle = new Set(ignored);
  let ignoredCount = 0;
  const isIgnored = (one: SchemaDifference): boolean => {
    const fitted = patterns.filter(({ fits }) => fits.test(keyOf(one)));
    for (const { pattern } of fitted) idle.delete(pattern);
    return fitted.length > 0;
  };

  for (const { whole, parts } of wholes) {
    const reason = reasonOf(whole);
    if (reason !== undefined) {
      toldApart.push(...[whole, ...parts].map((one) => asToldApart(one, reason)));
    } else if (whole.kind === columnOrder) {
      // With a column more or less it is another one too: that is said of the column.
      if (haveSameColumns(whole.left, whole.right)) columnOrders.push(whole.name);
    } else if (isIgnored(whole)) ignoredCount++;
    else {
      const told = parts.filter(({ kind }) => kind !== columnOrder);
      const kept = told.filter((part) => !isIgnored(part));
      ignoredCount += told.length - kept.length;
      findings.push({ ...findingOf(whole, circumstances), parts: kept.map(keyOf) });
    }
  }
  return { findings, toldApart, columnOrders, ignored: ignoredCount, idlePatterns: [...idle] };
}

function asToldApart({ kind, name, left, right }: SchemaDifference, reason: string): ToldApart {
  return { kind, name, expected: left, actual: right, reason };
}

/** The definitions as one engine prints both show what differs, and nothing else. */
function findingOf(
  difference: SchemaDifference,
  { printedAlike }: Circumstances,
): Omit<DriftFinding, "parts"> {
  const { kind, name, left, right } = difference;
  if (left === undefined || right === undefined) {
    const finding = left === undefined ? "made by hand" : "missing";
    return { finding, kind, name, expected: left, actual: right };
  }
  const { expected, actual } = printedAlike.get(keyOf(difference)) ?? {
    expected: left,
    actual: right,
  };
  return { finding: "changed", kind, name, expected, actual };
}

interface Whole {
  readonly whole: SchemaDifference;
  readonly parts: readonly SchemaDifference[];
}

/** A table that is there on one side alone is one difference, and not one for each column. */
function wholesOf(differences: readonly SchemaDifference[]): readonly Whole[] {
  const parts = new Map<SchemaDifference, SchemaDifference[]>();
  const relations = new Map<string, SchemaDifference>();
  const columns = new Map<string, SchemaDifference>();
  for (const one of differences.filter(isOneSided)) {
    if (one.on === undefined) relations.set(one.name, one);
    if (one.kind === "column") columns.set(one.name, one);
  }
  const wholeOf = (part: SchemaDifference): SchemaDifference | undefined => {
    const { kind, name, on } = part;
    const relation = on === undefined ? undefined : relations.get(on);
    if (relation !== undefined && areAlike(relation, part)) return relation;
    // A column's NOT NULL bears its name.
    const column = kind === "column" ? undefined : columns.get(name);
    return column !== undefined && areAlike(column, part) ? column : undefined;
  };
  for (const one of differences) {
    const whole = wholeOf(one);
    if (whole === undefined) parts.set(one, parts.get(one) ?? []);
    else parts.set(whole, [...(parts.get(whole) ?? []), one]);
  }
  return differences
    .filter((one) => wholeOf(one) === undefined)
    .map((whole) => ({ whole, parts: parts.get(whole) ?? [] }));
}

function isOneSided({ left, right }: SchemaDifference): boolean {
  return left === undefined || right === undefined;
}

/** Both are there on the same side alone. */
function areAlike(one: SchemaDifference, other: SchemaDifference): boolean {
  return isOneSided(other) && (one.left === undefined) === (other.left === undefined);
}

function fitting(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s");
}
