import type { Kept, MigrationProblem, Stage } from "../problem.ts";
import type { Explanations } from "./explanation.ts";

export const migrations = (): Explanations<MigrationProblem> => ({
  "migration-failed": (problem) => ({
    title: `Cannot apply ${problem.id}: ${problem.error.message} (${problem.error.code})${describeStage(problem.stage)}`,
    hint: adviceAfter(problem),
    exitCode: 1,
  }),
  "not-proven": (problem) => ({
    title: `Cannot apply ${problem.id}: ${brokenProof[problem.broken]}`,
    hint: `${problem.id} is not recorded as applied; take out what ends the transaction or drops the lock, look at what it may have left, and run \`lacuna up\` again`,
    exitCode: 1,
  }),
  "unknown-statement": (problem) => ({
    title: `Cannot go on with ${problem.id}: statement ${problem.statement} (${problem.what}) was started, and nobody knows how far it came`,
    hint: "look at the database; if it may run again, write `-- lacuna: rerunnable` in the file's header; if everything is there, `lacuna mark applied` the version",
    exitCode: 1,
  }),
  "invalid-index": (problem) => ({
    title: `Cannot record ${problem.id}: the index ${problem.index} is INVALID`,
    hint: `drop it with DROP INDEX CONCURRENTLY and run \`lacuna up\` again; an INVALID index slows writes down and serves no query`,
    exitCode: 1,
  }),
  "outcome-unknown": (problem) => ({
    title: `Outcome unknown: the connection was lost while ${onTheirWay(problem)}: ${problem.error.message}`,
    hint: "`lacuna status` tells what was recorded, and `lacuna up` goes on from there",
    exitCode: 5,
  }),
  interrupted: (problem) => ({
    title: `Interrupted by ${problem.signal}${describeInterrupted(problem.during)}`,
    hint: "what is reported as applied is kept; run the command again for the rest",
    exitCode: problem.signal === "SIGTERM" ? 143 : 130,
  }),
});

const brokenProof = {
  transaction: "its statements ended the transaction they ran in",
  lock: "its statements gave lacuna's advisory lock away (pg_advisory_unlock_all?)",
  row: "its row is not in the tracker after the insert (a trigger or a rule on the tracker?)",
  reply: "the server's reply does not prove that it was recorded and committed",
} as const;

function adviceAfter(problem: Extract<MigrationProblem, { code: "migration-failed" }>): string {
  const { id, kept, error, attempts, blockers } = problem;
  const pids = blockers?.filter(({ pid }) => pid !== 0).map(({ pid }) => pid);
  const wayClear =
    pids === undefined || pids.length === 0
      ? ""
      : `let what blocked it come to an end (pid ${pids.join(", ")}), or end it with pg_terminate_backend; `;
  switch (kept.kind) {
    case "nothing":
      return `nothing of ${id} was kept; ${wayClear}${adviceFor(error.code, attempts)}`;
    case "statements":
      return `${kept.done} of ${kept.of} statements are done and stay; ${wayClear}${goOn}`;
    case "rehearsal":
      return "fix the file and run `lacuna verify` again";
  }
}

function describeStage(stage: Stage): string {
  if (stage.kind === "commit") return " at COMMIT";
  return stage.kind === "record" ? " when it was to be recorded" : "";
}

function adviceFor(sqlstate: string, attempts: number): string {
  if (attempts > 1) {
    return `it was tried ${attempts} times; run \`lacuna up\` when there is less traffic, or raise --lock-retry-for`;
  }
  if (sqlstate === "2D000")
    return "a procedure that commits cannot run in a migration's transaction";
  if (sqlstate === "25001") {
    return "if PostgreSQL cannot run it in a transaction, put it in a file of its own with `-- lacuna: no-transaction`";
  }
  if (duplicateObject.has(sqlstate)) {
    return "fix the file and run `lacuna up` again; if it was made by other means, `lacuna mark applied` the version";
  }
  return "fix the file and run `lacuna up` again";
}

function describeInterrupted(
  during: { readonly id: string; readonly kept: Kept } | undefined,
): string {
  if (during === undefined) return "";
  const { id, kept } = during;
  return kept.kind === "statements"
    ? `; ${id} stopped at statement ${Math.min(kept.done + 1, kept.of)} of ${kept.of}`
    : `; ${id} was rolled back`;
}

/** duplicate_table, duplicate_column, duplicate_object, duplicate_schema, duplicate_function. */
const duplicateObject: ReadonlySet<string> = new Set(["42P07", "42701", "42710", "42P06", "42723"]);

const goOn =
  "fix the rest and run `lacuna up` again, it goes on from there " +
  "(CALL and DO need `-- lacuna: rerunnable` for that)";

function onTheirWay({ id, others = [] }: { id: string; others?: readonly string[] }): string {
  return others.length === 0
    ? `${id} was running`
    : `${id} was running, and ${others.join(", ")} on the way`;
}
