/**
 * Findings as GitHub shows them beside the lines of a pull request.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
import { explain } from "../core/explain/explain.ts";
import type { Problem } from "../core/problem.ts";
import { type Outcome, rehearsedIn } from "../outcome.ts";
import { findingLines, headline, isToldByFindings } from "./order-text.ts";
import { neutralise } from "./output.ts";

/** @param relative A file's path as the repository has it; undefined for one that is not in it. */
export function annotations(
  outcome: Outcome,
  relative: (path: string) => string | undefined,
): readonly string[] {
  const rehearsed = rehearsedIn(outcome);
  const verdicts = rehearsed?.verdicts ?? [];
  const found = verdicts.flatMap((verdict): string[] => {
    const { id, up } = verdict.migration;
    switch (verdict.result) {
      case "passed":
        return [];
      case "failed":
        return [annotation(`${id} failed`, verdict.problem, relative(up.path))];
      case "not verified": {
        const message = `${verdict.reason}; to verify it, ${verdict.way}`;
        return [command("warning", relative(up.path), undefined, `${id} is not verified`, message)];
      }
    }
  });
  const late = rehearsed?.order?.findings ?? [];
  const findings = outcome.kind === "check" ? outcome.findings : [];
  const problems = "problems" in outcome ? outcome.problems : [];
  const others = problems.filter((problem) => !isToldByFindings(problem));
  return [
    ...found,
    ...late.map((finding) => {
      const [gap] = finding.gaps;
      const path = gap && relative(gap.up.path);
      const message = findingLines(finding).join("\n");
      return command("error", path, undefined, headline(finding), message);
    }),
    ...[...findings, ...others].map((problem) =>
      annotation("lacuna", problem, "path" in problem ? relative(problem.path) : undefined),
    ),
  ];
}

function annotation(title: string, problem: Problem, path: string | undefined): string {
  const { title: what, hint } = explain(problem);
  const place = "place" in problem ? problem.place : undefined;
  return command("error", path, place, title, `${what}\n${hint}`);
}

function command(
  level: "error" | "warning",
  path: string | undefined,
  place: { readonly line: number; readonly column: number } | undefined,
  title: string,
  message: string,
): string {
  const properties = [
    ...(path === undefined ? [] : [`file=${escapeProperty(path)}`]),
    ...(path === undefined || place === undefined
      ? []
      : [`line=${place.line}`, `col=${place.column}`]),
    `title=${escapeProperty(title)}`,
  ];
  return `::${level} ${properties.join(",")}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return neutralise(text).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
