/** What a late migration leaves, beside what a new database gets, as lines. */
import type { Migration } from "../core/migration.ts";
import type { OrderFinding, OrderReport } from "../core/order.ts";
import type { Problem } from "../core/problem.ts";
import { problemLines } from "./problem-text.ts";
import { count } from "./words.ts";

/** What was found, in a line. */
export function orderSummary({ gaps, result, findings, caveats }: OrderReport): string {
  const late = count(gaps.length, "gap");
  switch (result) {
    case "same":
      return `order: ${late} compared with a new database: the same comes out${caveats.length === 0 ? "" : ", as far as the files tell"}`;
    case "different":
      return `order: ${late} compared with a new database: ${count(findings.length, "difference")}`;
    case "not compared":
      return `order: ${late} not compared with a new database`;
  }
}

/** Each difference once, below the migrations that make it. */
export function orderFindings({ findings }: OrderReport): readonly string[] {
  const groups = new Map<string, OrderFinding[]>();
  for (const finding of findings) {
    const key = headline(finding);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups].flatMap(([head, group]) => [head, ...group.flatMap(findingLines), ""]);
}

export function orderNotes({ gaps, notes, caveats, unverified }: OrderReport): readonly string[] {
  return [
    ...(caveats.length === 0
      ? []
      : [`note: the comparison is as true as the files: ${caveats.join("; ")}`]),
    ...notes.map((note) => `note: ${note}`),
    ...(unverified === undefined
      ? []
      : [
          `note: ${names(gaps)} ${gaps.length === 1 ? "is" : "are"} not compared with a new database: ${unverified.reason}`,
          `  to compare, ${unverified.way}`,
        ]),
  ];
}

/** One line for where there is no room: an annotation, a report. */
export function headline({ kind, gaps, others }: OrderFinding): string {
  const [late, behind] = [names(gaps), names(others)];
  switch (kind) {
    case "fails late":
      return `${late} cannot come late: ${others.length === 0 ? "what is applied keeps it from running" : `${behind}, applied already, keeps it from running`}`;
    case "fails in order":
      return `A new database cannot be made: there ${late} runs before ${behind === "" ? "what it needs" : behind}`;
    default:
      return others.length === 0
        ? `${late} comes late, and leaves something else than on a new database`
        : `${late} comes late, behind ${behind}; on a new database it runs before`;
  }
}

/** What only counts findings that are told each by itself. */
export function isToldByFindings(problem: Problem): boolean {
  if (problem.code === "order-found") return problem.found === "different";
  return problem.code === "verify-found" || problem.code === "check-found";
}

/** The two sides of a finding, below its name. */
export function findingLines({
  kind,
  what,
  inOrder,
  late,
  problem,
}: OrderFinding): readonly string[] {
  if (problem !== undefined && kind !== "object" && kind !== "rows") {
    const where = kind === "fails late" ? "behind what is applied" : "on a new database";
    return [`  ${what} fails ${where}`, ...problemLines(problem, []).map((line) => `  ${line}`)];
  }
  return [
    `  ${what}`,
    ...side("on a new database", inOrder),
    ...side("behind what is applied", late),
  ];
}

function side(where: string, definition: string | undefined): readonly string[] {
  if (definition === undefined) return [`    ${where}: it is not there`];
  const [first = "", ...rest] = definition.trimEnd().split("\n");
  if (rest.length === 0) return [`    ${where}: ${first}`];
  const shown = [first, ...rest].slice(0, mostLines);
  const more = rest.length + 1 - shown.length;
  return [
    `    ${where}:`,
    ...shown.map((line) => `      ${line}`),
    ...(more > 0 ? [`      … ${count(more, "line")} more: --json has them`] : []),
  ];
}

function names(migrations: readonly Migration[]): string {
  const ids = migrations.map((one) => one.id);
  const last = ids.pop() ?? "";
  return ids.length === 0 ? last : `${ids.join(", ")} and ${last}`;
}

const mostLines = 12;
