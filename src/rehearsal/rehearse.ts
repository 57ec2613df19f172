/**
 * Runs what is pending where nothing can be harmed, by the same `migrate` as production: it is
 * called again without the file that failed, until there is nothing left to call it for.
 */
import type { Migration } from "../core/migration.ts";
import type { PlannedMigration } from "../core/plan.ts";
import { lackOf, type MadeBySet } from "../core/engine-lacks.ts";
import type { Problem } from "../core/problem.ts";
import { reachOf } from "../core/reach.ts";
import type { Executable, Parse } from "../core/script.ts";
import { judge, type Method, unfitFor, type Unverified, type Verdict } from "../core/verdict.ts";
import type { Version } from "../core/version.ts";
import { migrate } from "../migrate.ts";
import { Refusal, type Reporter, type Source, type World } from "../ports.ts";
import type { MigrateRequest } from "../request.ts";
import { canBeStopped, type Stops, stoppingDatabase } from "./stops.ts";

export interface Rehearsal {
  /** Its database is where the migrations run; its parser remembers what it has read. */
  readonly world: World;
  readonly request: MigrateRequest;
  readonly method: Method;
  readonly ownsServer: boolean;
  readonly parse: Parse;
  /** For PGlite, what the set makes itself; undefined for a server, which lacks nothing. */
  readonly made: MadeBySet | undefined;
  /** What is wrong with a migration although it runs through where no row meets it. */
  readonly faults: ReadonlyMap<Version, Problem>;
  /** What may not run here whatever it is, and why. */
  readonly unfit?: ReadonlyMap<Version, Unverified>;
  /** Whether `no-transaction` files are stopped and resumed, to prove that they can be. */
  readonly provesResuming: boolean;
  /** The migration that runs, for whoever hears notices. */
  readonly running: { migration: Migration | undefined };
}

/** What ended the rehearsal before its end, beside the verdicts up to there. */
export interface Rehearsed {
  readonly verdicts: readonly Verdict[];
  readonly problem: Problem | undefined;
  /** What was running when it ended. */
  readonly during: Migration | undefined;
}

/**
 * @param hidden What is pending too, and is not to run.
 * @param earlier The verdicts of what is pending before these steps and did not run here.
 */
export async function rehearse(
  rehearsal: Rehearsal,
  steps: readonly PlannedMigration[],
  hidden: readonly Migration[] = [],
  earlier: readonly Verdict[] = [],
): Promise<Rehearsed> {
  const { world, method, running, parse, ownsServer } = rehearsal;
  const record = recordOf(steps, world.reporter);
  const stops = stoppingDatabase(world.database);
  const left = new Set<Migration>(hidden);
  for (const planned of steps) {
    const reaches = reachOf(planned.script, parse);
    const unfit =
      rehearsal.unfit?.get(planned.entry.version) ??
      unfitFor(method, planned.script, reaches, ownsServer);
    if (unfit === undefined) continue;
    left.add(planned.entry.migration);
    record.tell(planned, { result: "not verified", ...unfit, problem: undefined }, []);
  }
  const watching = {
    ...world,
    database: stops.database,
    reporter: watch(rehearsal, steps, record, stops),
  };
  for (;;) {
    const stopsBefore = stops.count;
    const source = without(world.source, left);
    const [problem] = await runOnce({ ...watching, source }, rehearsal.request);
    const end = (): Rehearsed => ({
      verdicts: record.inOrder(),
      problem: problem && ofRehearsal(problem),
      during: running.migration,
    });
    if (problem === undefined) {
      // Recorded by somebody else: another migration, as it seems. Nobody may pass in silence.
      for (const one of steps.filter((step) => !record.has(step))) {
        record.tell(one, { result: "not verified", ...notRun, problem: undefined }, []);
      }
      return end();
    }
    // It was stopped on purpose, and goes on where it stood.
    if (stops.count > stopsBefore) continue;
    const planned = steps.find((one) => one.entry.version === running.migration?.version);
    if (planned === undefined || !isAboutTheFile(problem, method)) return end();
    running.migration = undefined;
    left.add(planned.entry.migration);
    const before = [...earlier, ...record.before(planned)];
    record.tell(planned, resultOf(rehearsal, planned, problem, before), []);
  }
}

/** Follows a run by what it reports. What the runner says of its own doings is left out. */
function watch(
  rehearsal: Rehearsal,
  steps: readonly PlannedMigration[],
  record: Results,
  stops: Stops,
): Reporter {
  const { world, running, faults } = rehearsal;
  return {
    report(event) {
      switch (event.kind) {
        case "applying": {
          const planned = steps.find((one) => one.entry.version === event.migration.version);
          const isNew = running.migration?.version !== event.migration.version;
          running.migration = event.migration;
          if (isNew && rehearsal.provesResuming && planned?.script.mode === "statements") {
            stops.arm(planned.script);
          }
          return;
        }
        case "applied": {
          const planned = steps.find((one) => one.entry.version === event.migration.version);
          running.migration = undefined;
          if (planned === undefined) return;
          const { elapsedMs } = event;
          const problem = faults.get(event.migration.version);
          if (problem !== undefined) record.tell(planned, { result: "failed", problem }, []);
          else
            record.tell(
              planned,
              { result: "passed", elapsedMs },
              rehearsal.provesResuming ? notesOn(planned.script) : [],
            );
          return;
        }
        case "connected":
        case "notice":
        case "retrying":
          world.reporter.report(event);
          return;
        default:
      }
    },
  };
}

