import type { Brand } from "./brand.ts";
import { type Diff, type Entry, type PendingEntry, stateOf } from "./entry.ts";
import type { MigrationSet } from "./migration.ts";
import { findVersion } from "./scan.ts";
import type { Problem } from "./problem.ts";
import { type Result, refuse, succeed } from "./result.ts";
import { type Executable, type Parse, readScript } from "./script.ts";
import { compareVersions, type Version } from "./version.ts";

/** How strict a run is. */
export interface Policy {
  /** Apply pending versions up to this one; `undefined` means all. */
  readonly target: Version | undefined;
  readonly checksums: "warn" | "enforce" | "off";
  /** Whether versions that the set does not know (ahead, missing) stop the run. */
  readonly unknown: "warn" | "refuse";
}

/** One migration that is to be applied. */
export interface PlannedMigration {
  readonly entry: PendingEntry;
  readonly script: Executable;
}

/** What a run does, in order. Only plan() makes one, and only apply() runs one. */
export type Plan = Brand<readonly PlannedMigration[], "Plan">;

/** What is worth saying about the history and stops nothing under the present policy. */
export interface HistoryNote {
  readonly code: "changed" | "line-ends" | "ahead" | "missing";
  readonly entry: Entry;
}

/** What there is to be said of a run, whether it may go on or not. */
export interface Preview {
  readonly steps: readonly PlannedMigration[];
  /** Pending versions above the target, which this run leaves alone. */
  readonly left: readonly PendingEntry[];
  readonly notes: readonly HistoryNote[];
  /** Those of the history first, then those of the files that are to run. */
  readonly problems: readonly Problem[];
}

export interface Planned extends Preview {
  readonly plan: Plan;
}

/** The version that --to names, which has to be in the set. */
export function findTarget(
  set: MigrationSet,
  text: string | undefined,
): Result<Version | undefined> {
  if (text === undefined) return succeed(undefined);
  const migration = findVersion(set, text);
  if (migration !== undefined) return succeed(migration.version);
  return refuse({ code: "not-in-set", version: text, asked: "apply up to" });
}

/** Decides what a run does. A history or a file with a problem gives no Plan. */
export function plan(diffed: Diff, policy: Policy, parse: Parse): Result<Planned> {
  const seen = preview(diffed, policy, parse);
  return seen.problems.length > 0
    ? refuse(...seen.problems)
    : succeed({ ...seen, plan: seen.steps as Plan });
}

/** What a run would do if nothing stood against it, and all that does. */
export function preview(diffed: Diff, policy: Policy, parse: Parse): Preview {
  const pending = diffed.entries.filter((entry) => entry.kind === "pending");
  const { target } = policy;
  const isWanted = (entry: PendingEntry): boolean =>
    target === undefined || compareVersions(entry.version, target) <= 0;

  const problems = [...historyProblems(diffed, policy)];
  const steps: PlannedMigration[] = [];
  for (const entry of pending.filter(isWanted)) {
    const script = readScript(entry.migration, parse);
    if (!script.ok) problems.push(...script.problems);
    else {
      const again = editedStep(script.value, entry) ?? renumberedSteps(script.value, diffed);
      if (again !== undefined) problems.push(again);
      steps.push({ entry, script: script.value });
    }
  }
  const left = pending.filter((entry) => !isWanted(entry));
  return { steps, left, notes: notesOf(diffed, policy), problems };
}

/** What contradicts the history. Renamed and renumbered stop every run. */
export function historyProblems(diffed: Diff, policy: Policy): readonly Problem[] {
  return diffed.entries.flatMap((entry): Problem[] => {
    if (entry.kind === "pending") {
      const { version, migration, renumberedFrom } = entry;
      return renumberedFrom === undefined
        ? []
        : [{ code: "renumbered", version, id: migration.id, from: renumberedFrom }];
    }
    if (entry.kind === "unknown") {
      const { version, row } = entry;
      const state = stateOf(entry) === "ahead" ? "ahead" : "missing";
      return policy.unknown === "refuse"
        ? [{ code: "unknown-version", version, name: row.name, state }]
        : [];
    }
    const { version, migration, row, states } = entry;
    const problems: Problem[] = [];
    if (states.includes("renamed")) {
      problems.push({ code: "renamed", version, was: row.name, is: migration.name });
    }
    if (states.includes("changed") && policy.checksums === "enforce") {
      problems.push({ code: "changed", version, path: migration.up.path });
    }
    return problems;
  });
}

export function notesOf(diffed: Diff, policy: Pick<Policy, "checksums">): HistoryNote[] {
  return diffed.entries.flatMap((entry): HistoryNote[] => {
    if (entry.kind === "unknown") {
      return [{ code: stateOf(entry) === "ahead" ? "ahead" : "missing", entry }];
    }
    if (entry.kind === "pending" || policy.checksums === "off") return [];
    if (entry.states.includes("changed")) return [{ code: "changed", entry }];
    return entry.lineEndsDiffer ? [{ code: "line-ends", entry }] : [];
  });
}

/** A statement that is done and reads otherwise now: what was run is not what the file says. */
function editedStep(script: Executable, entry: PendingEntry): Problem | undefined {
  // A file that runs in one transaction now would run its done statements a second time.
  const steps = script.mode === "statements" ? script.steps : [];
  const edited = entry.progress.find(
    (row) => row.state === "done" && steps[row.statement - 1]?.digest !== row.digest,
  );
  return edited === undefined
    ? undefined
    : {
        code: "edited-progress",
        version: entry.version,
        path: entry.migration.up.path,
        statement: edited.statement,
      };
}

/** A file that stopped half-way and has another number now: its done statements would run again. */
function renumberedSteps(script: Executable, { orphanedProgress }: Diff): Problem | undefined {
  if (script.mode !== "statements") return undefined;
  const digests = new Set(script.steps.map((step) => step.digest));
  const row = orphanedProgress.find((one) => digests.has(one.digest));
  const { version, id } = script.migration;
  return row && { code: "renumbered-progress", version, id, from: row.version };
}
