/** What a run tells its caller while it goes on: plain data, each sent after the fact it states. */
import type { Blocker } from "../core/blockers.ts";
import type { HistoryNote } from "../core/plan.ts";
import type { ServerMessage } from "../core/problem.ts";
import type { FileNote } from "../core/scan.ts";
import type { Event } from "../events.ts";
import { type MigrationName, nameOf } from "./name.ts";
import { resultOf, type VerifyResult } from "./verify-report.ts";

/** Something worth knowing that stops nothing. */
export type Note =
  /** The folder has no migrations; a down file has no up file; a file is larger than 1 MB. */
  | { readonly code: "no-migrations" | "down-without-up" | "large-file"; readonly path: string }
  /**
   * A file was edited after it was applied, or got other line ends; an applied version is above
   * the set's highest (ahead) or below it and not in the set (missing).
   */
  | {
      readonly code: "changed" | "line-ends" | "ahead" | "missing";
      readonly version: string;
      readonly name: string;
    };

export type MigrationEvent =
  | {
      readonly kind: "waiting-for-database";
      readonly database: string;
      readonly reason: string;
    }
  | { readonly kind: "connected"; readonly database: string; readonly serverVersion: string }
  /** Another runner has the lock; sent every few seconds. */
  | {
      readonly kind: "waiting-for-lock";
      /** Who has it, as far as that can be seen. */
      readonly holder: string | undefined;
      readonly waitedMs: number;
    }
  | { readonly kind: "note"; readonly note: Note }
  /** Versions up to `version` were taken over from golang-migrate's trackers. */
  | {
      readonly kind: "adopted";
      readonly version: string;
      readonly from: readonly string[];
      readonly migrations: readonly MigrationName[];
    }
  | { readonly kind: "applying"; readonly migration: MigrationName; readonly isGap: boolean }
  /** A `no-transaction` file: a statement is done, or a rerun goes on behind it. */
  | {
      readonly kind: "statement-done" | "resuming";
      readonly migration: MigrationName;
      readonly statement: number;
      readonly of: number;
    }
  /** An INVALID index, left by a run that was cut off, is dropped and built again. */
  | { readonly kind: "repairing"; readonly migration: MigrationName; readonly index: string }
  /** A lock was not to be had, or there was a deadlock: rolled back, and tried again. */
  | {
      readonly kind: "retrying";
      readonly migration: MigrationName;
      readonly error: ServerMessage;
      readonly attempt: number;
      readonly pauseMs: number;
    }
  /** The connection was lost; `migration` was sent, and is looked for in the tracker. */
  | {
      readonly kind: "reconnecting";
      readonly migration: MigrationName | undefined;
      readonly reason: string;
    }
  /** It waits for a lock that others have; sent while it waits, and again when they change. */
  | {
      readonly kind: "blocked";
      readonly migration: MigrationName;
      readonly blockers: readonly Blocker[];
      /** What the build of a concurrent index waits for, in PostgreSQL's words. */
      readonly phase: string | undefined;
      readonly runningMs: number;
    }
  /** Recorded and durable. */
  | {
      readonly kind: "applied";
      readonly migration: MigrationName;
      readonly isGap: boolean;
      readonly elapsedMs: number;
    }
  /** What verifyMigrations() says of a migration, as soon as it is known. */
  | { readonly kind: "verified"; readonly result: VerifyResult }
  /** A NOTICE or WARNING of the server. */
  | {
      readonly kind: "notice";
      readonly notice: ServerMessage;
      readonly migration: MigrationName | undefined;
    };

/** Undefined for what only the command line tells. */
export function publicEvent(event: Event): MigrationEvent | undefined {
  switch (event.kind) {
    case "verdict":
      return { kind: "verified", result: resultOf(event.verdict) };
    case "file-note":
      return { kind: "note", note: noteOfFile(event.note) };
    case "history-note":
      return { kind: "note", note: noteOfHistory(event.note) };
    case "adopted": {
      const { version, from, migrations } = event.adoption;
      return { kind: "adopted", version, from, migrations: migrations.map(nameOf) };
    }
    case "notice":
      return { ...event, migration: event.migration && nameOf(event.migration) };
    case "reconnecting":
      return { ...event, migration: event.migration && nameOf(event.migration) };
    case "waiting-for-database":
    case "connected":
    case "waiting-for-lock":
      return event;
    default:
      return "migration" in event ? { ...event, migration: nameOf(event.migration) } : undefined;
  }
}

export function noteOfFile({ code, path }: FileNote): Note {
  // That a folder is not used is said by an executable that has migrations inside.
  return { code: code === "folder-not-used" ? "no-migrations" : code, path };
}

function noteOfHistory({ code, entry }: HistoryNote): Note {
  const name = entry.kind === "unknown" ? entry.row.name : entry.migration.name;
  return { code, version: entry.version, name };
}
