/** What a run tells while it goes on, an event a line. Undefined: not worth one. */
import { describeBlocker } from "../core/blockers.ts";
import { formatDuration } from "../core/duration.ts";
import type { HistoryNote } from "../core/plan.ts";
import type { ServerMessage } from "../core/problem.ts";
import type { FileNote } from "../core/scan.ts";
import type { Event } from "../events.ts";
import { readinessEventLine } from "./readiness-text.ts";
import { verdictLine } from "./verify-text.ts";
import { count } from "./words.ts";

export function eventLine(
  event: Exclude<Event, { readonly kind: "finding" }>,
  verbose: boolean,
): string | undefined {
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
    case "notice":
      return noticeLine(event.notice);
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

function noticeLine({ severity, message, hint }: ServerMessage): string {
  return `${severity.toLowerCase()}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
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

export function historyNote({ code, entry }: HistoryNote): string {
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
