import type { Blocker } from "./core/blockers.ts";
import type { Adoption } from "./core/takeover.ts";
import type { Difference } from "./core/entry.ts";
import type { FileNote } from "./core/scan.ts";
import type { HistoryNote } from "./core/plan.ts";
import type { Migration } from "./core/migration.ts";
import type { Problem, ServerMessage } from "./core/problem.ts";
import type { Verdict } from "./core/verdict.ts";

/** What a run tells while it goes on. Each is sent after the fact that it states. */
export type Event =
  | { readonly kind: "waiting-for-database"; readonly database: string; readonly reason: string }
  | { readonly kind: "connected"; readonly database: string; readonly serverVersion: string }
  /** Not the server itself: its connections are handed on, and each keeps its backend. */
  | { readonly kind: "pooler"; readonly database: string; readonly mode: "session" }
  | {
      readonly kind: "waiting-for-lock";
      readonly holder: string | undefined;
      readonly waitedMs: number;
    }
  /** `wait`, each time when what it waits for changes. */
  | {
      readonly kind: "waiting-for-migrations";
      readonly awaited: readonly Difference[];
      readonly reason: string;
    }
  | { readonly kind: "listening"; readonly url: string }
  /** `serve --up`, when everything that was pending is applied. */
  | { readonly kind: "migrated"; readonly applied: number }
  /** `serve`, each time when a probe finds something else. */
  | {
      readonly kind: "readiness";
      readonly ready: "ready" | "not ready";
      readonly reason: string;
    }
  | { readonly kind: "file-note"; readonly note: FileNote }
  | { readonly kind: "history-note"; readonly note: HistoryNote }
  | { readonly kind: "adopted"; readonly adoption: Adoption }
  | { readonly kind: "applying"; readonly migration: Migration; readonly isGap: boolean }
  | {
      readonly kind: "statement-done";
      readonly migration: Migration;
      readonly statement: number;
      readonly of: number;
    }
  | {
      readonly kind: "resuming";
      readonly migration: Migration;
      readonly statement: number;
      readonly of: number;
    }
  | { readonly kind: "repairing"; readonly migration: Migration; readonly index: string }
  /** It waits for a lock: while it waits, and again when others are in the way, or after a while. */
  | {
      readonly kind: "blocked";
      readonly migration: Migration;
      readonly blockers: readonly Blocker[];
      /** What the build of a concurrent index waits for, in PostgreSQL's words. */
      readonly phase: string | undefined;
      /** How long the message has been running. */
      readonly runningMs: number;
    }
  | {
      readonly kind: "retrying";
      readonly migration: Migration;
      readonly error: ServerMessage;
      readonly attempt: number;
      readonly pauseMs: number;
    }
  /** The connection was lost; `migration` is what was in doubt then. */
  | {
      readonly kind: "reconnecting";
      readonly migration: Migration | undefined;
      readonly reason: string;
    }
  | {
      readonly kind: "applied";
      readonly migration: Migration;
      readonly isGap: boolean;
      readonly elapsedMs: number;
    }
  /** `check`: what a branch does that cannot be merged so. */
  | { readonly kind: "finding"; readonly problem: Problem }
  | { readonly kind: "verdict"; readonly verdict: Verdict }
  | {
      readonly kind: "notice";
      readonly notice: ServerMessage;
      readonly migration: Migration | undefined;
    };
