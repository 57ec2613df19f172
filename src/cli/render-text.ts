/** Events and outcomes as lines for people. Meaning is never told by colour alone. */
import { countStates, type Entry, stateOf } from "../core/entry.ts";
import { cellsIn } from "../core/locate.ts";
import type { Migration } from "../core/migration.ts";
import { displayTracker } from "../core/tracker.ts";
import { type Outcome, rehearsedIn } from "../outcome.ts";
import { driftLines } from "./drift-text.ts";
import { eventLine, historyNote } from "./event-text.ts";
import { fingerprintDetails } from "./fingerprint-text.ts";
import { neutralise, type Output } from "./output.ts";
import { checkSummary, findingLines, renumberNotes } from "./check-text.ts";
import { allProblems } from "./problem-text.ts";
import { readyLine, smokeLines } from "./readiness-text.ts";
import type { Renderer, Style } from "./render.ts";
import { buildLines, versionLines } from "./executable-text.ts";
import { verifyDetails, verifySummary } from "./verify-text.ts";
import { count } from "./words.ts";

export function textRenderer(output: Output, style: Style): Renderer {
  const paint = painter(style.color);
  const data = (text: string): void => {
    output.data(paint(neutralise(text)));
  };
  const talk = (text: string): void => {
    output.talk(paint(neutralise(text)));
  };
  return {
    event(event) {
      if (event.kind === "finding") {
        for (const line of findingLines(event.problem)) talk(line);
        return;
      }
      if (style.talk === "quiet") return;
      const line = eventLine(event, style.talk === "verbose");
      if (line === undefined) return;
      // What `up` and `verify` are asked for; beside the report of a check it is talk.
      const isData = event.kind === "applied" || event.kind === "verdict";
      if (isData && style.command !== "smoke") data(line);
      else talk(line);
    },
    outcome(outcome) {
      if (outcome.kind === "plan" && style.talk !== "quiet") {
        for (const note of outcome.preview.notes) talk(`note: ${historyNote(note)}`);
      }
      if (outcome.kind === "drift") {
        for (const { to, text } of driftLines(outcome, style.talk))
          if (to === "data") data(text);
          else talk(text);
      } else outcomeData(outcome, style, data, output);
      if (outcome.kind === "renumber" && style.talk !== "quiet")
        for (const line of renumberNotes(outcome)) talk(line);
      if (outcome.kind === "stopped" && style.talk !== "quiet")
        talk(`stopped by ${outcome.signal}`);
      if (outcome.kind === "fingerprint" && style.talk !== "quiet")
        for (const line of fingerprintDetails(outcome)) talk(line);
      if (!("problems" in outcome)) return;
      const rehearsed = rehearsedIn(outcome);
      if (rehearsed !== undefined) {
        for (const line of verifyDetails(rehearsed, style.talk)) talk(line);
      }
      const applied = outcome.kind === "up" ? outcome.applied.map((one) => one.id) : [];
      for (const line of allProblems(outcome.problems, applied)) talk(line);
    },
  };
}

function outcomeData(
  outcome: Exclude<Outcome, { readonly kind: "drift" }>,
  style: Style,
  data: (text: string) => void,
  output: Output,
): void {
  switch (outcome.kind) {
    case "show":
      output.bytes(outcome.bytes);
      if (outcome.advice !== undefined) output.talk(outcome.advice);
      return;
    case "up":
    case "verify":
    case "check":
    case "mark":
    case "renumber":
    case "build":
    case "ready":
      if (style.talk !== "quiet") for (const line of doneLines(outcome)) data(line);
      return;
    case "stopped":
    case "refused":
      return;
    default:
      for (const line of askedLines(outcome)) data(line);
  }
}

/** What was asked for, however little is to be said. */
function askedLines(
  outcome: Extract<
    Outcome,
    { kind: "plan" | "status" | "fingerprint" | "smoke" | "new" | "text" | "version" }
  >,
): readonly string[] {
  switch (outcome.kind) {
    case "plan":
      return planLines(outcome);
    case "status":
      return statusLines(outcome);
    case "fingerprint":
      return [outcome.digest];
    case "smoke":
      return smokeLines(outcome);
    case "new":
      return outcome.paths;
    case "text":
      return [outcome.text.trimEnd()];
    case "version":
      return versionLines(outcome);
  }
}

/** What was done, for people: who asks for quiet goes by the exit code. */
function doneLines(
  outcome: Extract<
    Outcome,
    { kind: "up" | "verify" | "check" | "mark" | "renumber" | "build" | "ready" }
  >,
): readonly string[] {
  switch (outcome.kind) {
    case "up":
      return outcome.problems.length === 0 ? [upSummary(outcome)] : [];
    case "verify":
      return verifySummary(outcome);
    case "check":
      return checkSummary(outcome);
    case "mark":
      return outcome.done;
    case "renumber":
      return outcome.renames.map(({ from, to }) => `${from} -> ${to}`);
    case "build":
      return buildLines(outcome);
    case "ready":
      return [readyLine(outcome)];
  }
}

