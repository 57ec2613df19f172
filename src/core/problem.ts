import type { Blocker } from "./blockers.ts";
import type { Difference } from "./entry.ts";
import type { FileProblem } from "./file-problem.ts";
import type { Place } from "./locate.ts";
import type { MergeProblem } from "./merge-problem.ts";
import type { Platform } from "./platform.ts";
import type { MissingGrant } from "./privileges.ts";
import type { RenumberFault } from "./renumber.ts";
import type { RehearsalProblem } from "./rehearsal-problem.ts";
import type { RepositoryProblem } from "./repository-problem.ts";
import type { Version } from "./version.ts";

/**
 * Everything that can be expected to go wrong, as values. explain() gives each its words, its
 * hint and its exit code. What is not here and happens all the same is a bug (exit 70).
 */
export type Problem =
  | RequestProblem
  | FileProblem
  | HistoryProblem
  | TrackerProblem
  | DatabaseProblem
  | MigrationProblem
  | RehearsalProblem
  | ReadinessProblem
  | RepositoryProblem
  | MergeProblem;

export type RequestProblem =
  | { readonly code: "usage"; readonly message: string; readonly hint: string }
  | { readonly code: "no-migrations"; readonly folder: string | undefined; readonly reason: string }
  | { readonly code: "no-database" }
  | { readonly code: "no-test-database" }
  | { readonly code: "bad-database"; readonly source: string; readonly message: string }
  | {
      readonly code: "not-in-set";
      readonly version: string;
      readonly asked: "apply up to" | "show" | "mark" | "mark up to";
    }
  | { readonly code: "no-down"; readonly version: Version; readonly id: string }
  | { readonly code: "cannot-write"; readonly path: string; readonly message: string }
  | { readonly code: "no-parser"; readonly message: string }
  | { readonly code: "nothing-to-embed"; readonly folder: string }
  | { readonly code: "no-executable" }
  | { readonly code: "not-built"; readonly path: string; readonly message: string }
  | {
      readonly code: "no-runtime";
      readonly platform: Platform;
      readonly path: string;
      readonly reason: string;
    }
  | { readonly code: "not-permitted"; readonly message: string }
  | { readonly code: "not-marked"; readonly version: Version; readonly message: string }
  | {
      readonly code: "not-renumbered";
      readonly old: string;
      readonly wanted: string | undefined;
      readonly why: RenumberFault;
    };

export type HistoryProblem =
  | {
      readonly code: "renamed";
      readonly version: Version;
      readonly was: string;
      readonly is: string;
    }
  | {
      readonly code: "renumbered";
      readonly version: Version;
      readonly id: string;
      readonly from: Version;
    }
  | { readonly code: "changed"; readonly version: Version; readonly path: string }
  | {
      readonly code: "unknown-version";
      readonly version: Version;
      readonly name: string;
      readonly state: "ahead" | "missing";
    }
  | {
      readonly code: "renumbered-progress";
      readonly version: Version;
      readonly id: string;
      readonly from: Version;
    }
  | {
      readonly code: "edited-progress";
      readonly version: Version;
      readonly path: string;
      readonly statement: number;
    }
  | { readonly code: "not-in-sync"; readonly counts: Readonly<Record<string, number>> };

export type TrackerProblem =
  | { readonly code: "bad-tracker"; readonly tracker: string; readonly message: string }
  | { readonly code: "bad-tracker-row"; readonly tracker: string; readonly message: string }
  | { readonly code: "legacy-dirty"; readonly legacy: string; readonly version: string }
  | { readonly code: "legacy-version-unknown"; readonly legacy: string; readonly version: string }
  | { readonly code: "legacy-rows"; readonly legacy: string; readonly rows: number }
  | {
      readonly code: "legacy-conflict";
      readonly found: readonly { readonly legacy: string; readonly version: string }[];
    }
  | {
      readonly code: "legacy-moved";
      readonly legacy: string;
      readonly was: string;
      readonly is: string;
    }
  | {
      readonly code: "not-a-new-database";
      readonly count: number;
      readonly examples: readonly string[];
    };

/** `shared`: one backend for two connections; `changing`: another with each transaction. */
export interface PoolerProblem {
  readonly code: "pooler";
  readonly target: string;
  readonly found: "shared" | "changing" | "no answer" | "no second connection" | "several poolers";
}

