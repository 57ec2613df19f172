/** What `check` and `renumber` tell, as lines for people. */
import { explain } from "../core/explain/explain.ts";
import type { Problem } from "../core/problem.ts";
import type { CheckOutcome, RenumberOutcome } from "../outcome.ts";
import { problemLines } from "./problem-text.ts";
import { verifySummary } from "./verify-text.ts";
import { count } from "./words.ts";

export function findingLines(problem: Problem): readonly string[] {
  return [...problemLines(problem, []), `  hint: ${explain(problem).hint}`, ""];
}

export function checkSummary(outcome: CheckOutcome): readonly string[] {
  const { base, head, counts, findings, verify, notRehearsed } = outcome;
  const found = findings.length === 0 ? "nothing" : count(findings.length, "thing");
  return [
    `check: ${count(counts.added, "migration")} added to the ${counts.base} of ${base} by ${head}, ${found} to put right in the files`,
    ...(verify === undefined ? [`not rehearsed: ${notRehearsed}`] : verifySummary(verify)),
  ];
}

export function renumberNotes({
  was,
  version,
  by,
  isKeptByAnother,
}: RenumberOutcome): readonly string[] {
  const how = by === "git mv" ? ["note: renamed by git mv; the next commit has it"] : [];
  if (isKeptByAnother) return how;
  return [
    ...how,
    `note: where ${was} is applied already, \`up\` will ask for \`lacuna mark renumbered ${was} ${version}\``,
  ];
}
