/**
 * A JUnit report: a test suite with one test case a migration, which every CI can show.
 * https://github.com/testmoapp/junitxml (there is no standard).
 */
import { explain } from "../core/explain/explain.ts";
import type { OrderFinding } from "../core/order.ts";
import type { Problem } from "../core/problem.ts";
import { countResults, type Verdict } from "../core/verdict.ts";
import { type Outcome, rehearsedIn } from "../outcome.ts";
import { findingLines, headline, isToldByFindings } from "./order-text.ts";
import { problemLines } from "./problem-text.ts";

/** What kept the rehearsal from taking place, or ended it, is a test case of its own. */
export function junitReport(outcome: Outcome): string {
  const rehearsed = rehearsedIn(outcome);
  const verdicts = rehearsed?.verdicts ?? [];
  const problems = "problems" in outcome ? outcome.problems : [];
  const late = rehearsed?.order?.findings ?? [];
  const found = outcome.kind === "check" ? outcome.findings : [];
  const errors = problems.filter((problem) => !isToldByFindings(problem));
  // With --strict what is not verified is among the findings.
  const isStrict = problems.some((one) => one.code === "verify-found" && one.failed === 0);
  const { failed, "not verified": notVerified } = countResults(verdicts);
  const [failing, skipped] = isStrict ? [failed + notVerified, 0] : [failed, notVerified];
  const failures = found.length + failing + late.length;
  const seconds = verdicts.reduce((sum, one) => sum + secondsOf(one), 0);
  const name = outcome.kind === "check" ? "lacuna check" : "lacuna verify";
  const counts =
    `tests="${found.length + verdicts.length + late.length + errors.length}" failures="${failures}" ` +
    `errors="${errors.length}" skipped="${skipped}" time="${seconds.toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${name}" ${counts}>`,
    `  <testsuite name="${name}" ${counts}>`,
    ...found.map(foundCase),
    ...verdicts.map((verdict) => verdictCase(verdict, isStrict)),
    ...late.map(orderCase),
    ...errors.map(errorCase),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function verdictCase(verdict: Verdict, isStrict: boolean): string {
  const { migration } = verdict;
  const time = secondsOf(verdict).toFixed(3);
  const head = `    <testcase classname="migrations" name="${escape(migration.id)}" file="${escape(migration.up.path)}" time="${time}"`;
  switch (verdict.result) {
    case "passed":
      return `${head}/>`;
    case "failed":
      return `${head}>${failure("failure", verdict.problem)}</testcase>`;
    case "not verified": {
      const message = escape(`${verdict.reason}; to verify it, ${verdict.way}`);
      const element = isStrict ? "failure" : "skipped";
      return `${head}><${element} message="${message}"/></testcase>`;
    }
  }
}

function orderCase(finding: OrderFinding): string {
  const file = finding.gaps[0]?.up.path ?? "";
  const head = `    <testcase classname="order" name="${escape(finding.what)}" file="${escape(file)}" time="0.000">`;
  const text = [headline(finding), ...findingLines(finding)].join("\n");
  return `${head}<failure message="${escape(headline(finding))}" type="${escape(finding.kind)}">${escape(text)}</failure></testcase>`;
}

function foundCase(problem: Problem): string {
  const file = "path" in problem ? problem.path : "";
  return `    <testcase classname="merge" name="${escape(`${problem.code} ${file}`)}" file="${escape(file)}" time="0.000">${failure("failure", problem)}</testcase>`;
}

function errorCase(problem: Problem): string {
  return `    <testcase classname="lacuna" name="${escape(problem.code)}" time="0.000">${failure("error", problem)}</testcase>`;
}

function failure(element: "failure" | "error", problem: Problem): string {
  const { title, hint } = explain(problem);
  const text = [...problemLines(problem, []), `hint: ${hint}`].join("\n");
  return `<${element} message="${escape(title)}" type="${escape(problem.code)}">${escape(text)}</${element}>`;
}

function secondsOf(verdict: Verdict): number {
  return verdict.result === "passed" ? verdict.elapsedMs / 1000 : 0;
}

/** XML 1.0 has no way to write most control characters, not even escaped. */
function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\n": "&#10;",
    "\t": "&#9;",
  };
  return text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"\n\t]/g, (char) => entities[char] ?? char);
}