function upSummary({
  applied,
  left,
}: {
  applied: readonly Migration[];
  left: readonly Migration[];
}): string {
  const rest =
    left.length === 0 ? "" : `; ${count(left.length, "version")} above the target left pending`;
  return applied.length === 0
    ? `nothing to do${rest}`
    : `${count(applied.length, "migration")} applied${rest}`;
}

function planLines(outcome: Extract<Outcome, { kind: "plan" }>): readonly string[] {
  const { steps, left } = outcome.preview;
  const { adoption, problems } = outcome;
  const lines: string[] = [];
  if (adoption !== undefined) {
    const versions = count(adoption.migrations.length, "version");
    lines.push(`adopt  ${versions} up to ${adoption.version} from ${adoption.from.join(" and ")}`);
  }
  for (const { entry, script } of steps) {
    const marks = [
      ...entry.states.filter((state) => state !== "pending"),
      ...(script.mode === "statements" ? ["no transaction"] : []),
    ];
    lines.push(
      `apply  ${entry.migration.id}${marks.length === 0 ? "" : `  (${marks.join(", ")})`}`,
    );
  }
  if (problems.length > 0) return [...lines, "`up` would refuse, and apply nothing of this"];
  const gaps = steps.filter(({ entry }) => entry.states.includes("gap")).length;
  const among = gaps === 0 ? "" : `, ${count(gaps, "gap")} among them`;
  const rest =
    left.length === 0 ? "" : `; ${count(left.length, "version")} above the target left pending`;
  const all =
    steps.length === 0 ? "nothing to do" : `${count(steps.length, "migration")} to apply${among}`;
  return [...lines, `${all}${rest}`];
}

function statusLines(outcome: Extract<Outcome, { kind: "status" }>): readonly string[] {
  const { set, digest, diff, tracker, database, fingerprint } = outcome;
  const rows = diff.entries.map((entry) =>
    [
      versionText(entry),
      entry.kind === "unknown" ? entry.row.name : entry.migration.name,
      stateText(entry),
      timeText(entry),
    ].map(asCell),
  );
  const table = [["VERSION", "NAME", "STATE", "APPLIED (UTC)"], ...rows];
  const widths = [0, 1, 2, 3].map((column) =>
    table.reduce((widest, row) => Math.max(widest, cellsIn(row[column] ?? "")), 0),
  );
  const counts = Object.entries(countStates(diff)).filter(([, number]) => number > 0);
  return [
    `set       ${count(set.size, "migration")}, digest ${digest.slice(0, 12)}`,
    `database  ${database}, tracker ${displayTracker(tracker)}`,
    ...(fingerprint === undefined ? [] : [`schema    fingerprint ${fingerprint}`]),
    "",
    ...table.map((row) =>
      row
        .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - cellsIn(cell)))
        .join("  ")
        .trimEnd(),
    ),
    "",
    counts.length === 0
      ? "no migrations"
      : counts.map(([state, number]) => `${number} ${state}`).join(", "),
  ];
}

/** A name that another tool wrote may hold a line end, and would make up a row of its own. */
function asCell(text: string): string {
  return neutralise(text.replace(/[\n\t]/g, " "));
}

/** As the file's name writes it. */
function versionText(entry: Entry): string {
  return entry.kind === "unknown"
    ? entry.version
    : entry.migration.id.slice(0, entry.migration.id.length - entry.migration.name.length - 1);
}

function stateText(entry: Entry): string {
  const states = entry.states.join(", ");
  switch (entry.kind) {
    case "applied":
      if (entry.row.appliedAt === undefined) return `${states} (by the next up)`;
      return entry.states.includes("renamed") ? `${states} (was ${entry.row.name})` : states;
    case "pending":
      if (entry.renumberedFrom !== undefined)
        return `${states} (applied as ${entry.renumberedFrom})`;
      return stateOf(entry) === "in progress"
        ? `${states} (stopped after statement ${entry.progress.filter((row) => row.state === "done").length})`
        : states;
    case "unknown":
      return states;
  }
}

function timeText(entry: Entry): string {
  const time = entry.kind === "pending" ? undefined : entry.row.appliedAt;
  if (time === undefined || Number.isNaN(time.getTime())) return "";
  return time.toISOString().replace("T", " ").slice(0, 19);
}

/** Colours the first word of a line that says what the line is. */
function painter(color: boolean): (line: string) => string {
  if (!color) return (line) => line;
  const codes: Readonly<Record<string, number>> = {
    error: 31,
    warning: 33,
    note: 33,
    hint: 36,
    applied: 32,
    passed: 32,
    failed: 31,
  };
  return (line) =>
    line.replace(
      /^(error|warning|note|hint|applied|passed|failed)\b/,
      (word) => `\u001b[${codes[word]}m${word}\u001b[0m`,
    );
}
