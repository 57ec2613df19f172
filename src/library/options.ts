/** What a caller may ask for, and the checks of what JavaScript lets through. */
import type { PgliteClient } from "../adapters/pglite-client.ts";
import { shown } from "../core/quote.ts";
import { defaultTracker, parseTracker, type TrackerName } from "../core/tracker.ts";
import { Refusal } from "../ports.ts";
import type { MigrateRequest } from "../request.ts";
import type { MigrationEvent } from "./events.ts";
import type { Migrations } from "./migrations.ts";
import type { PostgresClient } from "./postgres-client.ts";

/** How a run goes, whatever the database is. */
export interface RunOptions {
  /** `table` or `schema.table`, quoted as in SQL. Default: `public.applied_migrations`. */
  readonly tracker?: string | undefined;
  /** Stops at this version, which has to be in the set; gaps below it are included. */
  readonly to?: string | number | bigint | undefined;
  /** What a file means that was edited after it was applied. Default: `warn`. */
  readonly checksums?: "warn" | "enforce" | "off" | undefined;
  /** Refuses versions that are applied and not in the set. Default: false, which notes them. */
  readonly strict?: boolean | undefined;
  /** Goes on although the database has tables and no tracker. Default: false. */
  readonly newHere?: boolean | undefined;
  /** How long to wait for another runner, in milliseconds. Default: 5 minutes. */
  readonly lockWaitMs?: number | undefined;
  /** How long to wait for a database that is not there yet, in milliseconds. Default: 60 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** For how long, in milliseconds, a migration is tried again that cannot get a lock. Default: 5 minutes. */
  readonly lockRetryForMs?: number | undefined;
  /**
   * A pooler in transaction mode is refused, and one whose mode cannot be found out. `session`: go
   * on in the second case. Default: `auto`.
   */
  readonly pooler?: "auto" | "session" | undefined;
  /** Is told what happens. What it throws is thrown when the run is over, and stops nothing. */
  readonly onEvent?: ((event: MigrationEvent) => void) | undefined;
  /**
   * Ends the run: what is running is cancelled and rolled back (a PGlite cannot be cancelled:
   * it ends behind the migration that is running), and the call throws with code `interrupted`.
   */
  readonly signal?: AbortSignal | undefined;
}

export interface ApplyOptions extends RunOptions {
  /**
   * `postgres://…` or `pglite:./folder`, or an open client: that of postgres.js (a connection
   * with the same settings is made beside it), or a PGlite (its queries wait meanwhile).
   */
  readonly database: string | URL | PostgresClient | PgliteClient;
  /** A folder, as a path or a `file:` URL, or what readMigrations() gave. */
  readonly migrations: string | URL | Migrations;
}

/** @throws Refusal with everything that is wrong with the options. */
export function readRunOptions(options: RunOptions): MigrateRequest {
  const { checksums = "warn", strict = false, newHere = false } = options;
  checkOption(
    "checksums",
    ["warn", "enforce", "off"].includes(checksums),
    '"warn", "enforce" or "off"',
  );
  checkOption("strict", typeof strict === "boolean", "true or false");
  checkOption("newHere", typeof newHere === "boolean", "true or false");
  const { to, signal, onEvent, pooler = "auto" } = options;
  checkOption("pooler", ["auto", "session"].includes(pooler), '"auto" or "session"');
  const isVersion = to === undefined || /^[0-9]+$/.test(String(to));
  checkOption("to", isVersion, 'a version such as "103"');
  checkOption("signal", signal === undefined || signal instanceof AbortSignal, "an AbortSignal");
  checkOption("onEvent", onEvent === undefined || typeof onEvent === "function", "a function");
  return {
    tracker: readTracker(options.tracker),
    to: to === undefined ? undefined : String(to),
    checksums,
    unknown: strict ? "refuse" : "warn",
    newHere,
    connectTimeoutMs: durationOf("connectTimeoutMs", options.connectTimeoutMs, 60_000),
    lockWaitMs: durationOf("lockWaitMs", options.lockWaitMs, 300_000),
    lockRetryForMs: durationOf("lockRetryForMs", options.lockRetryForMs, 300_000),
    pooler,
  };
}

function readTracker(tracker: string | undefined): TrackerName {
  if (tracker === undefined) return defaultTracker;
  checkOption("tracker", typeof tracker === "string", '"table" or "schema.table"');
  const read = parseTracker(tracker);
  if (!read.ok) throw new Refusal(read.problems);
  return read.value;
}

/** Nothing unknown is passed over: a misspelled `stricct: true` would be a silent default. */
export function checkNames(options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw wrong("The options are an object");
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw wrong(`The option ${unknown.join(", ")} is not known`, `there are ${known.join(", ")}`);
}

export const runOptionNames: readonly string[] = [
  "tracker",
  "to",
  "checksums",
  "strict",
  "newHere",
  "lockWaitMs",
  "connectTimeoutMs",
  "lockRetryForMs",
  "pooler",
  "onEvent",
  "signal",
] satisfies readonly (keyof RunOptions)[];

export function durationOf(name: string, given: number | undefined, defaultMs: number): number {
  if (given === undefined) return defaultMs;
  const isTime = typeof given === "number" && given >= 0 && given <= longestMs;
  checkOption(name, isTime, `a number of milliseconds from 0 to ${longestMs}`);
  return given;
}

/** What setTimeout can count; a longer time would end at once. */
const longestMs = 2_147_483_647;

export function checkOption(name: string, isRight: boolean, form: string): void {
  if (!isRight) throw wrong(`The option ${shown(name)} is ${form}`);
}

export function wrong(message: string, hint = "see docs/library.md"): Refusal {
  return new Refusal([{ code: "usage", message, hint }]);
}
