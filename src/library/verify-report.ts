/** What a rehearsal found, as plain data. */
import type { KeptChange } from "../core/kept.ts";
import type { OrderFinding, OrderReport } from "../core/order.ts";
import type { Method, Verdict } from "../core/verdict.ts";
import type { VerifyOutcome } from "../outcome.ts";
import { type ExplainedProblem, explained, inLibraryWords } from "./error.ts";
import { type MigrationName, nameOf } from "./name.ts";

/** What is said of one pending migration. */
export interface VerifyResult {
  readonly migration: MigrationName;
  readonly result: Verdict["result"];
  /** It is below the highest applied version. */
  readonly isGap: boolean;
  /** The id of the first migration before it that did not pass. */
  readonly after: string | undefined;
  /** How long it took, in milliseconds, where it passed. */
  readonly elapsedMs: number | undefined;
  /** Why it failed. */
  readonly problem: ExplainedProblem | undefined;
  /** Why it could not be verified, and how it can. */
  readonly reason: string | undefined;
  readonly way: string | undefined;
  readonly notes: readonly string[];
}

/** Whether late migrations leave what a new database gets. */
export interface OrderComparison {
  readonly result: OrderReport["result"];
  readonly gaps: readonly MigrationName[];
  readonly findings: readonly {
    readonly kind: OrderFinding["kind"];
    /** `function public.price()`, `rows of public.settings`. */
    readonly what: string;
    /** On a new database, and behind what is applied; undefined: it is not there. */
    readonly inOrder: string | undefined;
    readonly late: string | undefined;
    /** The late migrations that touch it, and those with higher numbers that were applied before. */
    readonly gaps: readonly MigrationName[];
    readonly others: readonly MigrationName[];
  }[];
  /** What of the base its files do not tell: the comparison is as true as they are. */
  readonly caveats: readonly string[];
  readonly notes: readonly string[];
  /** Why it was not compared. */
  readonly reason: string | undefined;
}

export interface VerifyReport {
  readonly method: Method;
  readonly database: string;
  readonly serverVersion: string;
  /** The set digest. */
  readonly digest: string;
  /** One for each pending migration, in numeric order. */
  readonly results: readonly VerifyResult[];
  /** Late migrations beside a new database, where all run in numeric order; undefined: none is late. */
  readonly order: OrderComparison | undefined;
  /** What a rollback does not undo: measured, and as far as the files tell. */
  readonly notUndone: {
    readonly changes: readonly KeptChange[];
    readonly statements: readonly {
      readonly migration: MigrationName;
      readonly line: number;
      readonly what: string;
    }[];
  };
}

export function reportOf(outcome: VerifyOutcome): VerifyReport {
  const { method, database, serverVersion, digest, verdicts, leftovers } = outcome;
  return {
    method,
    database,
    serverVersion,
    digest,
    results: verdicts.map(resultOf),
    order: outcome.order && comparisonOf(outcome.order),
    notUndone: {
      changes: leftovers.changes,
      statements: leftovers.statements.map(({ migration, line, what }) => ({
        migration: nameOf(migration),
        line,
        what,
      })),
    },
  };
}

function comparisonOf({
  result,
  gaps,
  findings,
  caveats,
  notes,
  unverified,
}: OrderReport): OrderComparison {
  return {
    result,
    gaps: gaps.map(nameOf),
    findings: findings.map(({ kind, what, inOrder, late, ...finding }) => ({
      kind,
      what,
      inOrder,
      late,
      gaps: finding.gaps.map(nameOf),
      others: finding.others.map(nameOf),
    })),
    caveats,
    notes,
    reason: unverified?.reason,
  };
}

export function resultOf(verdict: Verdict): VerifyResult {
  const { migration, result, isGap, after, notes } = verdict;
  return {
    migration: nameOf(migration),
    result,
    isGap,
    after,
    elapsedMs: result === "passed" ? verdict.elapsedMs : undefined,
    problem: result === "failed" ? explained(verdict.problem) : undefined,
    reason: result === "not verified" ? verdict.reason : undefined,
    way: result === "not verified" ? inLibraryWords(verdict.way) : undefined,
    notes,
  };
}
