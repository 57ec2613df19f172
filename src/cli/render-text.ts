/** Events and outcomes as lines for people. Meaning is never told by colour alone. */
import { describeBlocker } from "../core/blockers.ts";
import { countStates, type Entry, stateOf } from "../core/entry.ts";
import { formatDuration } from "../core/duration.ts";
import { cellsIn } from "../core/locate.ts";
import type { Migration } from "../core/migration.ts";
import type { HistoryNote } from "../core/plan.ts";
import type { FileNote } from "../core/scan.ts";
import { displayTracker } from "../core/tracker.ts";
import type { Event } from "../events.ts";
import type { Outcome } from "../outcome.ts";
import { neutralise, type Output } from "./output.ts";
import { allProblems } from "./problem-text.ts";
import { readinessEventLine, readyLine, smokeLines } from "./readiness-text.ts";
import type { Renderer, Style } from "./render.ts";
import { buildLines, versionLines } from "./executable-text.ts";
import { verdictLine, verifyDetails, verifySummary } from "./verify-text.ts";
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
      outcomeData(outcome, style, data, output);
      if (outcome.kind === "stopped" && style.talk !== "quiet")
        talk(`stopped by ${outcome.signal}`);
      if (!("problems" in outcome)) return;
      if (outcome.kind === "verify") {
        for (const line of verifyDetails(outcome, style.talk)) talk(line);
      }
      const applied = outcome.kind === "up" ? outcome.applied.map((one) => one.id) : [];
      for (const line of allProblems(outcome.problems, applied)) talk(line);
    },
  };
}

function eventLine(event: Event, verbose: boolean): string | undefined {
  switch (event.kind) {
    case "waiting-for-database":
      return `waiting for ${event.database}: ${event.reason}`;
    case "connected":
      return verbose
        ? `connected to ${event.database}, PostgreSQL ${event.serverVersion}`
        : undefined;
    case "pooler":
      return verbose ? `${event.database} is a pooler in ${event.mode} mode` : undefined;
    case "waiting-for-lock":
      return `waiting for the lock${event.holder === undefined ? "" : `, held by ${event.holder}`}`;
    case "file-note":
      return `note: ${fileNote(event.note)}`;
    case "history-note":
      return `note: ${historyNote(event.note)}`;
    case "adopted": {
      const { version, from, migrations } = event.adoption;
      return `took over ${count(migrations.length, "version")} up to ${version} from ${from.join(" and ")} (golang-migrate), without evidence that each was really applied`;
    }
    case "applying":
      return verbose ? `applying ${event.migration.id}` : undefined;
    case "statement-done":
      return verbose
        ? `done: statement ${event.statement} of ${event.of} of ${event.migration.id}`
        : undefined;
    case "resuming":
      return `resuming ${event.migration.id} at statement ${event.statement} of ${event.of}`;
    case "repairing":
      return `dropping the INVALID index ${event.index}, which an earlier run of ${event.migration.id} left`;
    case "blocked":
      return blockedLine(event);
    case "retrying":
      return `${event.migration.id}: ${event.error.message} (${event.error.code}); trying again in ${formatDuration(event.pauseMs)}`;
    case "reconnecting":
      return lossLine(event);
    case "applied":
      return `applied ${event.migration.id} (${event.isGap ? "gap, " : ""}${formatDuration(event.elapsedMs)})`;
    case "verdict":
      return verdictLine(event.verdict);
    case "notice": {
      const { severity, message, hint } = event.notice;
      return `${severity.toLowerCase()}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
    }
    default:
      return readinessEventLine(event);
  }
}

function blockedLine(event: Extract<Event, { kind: "blocked" }>): string {
  const { migration, phase, blockers, runningMs } = event;
  const by = blockers.map(describeBlocker).join("; ");
  return `${migration.id} waits for a lock${phase === undefined ? "" : ` (${phase})`}, running for ${formatDuration(runningMs)}, blocked by ${by}`;
}

function lossLine({ migration, reason }: Extract<Event, { kind: "reconnecting" }>): string {
  return migration === undefined
    ? `connection lost: ${reason}; connecting again`
    : `${migration.id}: connection lost: ${reason}; connecting again, to read whether it was applied`;
}

function fileNote(note: FileNote): string {
  switch (note.code) {
    case "down-without-up":
      return `"${note.path}" is a down file without its up file`;
    case "folder-not-used":
      return `the migrations inside the executable are used; for those of "${note.path}", say --migrations ${note.path}`;
    case "no-migrations":
      return `there are no migrations in "${note.path}"`;
    case "large-file":
      return `"${note.path}" has ${Math.round(note.bytes / 1_048_576)} MB; if it fails, all of it lands in the server's log`;
  }
}

function historyNote({ code, entry }: HistoryNote): string {
  const name =
    entry.kind === "unknown" ? `version ${entry.version} (${entry.row.name})` : entry.migration.id;
  switch (code) {
    case "changed":
      return `${name} was edited after it was applied`;
    case "line-ends":
      return `${name} has other line ends than when it was applied, which is forgiven`;
    case "ahead":
      return `${name} is applied and not in this set: a newer image migrated this database`;
    case "missing":
      return `${name} is applied, and its file is gone`;
  }
}

// ---- outcomes ----

function outcomeData(
  outcome: Outcome,
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
    case "mark":
    case "build":
    case "ready":
      if (style.talk !== "quiet") for (const line of doneLines(outcome)) data(line);
      return;
    case "plan":
      for (const line of planLines(outcome)) data(line);
      return;
    case "status":
      for (const line of statusLines(outcome)) data(line);
      return;
    case "smoke":
      for (const line of smokeLines(outcome)) data(line);
      return;
    case "new":
      for (const path of outcome.paths) data(path);
      return;
    case "text":
      data(outcome.text.trimEnd());
      return;
    case "version":
      for (const line of versionLines(outcome)) data(line);
      return;
    case "stopped":
    case "refused":
  }
}

/** What was done, for people: who asks for quiet goes by the exit code. */
function doneLines(
  outcome: Extract<Outcome, { kind: "up" | "verify" | "mark" | "build" | "ready" }>,
): readonly string[] {
  switch (outcome.kind) {
    case "up":
      return outcome.problems.length === 0 ? [upSummary(outcome)] : [];
    case "verify":
      return verifySummary(outcome);
    case "mark":
      return outcome.done;
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
  const { set, digest, diff, tracker, database } = outcome;
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
    Math.max(...table.map((row) => cellsIn(row[column] ?? ""))),
  );
  const counts = Object.entries(countStates(diff)).filter(([, number]) => number > 0);
  return [
    `set       ${count(set.size, "migration")}, digest ${digest.slice(0, 12)}`,
    `database  ${database}, tracker ${displayTracker(tracker)}`,
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
