/** What a person asked for, parsed and checked: nothing in it is raw text that could be wrong. */
import type { DatabaseTarget, ServerTarget } from "./core/target.ts";
import type { MarkChange } from "./core/marking.ts";
import type { Platform } from "./core/platform.ts";
import type { TrackerName } from "./core/tracker.ts";
import type { Method } from "./core/verdict.ts";

export type Request =
  | UpRequest
  | PlanRequest
  | StatusRequest
  | FingerprintRequest
  | ShowRequest
  | NewRequest
  | CheckRequest
  | RenumberRequest
  | MarkRequest
  | VerifyRequest
  | DriftRequest
  | SmokeRequest
  | WaitRequest
  | ServeRequest
  | BuildRequest
  | { readonly command: "completion"; readonly shell: Shell }
  | { readonly command: "man" }
  | { readonly command: "help"; readonly text: string }
  | { readonly command: "version" };

export type Shell = "bash" | "zsh" | "fish";

export type OutputMode = "text" | "json";

/** How much is said: `quiet` leaves out what is not data, `verbose` adds what usually is noise. */
export type Talk = "quiet" | "normal" | "verbose";

/** `session`: somebody vouches for a pooler's mode, where it cannot be found out. */
export type PoolerMode = "auto" | "session";

interface SetRequest {
  /** Undefined: the embedded set, or ./migrations where there is none. */
  readonly folder: string | undefined;
}

/** Which set, and which database. */
export interface TargetRequest extends SetRequest {
  readonly target: DatabaseTarget;
  readonly tracker: TrackerName;
}

export interface DatabaseRequest extends TargetRequest {
  readonly connectTimeoutMs: number;
}

export interface PolicyRequest {
  /** The version as it was written: only the set knows whether it exists. */
  readonly to: string | undefined;
  readonly checksums: "warn" | "enforce" | "off";
  readonly unknown: "warn" | "refuse";
  readonly newHere: boolean;
}

/** What a run of migrations needs to know, whoever asks for it. */
export interface MigrateRequest extends PolicyRequest {
  readonly tracker: TrackerName;
  readonly connectTimeoutMs: number;
  readonly lockWaitMs: number;
  readonly lockRetryForMs: number;
  readonly pooler: PoolerMode;
}

export interface UpRequest extends DatabaseRequest, MigrateRequest {
  readonly command: "up";
}

/** `plan`, and `up --dry-run`, which is the same. */
export interface PlanRequest extends DatabaseRequest, PolicyRequest {
  readonly command: "plan";
}

export interface StatusRequest extends DatabaseRequest {
  readonly command: "status";
  readonly check: boolean;
  /** Whether the digest of the database's schema is told. */
  readonly fingerprint: boolean;
}

export interface FingerprintRequest extends DatabaseRequest {
  readonly command: "fingerprint";
  /** Whether owners and privileges are part of it. */
  readonly grants: boolean;
}

export interface ShowRequest extends SetRequest {
  readonly command: "show";
  readonly version: string;
  readonly direction: "up" | "down";
  readonly tracker: TrackerName;
}

export interface NewRequest extends SetRequest {
  readonly command: "new";
  readonly name: string;
  readonly numbering: "next" | "timestamp";
}

export interface CheckRequest extends SetRequest, RehearsalRequest {
  readonly command: "check";
  readonly base: string;
  /** Undefined: the working tree, or HEAD in a bare repository. */
  readonly head: string | undefined;
  readonly stuckAfterMs: number;
  readonly junit: string | undefined;
}

export interface RenumberRequest extends SetRequest {
  readonly command: "renumber";
  /** A version or a file's id, as it was written. */
  readonly old: string;
  readonly wanted: string | undefined;
}

export interface BuildRequest {
  readonly command: "build";
  readonly folder: string;
  readonly out: string;
  /** Undefined: the one it runs on. */
  readonly platform: Platform | undefined;
  /** A released executable, or Bun, of that platform. */
  readonly runtime: string | undefined;
}

export interface MarkRequest extends DatabaseRequest {
  readonly command: "mark";
  readonly lockWaitMs: number;
  readonly pooler: PoolerMode;
  readonly change: MarkChange;
}

/** Where `verify` reads what is applied. */
export type AppliedFrom =
  | { readonly kind: "database"; readonly target: DatabaseTarget }
  /** What `status --json` wrote. */
  | { readonly kind: "status"; readonly path: string; readonly text: string }
  | { readonly kind: "git"; readonly ref: string };

export interface VerifyRequest extends SetRequest, RehearsalRequest {
  readonly command: "verify";
  /** Undefined: an embedded Postgres, from empty. */
  readonly target: DatabaseTarget | undefined;
  /** Undefined: nothing is applied, or what the database's own tracker says. */
  readonly appliedFrom: AppliedFrom | undefined;
  /** How long the embedded engine may be at one migration. */
  readonly stuckAfterMs: number;
  /** Where to write a JUnit report. */
  readonly junit: string | undefined;
}

/** What a rehearsal needs to know, whoever asks for it. */
export interface RehearsalRequest {
  readonly method: Method;
  /** What runs the migrations: PGlite lacks what a server may have. */
  readonly engine: DatabaseTarget["engine"];
  readonly tracker: TrackerName;
  readonly connectTimeoutMs: number;
  readonly lockWaitMs: number;
  readonly pooler: PoolerMode;
  readonly checksums: PolicyRequest["checksums"];
  readonly newHere: boolean;
  /** Other clients of the database: a rehearsal holds real locks until its end. */
  readonly others: "refused" | "shared";
  readonly timeLimitMs: number | undefined;
  /** Whether what cannot be verified is a failure. */
  readonly strict: boolean;
  readonly ownsServer: boolean;
  /** Made in an empty Postgres before the first migration. */
  readonly roles: readonly string[];
}

export interface DriftRequest extends DatabaseRequest {
  readonly command: "drift";
  /** The server where a database is made for the replay; undefined: an embedded Postgres. */
  readonly scratchOn: ServerTarget | undefined;
  readonly pooler: PoolerMode;
  /** How long the embedded engine may be at one migration. */
  readonly stuckAfterMs: number;
  /** Made in the embedded Postgres before the first migration. */
  readonly roles: readonly string[];
  /** Whether owners and privileges are compared too. */
  readonly grants: boolean;
  /** Patterns of `kind name`, of what is on purpose there. */
  readonly ignore: readonly string[];
}

export interface SmokeRequest extends DatabaseRequest, MigrateRequest {
  readonly command: "smoke";
}

export interface WaitRequest extends TargetRequest {
  readonly command: "wait";
  readonly timeoutMs: number;
}

export interface ServeRequest extends TargetRequest {
  readonly command: "serve";
  /** Undefined: every address of this machine. */
  readonly host: string | undefined;
  /** 0: any that is free. */
  readonly port: number;
  /** `--up`: what is applied before it is ready. */
  readonly migrate: MigrateRequest | undefined;
}
