import { describeBlocker } from "../core/blockers.ts";
import { explain } from "../core/explain/explain.ts";
import type { Place } from "../core/locate.ts";
import type { Problem, ServerMessage, Stage } from "../core/problem.ts";

/** All problems; a hint that several of them share stands behind the last. */
export function allProblems(
  problems: readonly Problem[],
  appliedBefore: readonly string[],
): readonly string[] {
  const hints = problems.map((problem) => explain(problem).hint);
  return problems.flatMap((problem, index) => [
    ...problemLines(problem, appliedBefore),
    ...(hints[index] === hints[index + 1] ? [] : ["", `hint: ${hints[index]}`]),
    ...(index === problems.length - 1 ? [] : [""]),
  ]);
}

/**
 * A problem as lines: what could not be done, where, what the server said about it, what was
 * done before it.
 */
export function problemLines(
  problem: Problem,
  appliedBefore: readonly string[],
): readonly string[] {
  const { title } = explain(problem);
  const path = "path" in problem ? problem.path : undefined;
  const place = "place" in problem ? problem.place : undefined;
  const isMigration = problem.code === "migration-failed";
  return [
    `error: ${title}`,
    ...(path !== undefined && place !== undefined ? frame(path, place) : []),
    ...(path !== undefined && place === undefined && isMigration ? [`  in ${path}`] : []),
    ...(isMigration ? stageLines(problem.stage) : []),
    ...("error" in problem ? serverLines(problem.error) : []),
    ...("blockers" in problem && problem.blockers !== undefined
      ? problem.blockers.map((one) => `  blocked by: ${describeBlocker(one)}`)
      : []),
    ...("reply" in problem && problem.reply.length > 0
      ? [`  reply: ${problem.reply.slice(-6).join(", ")}`]
      : []),
    ...(appliedBefore.length > 0 ? [`  applied before it: ${appliedBefore.join(", ")}`] : []),
  ];
}

/** file:line:column, which editors and CI make a link of, and the line with a caret. */
function frame(path: string, place: Place): readonly string[] {
  const number = String(place.line);
  const gutter = " ".repeat(number.length);
  return [
    `  ${path}:${place.line}:${place.column}`,
    `  ${number} | ${place.excerpt}`,
    `  ${gutter} | ${place.indent}^`,
  ];
}

function stageLines(stage: Stage): readonly string[] {
  return stage.kind === "statement" && stage.of > 1
    ? [`  statement ${stage.number} of ${stage.of}`]
    : [];
}

function serverLines(error: ServerMessage): readonly string[] {
  const lines: string[] = [];
  const add = (word: string, text: string | undefined): void => {
    for (const [index, line] of (text ?? "").split("\n").entries()) {
      if (line !== "") lines.push(index === 0 ? `  ${word}: ${line}` : `    ${line}`);
    }
  };
  add("detail", error.detail);
  add("server's hint", error.hint);
  add("constraint", error.constraint);
  add("context", error.where);
  add("inside", error.internalQuery);
  return lines;
}