export type DatabaseProblem =
  | PoolerProblem
  | {
      readonly code: "cannot-connect";
      readonly target: string;
      readonly message: string;
      readonly waitedMs: number;
    }
  | { readonly code: "standby"; readonly target: string; readonly waitedMs: number }
  | { readonly code: "server-too-old"; readonly serverVersion: string }
  | { readonly code: "client-busy"; readonly state: "closed" | "in a transaction" | "in use" }
  | {
      readonly code: "lock-unavailable";
      readonly waitedMs: number;
      readonly holder: string | undefined;
    }
  | {
      readonly code: "missing-privileges";
      readonly role: string;
      readonly missing: readonly MissingGrant[];
    }
  /** Policies of a table of lacuna's own apply to the role. */
  | { readonly code: "row-security"; readonly table: string; readonly role: string }
  /** default_transaction_read_only is on; `source` is where it is set, in pg_settings' words. */
  | {
      readonly code: "read-only";
      readonly database: string;
      readonly login: string;
      readonly source: string;
    }
  /** The role that the URL asks for is not to be had. */
  | {
      readonly code: "role-refused";
      readonly role: string;
      readonly login: string;
      readonly error: ServerMessage;
    }
  | { readonly code: "connection-lost"; readonly doing: string; readonly message: string }
  | { readonly code: "not-allowed"; readonly doing: string; readonly error: ServerMessage }
  | { readonly code: "database-error"; readonly doing: string; readonly error: ServerMessage };

export type MigrationProblem =
  | {
      readonly code: "migration-failed";
      readonly id: string;
      readonly path: string;
      readonly error: ServerMessage;
      readonly place: Place | undefined;
      readonly stage: Stage;
      readonly kept: Kept;
      /** How often it was tried, where a lock or a deadlock made lacuna try again. */
      readonly attempts: number;
      /** Who had the lock that was not to be had, where that was seen. */
      readonly blockers?: readonly Blocker[];
    }
  | {
      readonly code: "not-proven";
      readonly id: string;
      readonly path: string;
      readonly broken: "transaction" | "lock" | "row" | "reply";
      readonly reply: readonly string[];
    }
  | {
      readonly code: "unknown-statement";
      readonly id: string;
      readonly path: string;
      readonly place: Place;
      readonly what: string;
      readonly statement: number;
    }
  | {
      readonly code: "invalid-index";
      readonly id: string;
      readonly path: string;
      readonly index: string;
    }
  | {
      readonly code: "outcome-unknown";
      readonly id: string;
      readonly version: Version;
      /** Others that were on their way, and are as unknown. */
      readonly others?: readonly string[];
      readonly error: ServerMessage;
    }
  | {
      readonly code: "interrupted";
      readonly signal: Signal;
      /** What was running, and what of it is left. */
      readonly during?: { readonly id: string; readonly kept: Kept };
    };

/** What `smoke`, `wait` and `serve` find. */
export type ReadinessProblem =
  | { readonly code: "not-exactly-the-set"; readonly differences: readonly Difference[] }
  | { readonly code: "applied-twice"; readonly ids: readonly string[] }
  | { readonly code: "no-healthz"; readonly url: string; readonly message: string }
  | {
      readonly code: "wait-timed-out";
      readonly target: string;
      readonly waitedMs: number;
      /** Why nobody knows what is missing; undefined where that is known. */
      readonly unreadable: string | undefined;
      readonly awaited: readonly Difference[];
    }
  | { readonly code: "cannot-listen"; readonly address: string; readonly message: string };

/** What asks a run to come to an end: the process is told so, or the caller of the library says it. */
export type Signal = "SIGINT" | "SIGTERM" | "AbortSignal";

/** Where in a migration an error was raised. */
export type Stage =
  | { readonly kind: "statement"; readonly number: number; readonly of: number }
  | { readonly kind: "commit" }
  | { readonly kind: "record" };

/** What is left of a migration that failed. */
export type Kept =
  | { readonly kind: "nothing" }
  /** It was a rehearsal: what is left is of no concern. */
  | { readonly kind: "rehearsal" }
  | { readonly kind: "statements"; readonly done: number; readonly of: number };

/** The fields of PostgreSQL's ErrorResponse and NoticeResponse that people need. */
export interface ServerMessage {
  readonly severity: string;
  /** SQLSTATE, or a driver's word such as ECONNREFUSED where no server spoke. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** In characters, from 1, counted from the start of the message that was sent. */
  readonly position?: number;
  readonly internalQuery?: string;
  readonly where?: string;
  readonly constraint?: string;
}

export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 70 | 130 | 143;

/** What a database's error is where it is no migration's statement that failed. */
export function sqlProblem(
  kind: "server" | "lost" | "refused",
  error: ServerMessage,
  doing: string,
  signal: Signal | undefined,
): Problem {
  if (kind === "lost") return { code: "connection-lost", doing, message: error.message };
  const queryCanceled = "57014";
  if (signal !== undefined && error.code === queryCanceled) return { code: "interrupted", signal };
  const insufficientPrivilege = "42501";
  const code = error.code === insufficientPrivilege ? "not-allowed" : "database-error";
  return { code, doing, error };
}