const notRun = {
  reason: "it was not run: what ran before it recorded it as applied",
  way: "look for what writes to the tracker",
};

interface Results {
  has(planned: PlannedMigration): boolean;
  tell(planned: PlannedMigration, result: VerdictResult, notes: readonly string[]): void;
  /** The verdicts of what has a lower version. */
  before(planned: PlannedMigration): readonly Verdict[];
  /** In the order of their versions, each with the first one before it that did not pass. */
  inOrder(): readonly Verdict[];
}

function recordOf(steps: readonly PlannedMigration[], reporter: Reporter): Results {
  const verdicts = new Map<Version, Verdict>();
  let told = 0;
  const upTo = (end: number): readonly Verdict[] =>
    steps.slice(0, end).flatMap(({ entry }) => verdicts.get(entry.version) ?? []);
  return {
    tell(planned, result, notes) {
      const { migration, states } = planned.entry;
      // The engine may have to begin again: what has passed once is said once.
      if (verdicts.has(migration.version)) return;
      const isGap = states.includes("gap");
      const verdict: Verdict = { migration, isGap, after: undefined, notes, ...result };
      verdicts.set(migration.version, verdict);
      // In the order of their versions, though some are known before anything has run.
      for (;;) {
        const next = verdicts.get(steps[told]?.entry.version ?? migration.version);
        if (told >= steps.length || next === undefined) return;
        reporter.report({ kind: "verdict", verdict: next });
        told++;
      }
    },
    has: ({ entry }) => verdicts.has(entry.version),
    before: (planned) => upTo(steps.indexOf(planned)),
    inOrder() {
      let after: string | undefined;
      return upTo(steps.length).map((verdict): Verdict => {
        const labelled = { ...verdict, after };
        if (verdict.result !== "passed") after ??= verdict.migration.id;
        return labelled;
      });
    },
  };
}

type VerdictResult = Verdict extends infer One
  ? One extends Verdict
    ? Omit<One, "migration" | "isGap" | "after" | "notes">
    : never
  : never;

function resultOf(
  rehearsal: Rehearsal,
  { script, entry }: PlannedMigration,
  problem: Problem,
  before: readonly Verdict[],
): VerdictResult {
  const { id, up } = entry.migration;
  const error = "error" in problem ? problem.error : undefined;
  const { made } = rehearsal;
  const lack = error === undefined || made === undefined ? undefined : lackOf(error, made);
  const judged = judge(rehearsal.method, script, problem, lack, before);
  const rehearsed: Problem =
    problem.code === "migration-failed" ? { ...problem, kept: { kind: "rehearsal" } } : problem;
  if (judged !== "failed") return { result: "not verified", ...judged, problem: rehearsed };
  if (problem.code !== "outcome-unknown") return { result: "failed", problem: rehearsed };
  // The engine had to be ended with it: an outcome that nobody needs to look up.
  const { message } = problem.error;
  return { result: "failed", problem: { code: "stuck", id, path: up.path, message } };
}

/** A connection to a server that is lost, or a signal, says nothing about the file. */
function isAboutTheFile(problem: Problem, method: Method): boolean {
  switch (problem.code) {
    case "interrupted":
    case "connection-lost":
    case "rehearsal-broken":
      return false;
    case "outcome-unknown":
      return method === "embedded";
    default:
      return true;
  }
}

/** Nothing is unknown about what was to be rolled back. */
function ofRehearsal(problem: Problem): Problem {
  if (problem.code !== "outcome-unknown") return problem;
  const { message } = problem.error;
  return { code: "connection-lost", doing: `rehearsing ${problem.id}`, message };
}

async function runOnce(world: World, request: MigrateRequest): Promise<readonly Problem[]> {
  try {
    return (await migrate(world, request)).problems;
  } catch (error) {
    if (error instanceof Refusal) return error.problems;
    throw error;
  }
}

/** The same set without some of its migrations, their down files included. */
function without(source: Source, left: ReadonlySet<Migration>): Source {
  const paths = new Set([...left].flatMap(({ up, down }) => [up.path, down?.path]));
  return {
    folder: source.folder,
    async list() {
      return (await source.list()).filter((file) => !paths.has(file.path));
    },
  };
}

function notesOn(script: Executable): readonly string[] {
  if (script.mode === "transaction") return [];
  const kept = script.steps.filter((step) => !canBeStopped(script, step));
  const procedural = kept.filter(({ statement }) => statement.kind === "procedural");
  return [
    "stopped before and after each statement, and resumed",
    ...procedural.map(
      ({ number }) =>
        `but not at statement ${number}: without \`-- lacuna: rerunnable\` a person has to look first`,
    ),
  ];
}
