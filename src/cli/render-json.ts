/**
 * The same for programs. `plan`, `status` and the like print one document; `up`, `wait` and
 * `serve` log one object a line while they go on. Every document and line carries `"lacuna": 1`, the format's version:
 * fields may be added to it, and do not change their meaning.
 */
import { countStates, type Entry, stateOf } from "../core/entry.ts";
import type { ExitCode } from "../core/problem.ts";
import { displayTracker } from "../core/tracker.ts";
import type { Event } from "../events.ts";
import type { FingerprintOutcome, Outcome } from "../outcome.ts";
import { driftFields } from "./drift-json.ts";
import { neutralise, type Output } from "./output.ts";
import { checkFields, renumberFields } from "./check-json.ts";
import { adoptionJson, type Json, migrationJson, problemJson } from "./json-parts.ts";
import type { Renderer, Style } from "./render.ts";
import { verdictJson, verifyFields } from "./verify-json.ts";

export function jsonRenderer(output: Output, style: Style): Renderer {
  const print = (document: Json): void => {
    // What a terminal or a reader of lines would obey is written as JSON escapes.
    const text = JSON.stringify({ lacuna: 1, ...document });
    output.data(neutralise(text));
  };
  const isLog = logging.has(style.command);
  return {
    event(event) {
      if (isLog) print({ event: event.kind, ...eventFields(event) });
    },
    outcome(outcome, exitCode) {
      const fields = outcomeFields(outcome, exitCode);
      print(isLog ? { event: "ended", ...fields } : { command: style.command, ...fields });
    },
  };
}

/** What goes on for a while tells what happens, as it happens. */
const logging: ReadonlySet<string> = new Set(["up", "wait", "serve"]);

function eventFields(event: Event): Json {
  switch (event.kind) {
    case "file-note":
      return { ...event.note };
    case "history-note":
      return { code: event.note.code, ...entryJson(event.note.entry) };
    case "adopted": {
      const { version, from, migrations } = event.adoption;
      return { version, from, count: migrations.length, evidence: "none" };
    }
    case "verdict":
      return verdictJson(event.verdict);
    case "notice": {
      const { migration, notice } = event;
      return { ...(migration === undefined ? {} : migrationJson(migration)), ...notice };
    }
    case "reconnecting": {
      const { migration, reason } = event;
      return { ...(migration === undefined ? {} : migrationJson(migration)), reason };
    }
    default: {
      const { kind: _kind, ...rest } = event;
      return "migration" in rest
        ? { ...rest, migration: undefined, ...migrationJson(rest.migration) }
        : rest;
    }
  }
}

function outcomeFields(outcome: Outcome, exitCode: ExitCode): Json {
  const problems = "problems" in outcome ? outcome.problems.map(problemJson) : [];
  switch (outcome.kind) {
    case "up":
      return {
        exitCode,
        applied: outcome.applied.map(migrationJson),
        left: outcome.left.map(migrationJson),
        problems,
      };
    case "plan":
      return { exitCode, ...planFields(outcome), problems };
    case "status":
      return { exitCode, ...statusFields(outcome), problems };
    case "fingerprint":
      return { exitCode, ...fingerprintFields(outcome) };
    case "verify":
      return { exitCode, ...verifyFields(outcome), problems };
    case "drift":
      return { exitCode, ...driftFields(outcome), problems };
    case "build":
      return { exitCode, ...outcome.made, set: outcome.set };
    case "new":
      return { exitCode, paths: outcome.paths };
    case "check":
      return { exitCode, ...checkFields(outcome), problems };
    case "renumber":
      return { exitCode, ...renumberFields(outcome) };
    case "mark":
      return { exitCode, done: outcome.done, problems };
    case "smoke":
      return {
        exitCode,
        database: outcome.database,
        set: outcome.set,
        steps: outcome.steps,
        problems,
      };
    case "ready":
      return { exitCode, database: outcome.database, set: { count: outcome.count } };
    case "stopped":
      return { exitCode, signal: outcome.signal };
    case "refused":
      return { exitCode, problems };
    case "text":
      return { exitCode, text: outcome.text };
    case "version":
      return { exitCode, ...versionFields(outcome) };
    case "show":
      // Text for reading; exact bytes are what `show` without --json gives.
      return {
        exitCode,
        sql: new TextDecoder().decode(outcome.bytes),
        delete: outcome.advice ?? null,
      };
  }
}

function planFields(outcome: Extract<Outcome, { kind: "plan" }>): Json {
  return {
    database: outcome.database,
    tracker: displayTracker(outcome.tracker),
    set: { count: outcome.set.size, digest: outcome.digest },
    adopt: adoptionJson(outcome.adoption),
    apply: outcome.preview.steps.map(({ entry, script }) => ({
      ...entryJson(entry),
      gap: entry.states.includes("gap"),
      transaction: script.mode === "transaction",
    })),
    left: outcome.preview.left.map(entryJson),
    notes: outcome.preview.notes.map(({ code, entry }) => ({ code, version: entry.version })),
  };
}

function statusFields(outcome: Extract<Outcome, { readonly kind: "status" }>): Json {
  const { fingerprint } = outcome;
  return {
    database: outcome.database,
    tracker: displayTracker(outcome.tracker),
    set: { count: outcome.set.size, digest: outcome.digest },
    ...(fingerprint === undefined ? {} : { fingerprint }),
    adopt: adoptionJson(outcome.adoption),
    counts: countStates(outcome.diff),
    migrations: outcome.diff.entries.map(entryJson),
  };
}

function fingerprintFields(outcome: FingerprintOutcome): Json {
  const { database, serverVersion, grants, digest, schema } = outcome;
  const objects = [...schema.values()].map((one) => ({ ...one, on: one.on ?? null }));
  return { database, serverVersion, grants, digest, objects };
}

function versionFields({
  version,
  platform,
  embedded,
}: Extract<Outcome, { kind: "version" }>): Json {
  return { version, platform: platform ?? null, embedded: embedded ?? null };
}

/** All states of a version are its problems, but for those that are none. */
function entryJson(entry: Entry): Json {
  const peaceful: readonly string[] = ["applied", "pending", "adopted"];
  const shared = {
    version: entry.version,
    state: stateOf(entry),
    problems: entry.states.filter((state) => !peaceful.includes(state)),
  };
  if (entry.kind === "pending") {
    const { name, id, up } = entry.migration;
    return {
      ...shared,
      name,
      id,
      path: up.path,
      checksum: up.checksum,
      renumberedFrom: entry.renumberedFrom ?? null,
      statementsDone: entry.progress.filter((row) => row.state === "done").length,
    };
  }
  const { row } = entry;
  const time =
    row.appliedAt === undefined || Number.isNaN(row.appliedAt.getTime())
      ? null
      : row.appliedAt.toISOString();
  const applied = { appliedAs: row.name, appliedAt: time, appliedChecksum: row.checksum };
  if (entry.kind === "unknown") return { ...shared, name: row.name, ...applied };
  const { name, id, up } = entry.migration;
  const { lineEndsDiffer } = entry;
  return { ...shared, name, id, path: up.path, checksum: up.checksum, ...applied, lineEndsDiffer };
}
