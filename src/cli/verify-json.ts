/** What a rehearsal found, as fields. */
import type { OrderFinding, OrderReport } from "../core/order.ts";
import { countResults, type Verdict } from "../core/verdict.ts";
import type { VerifyOutcome } from "../outcome.ts";
import { adoptionJson, type Json, migrationJson, problemJson } from "./json-parts.ts";

export function verifyFields(outcome: VerifyOutcome): Json {
  const { changes, statements } = outcome.leftovers;
  return {
    method: outcome.method,
    database: outcome.database,
    serverVersion: outcome.serverVersion,
    set: { count: outcome.set.size, digest: outcome.digest },
    adopt: adoptionJson(outcome.adoption),
    pending: outcome.pending,
    counts: countResults(outcome.verdicts),
    results: outcome.verdicts.map(verdictJson),
    base: baseJson(outcome),
    order: outcome.order === undefined ? null : orderJson(outcome.order),
    notUndone: {
      changes,
      statements: statements.map(({ migration, what, line }) => ({
        ...migrationJson(migration),
        line,
        what,
      })),
    },
  };
}

export function verdictJson(verdict: Verdict): Json {
  const { migration, isGap, after, ...rest } = verdict;
  const problem = "problem" in rest ? rest.problem : undefined;
  return {
    ...migrationJson(migration),
    gap: isGap,
    after: after ?? null,
    ...rest,
    ...(problem === undefined ? {} : { problem: problemJson(problem) }),
  };
}

function baseJson({ base }: VerifyOutcome): Json | null {
  if (base === undefined) return null;
  const { label, count, leftOut } = base;
  return { from: label, applied: count, leftOut: leftOut.map(verdictJson) };
}

function orderJson({ gaps, result, findings, caveats, notes, unverified }: OrderReport): Json {
  return {
    result,
    gaps: gaps.map(migrationJson),
    findings: findings.map(findingJson),
    caveats,
    notes,
    reason: unverified?.reason ?? null,
    way: unverified?.way ?? null,
  };
}

function findingJson({ kind, what, inOrder, late, ...finding }: OrderFinding): Json {
  const { gaps, others, problem } = finding;
  return {
    kind,
    what,
    inOrder: inOrder ?? null,
    late: late ?? null,
    gaps: gaps.map(migrationJson),
    others: others.map(migrationJson),
    problem: problem === undefined ? null : problemJson(problem),
  };
}
