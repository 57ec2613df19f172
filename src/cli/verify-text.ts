/** What a rehearsal found, as lines: the results to stdout, what there is to say of them to stderr. */
import { formatDuration } from "../core/duration.ts";
import { explain } from "../core/explain/explain.ts";
import type { Problem } from "../core/problem.ts";
import { countResults, type Method, type Verdict } from "../core/verdict.ts";
import type { VerifyOutcome } from "../outcome.ts";
import type { Talk } from "../request.ts";
import { orderFindings, orderNotes, orderSummary } from "./order-text.ts";
import { problemLines } from "./problem-text.ts";
import { count } from "./words.ts";

/** The line of one migration, as soon as it is known. */
export function verdictLine({ result, migration, isGap, ...rest }: Verdict): string {
  const marks = [
    ...(isGap ? ["gap"] : []),
    ...("elapsedMs" in rest ? [formatDuration(rest.elapsedMs)] : []),
  ];
  return `${result} ${migration.id}${marks.length === 0 ? "" : ` (${marks.join(", ")})`}`;
}

export function verifySummary(outcome: VerifyOutcome): readonly string[] {
  const { verdicts, pending, set, digest, folder } = outcome;
  const source = folder === undefined ? "inside the executable" : `in ${folder}`;
  const head = `set: ${count(set.size, "migration")} ${source}, digest ${digest.slice(0, 12)}`;
  const all = { ...countResults(verdicts), "not reached": pending - verdicts.length };
  const counts = Object.entries(all).filter(([, number]) => number > 0);
  const where = placeOf(outcome);
  const { base, order } = outcome;
  return [
    head,
    ...(base === undefined
      ? []
      : [`base: ${count(base.count, "version")} applied, from ${base.label}`]),
    counts.length === 0
      ? `nothing is pending, ${where}`
      : `${counts.map(([word, number]) => `${number} ${word}`).join(", ")}, ${where}`,
    ...(order === undefined ? [] : [orderSummary(order)]),
  ];
}

/** Notes are left out where little is to be said. */
export function verifyDetails(outcome: VerifyOutcome, talk: Talk): readonly string[] {
  const { verdicts, leftovers, adoption, base, order } = outcome;
  const late = order === undefined ? [] : orderFindings(order);
  if (talk === "quiet") {
    // With --strict what could not be verified is among the findings.
    const hasFindings = outcome.problems.some((problem) => problem.code === "verify-found");
    const found = verdicts.filter(
      (one) => one.result === "failed" || (hasFindings && one.result === "not verified"),
    );
    return [...found.flatMap(verdictDetails), ...late];
  }
  const lines: string[] = [];
  if (adoption !== undefined) {
    const { version, from } = adoption;
    lines.push(`note: versions up to ${version} count as applied: ${from.join(" and ")} says so`);
  }
  for (const { migration, ...verdict } of base?.leftOut ?? []) {
    const reason = verdict.result === "not verified" ? verdict.reason : "it failed";
    lines.push(`note: ${migration.id} is applied, and could not be run here: ${reason}`);
  }
  for (const verdict of verdicts) lines.push(...verdictDetails(verdict));
  const notes = order === undefined ? [] : orderNotes(order);
  return [...lines, ...late, ...notes, ...leftoverLines(leftovers)];
}

function verdictDetails(verdict: Verdict): readonly string[] {
  const { migration, after, notes } = verdict;
  const behind = after === undefined ? [] : [`  it comes after ${after}, which did not pass`];
  switch (verdict.result) {
    case "passed":
      return notes.map((note) => `note: ${migration.id}: ${note}`);
    case "failed":
      return [...problemLines(verdict.problem, []), ...behind, ...adviceFor(verdict.problem), ""];
    case "not verified":
      return [
        `note: ${migration.id} is not verified: ${verdict.reason}`,
        `  to verify it, ${verdict.way}`,
      ];
  }
}

/** That a file has to be fixed need not be said of each. */
function adviceFor(problem: Problem): readonly string[] {
  return problem.code === "migration-failed" ? [] : [`  hint: ${explain(problem).hint}`];
}

function leftoverLines({ changes, statements }: VerifyOutcome["leftovers"]): readonly string[] {
  const sequences = changes.filter((change) => change.kind === "sequence");
  const counts = changes.filter((change) => change.kind === "counts");
  return [
    ...sequences.map(
      ({ name, was, is }) =>
        `note: a rollback does not set back the sequence ${name}: ${is}, was ${was}`,
    ),
    ...(counts.length === 0
      ? []
      : [
          `note: a rollback does not set back the planner's counts of ${counts.map((one) => one.name).join(", ")}`,
        ]),
    ...statements.map(
      ({ migration, what, line }) => `note: not undone: ${migration.id}, line ${line}: ${what}`,
    ),
  ];
}

function placeOf({ method, database, serverVersion, base }: VerifyOutcome): string {
  const version = serverVersion === "" ? "" : ` (PostgreSQL ${serverVersion})`;
  const from = base === undefined ? "from empty" : "on the base";
  const places: Readonly<Record<Method, string>> = {
    embedded: `in an embedded Postgres${version}, ${from}`,
    "rolled back": `on ${database}${version}, rolled back`,
    isolated: `on ${database}${version}, each alone, rolled back`,
    scratch: `in a database made for it on the server of ${database}${version}, and dropped`,
  };
  return places[method];
}
