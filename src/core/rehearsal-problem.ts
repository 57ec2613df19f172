/** What a rehearsal finds, or what keeps it from being held. */
import type { Version } from "./version.ts";

export type RehearsalProblem =
  | {
      readonly code: "verify-found";
      readonly failed: number;
      readonly notVerified: number;
      readonly of: number;
    }
  /** The database has something otherwise than its applied migrations make it. */
  | { readonly code: "drift-found"; readonly findings: number }
  /** The tracker changed while the schema was read, again and again. */
  | { readonly code: "being-migrated"; readonly database: string }
  | {
      readonly code: "time-limit";
      readonly limitMs: number;
      /** What was running. */
      readonly during: string | undefined;
    }
  /** `--applied-from`: what was named does not tell what is applied. */
  | { readonly code: "bad-applied-from"; readonly source: string; readonly message: string }
  /** What is applied cannot be applied again from empty: nobody can tell what comes behind it. */
  | { readonly code: "base-failed"; readonly id: string }
  /** Late migrations that leave something else than a new database gets. */
  | {
      readonly code: "order-found";
      readonly findings: number;
      /** What people call the late migrations. */
      readonly gaps: readonly string[];
      /** The next version that is free in the set and among what is applied. */
      readonly next: Version;
      /** `caveats`: the same, as far as files tell that are not what was applied. */
      readonly found: "different" | "not compared" | "caveats";
    }
  /** It had to be stopped together with the engine that it ran in. */
  | {
      readonly code: "stuck";
      readonly id: string;
      readonly path: string;
      readonly message: string;
    }
  | {
      readonly code: "other-clients";
      readonly database: string;
      readonly clients: readonly string[];
    }
  /** Its statements ended the transaction that was to be rolled back. */
  | { readonly code: "rehearsal-broken"; readonly during: string | undefined }
  | { readonly code: "no-scratch"; readonly message: string }
  | { readonly code: "scratch-left"; readonly name: string; readonly message: string };
