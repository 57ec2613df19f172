/** What `check` and `renumber` end with, for programs. */
import type { CheckOutcome, RenumberOutcome } from "../outcome.ts";
import { type Json, problemJson } from "./json-parts.ts";
import { verifyFields } from "./verify-json.ts";

export function checkFields(outcome: CheckOutcome): Json {
  const { base, head, counts, findings, verify, notRehearsed } = outcome;
  return {
    base,
    head,
    migrations: counts,
    findings: findings.map(problemJson),
    notRehearsed: notRehearsed ?? null,
    verify: verify === undefined ? null : verifyFields(verify),
  };
}

export function renumberFields({ was, version, renames, by }: RenumberOutcome): Json {
  return { was, version, renames, by };
}
