/** What a command ends with: data for render(), which alone turns it into text or JSON. */
import type { Drift } from "./core/drift.ts";
import type { Diff } from "./core/entry.ts";
import type { KeptChange } from "./core/kept.ts";
import type { Migration, MigrationSet } from "./core/migration.ts";
import type { OrderReport } from "./core/order.ts";
import type { Platform } from "./core/platform.ts";
import type { HistoryNote, Preview } from "./core/plan.ts";
import type { Problem, Signal } from "./core/problem.ts";
import type { Schema } from "./core/schema.ts";
import type { Adoption } from "./core/takeover.ts";
import type { Unreplayed } from "./core/told-apart.ts";
import type { TrackerName } from "./core/tracker.ts";
import type { Method, Verdict } from "./core/verdict.ts";
import type { Version } from "./core/version.ts";
import type { Made, RenamedBy } from "./ports.ts";

export type Outcome =
  | UpOutcome
  | VerifyOutcome
  | DriftOutcome
  | {
      readonly kind: "plan";
      readonly set: MigrationSet;
      readonly digest: string;
      readonly adoption: Adoption | undefined;
      readonly preview: Preview;
      readonly database: string;
      readonly tracker: TrackerName;
      readonly problems: readonly Problem[];
    }
  | {
      readonly kind: "status";
      readonly set: MigrationSet;
      readonly digest: string;
      readonly diff: Diff;
      readonly adoption: Adoption | undefined;
      readonly tracker: TrackerName;
      readonly database: string;
      /** The digest of the database's schema, where it was asked for. */
      readonly fingerprint: string | undefined;
      readonly problems: readonly Problem[];
    }
  | FingerprintOutcome
  | { readonly kind: "show"; readonly bytes: Uint8Array; readonly advice: string | undefined }
  | { readonly kind: "new"; readonly paths: readonly string[] }
  | CheckOutcome
  | RenumberOutcome
  | BuildOutcome
  | {
      readonly kind: "mark";
      readonly done: readonly string[];
      readonly problems: readonly Problem[];
    }
  | SmokeOutcome
  | { readonly kind: "ready"; readonly count: number; readonly database: string }
  /** A command that runs until a signal comes has come to its end by one. */
  | { readonly kind: "stopped"; readonly signal: Signal }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] }
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "version";
      readonly version: string;
      /** What the executable was made for; undefined where the sources run. */
      readonly platform: Platform | undefined;
      readonly embedded: { readonly count: number; readonly digest: string } | undefined;
    };

export interface FingerprintOutcome {
  readonly kind: "fingerprint";
  readonly digest: string;
  readonly schema: Schema;
  /** Whether owners and privileges are part of it. */
  readonly grants: boolean;
  readonly database: string;
  readonly serverVersion: string;
}

export interface RenumberOutcome {
  readonly kind: "renumber";
  readonly was: Version;
  readonly version: Version;
  readonly renames: readonly { readonly from: string; readonly to: string }[];
  readonly by: RenamedBy;
  /** Whether another migration has the old version still. */
  readonly isKeptByAnother: boolean;
}

export interface BuildOutcome {
  readonly kind: "build";
  readonly made: Made;
  /** Undefined: it has no migrations inside. */
  readonly set: { readonly count: number; readonly digest: string } | undefined;
}

export interface UpOutcome {
  readonly kind: "up";
  readonly applied: readonly Migration[];
  /** Pending versions that this run did not come to, or was told to leave alone. */
  readonly left: readonly Migration[];
  readonly problems: readonly Problem[];
}

export interface VerifyOutcome {
  readonly kind: "verify";
  readonly method: Method;
  /** Undefined: the set inside the executable. */
  readonly folder: string | undefined;
  /** Where it was asked to run, and what answered; a server's version may stay unknown. */
  readonly database: string;
  readonly serverVersion: string;
  readonly set: MigrationSet;
  readonly digest: string;
  readonly adoption: Adoption | undefined;
  /** How many migrations are pending. */
  readonly pending: number;
  /** One for each that the rehearsal came to. */
  readonly verdicts: readonly Verdict[];
  readonly leftovers: Leftovers;
  /** What was applied before, where that was read elsewhere; undefined: nothing, or on that database. */
  readonly base: BaseReport | undefined;
  /** Undefined: nothing is late. */
  readonly order: OrderReport | undefined;
  readonly problems: readonly Problem[];
}

interface BaseReport {
  readonly label: string;
  /** How many versions it has applied. */
  readonly count: number;
  /** What of it could not be replayed, with the reason. */
  readonly leftOut: readonly Verdict[];
}

export interface DriftOutcome {
  readonly kind: "drift";
  readonly database: string;
  readonly serverVersion: string;
  /** How many migrations are applied, and where they were replayed. */
  readonly applied: number;
  readonly replayed: { readonly where: "embedded" | "scratch"; readonly serverVersion: string };
  readonly drift: Drift;
  /** What of the history the replay cannot know: files that were edited or are gone. */
  readonly notes: readonly HistoryNote[];
  readonly unreplayed: readonly Unreplayed[];
  readonly problems: readonly Problem[];
}

export interface CheckOutcome {
  readonly kind: "check";
  /** The refs as they were named; the head may be the working tree. */
  readonly base: string;
  readonly head: string;
  /** How many migrations the base has, and how many are new. */
  readonly counts: { readonly base: number; readonly added: number };
  readonly findings: readonly Problem[];
  /** What is left was run; undefined where nothing was, for this reason. */
  readonly verify: VerifyOutcome | undefined;
  readonly notRehearsed: string | undefined;
  readonly problems: readonly Problem[];
}

/** The rehearsal of a command that has one. */
export function rehearsedIn(outcome: Outcome): VerifyOutcome | undefined {
  if (outcome.kind === "check") return outcome.verify;
  return outcome.kind === "verify" ? outcome : undefined;
}

/** What a rollback does not undo. */
export interface Leftovers {
  /** Measured. */
  readonly changes: readonly KeptChange[];
  /** Told by the text. */
  readonly statements: readonly {
    readonly migration: Migration;
    readonly what: string;
    readonly line: number;
  }[];
}

export interface SmokeOutcome {
  readonly kind: "smoke";
  readonly set: { readonly count: number; readonly digest: string };
  readonly database: string;
  readonly steps: readonly SmokeStep[];
  readonly problems: readonly Problem[];
}

export interface SmokeStep {
  readonly name: "up" | "applied = set" | "second up" | "GET /healthz";
  readonly result: "passed" | "failed" | "not reached";
  /** What was found; why it failed is a problem. */
  readonly found: string;
}
