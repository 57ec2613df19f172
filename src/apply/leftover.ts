/** What an earlier run of a `no-transaction` file left behind: looked at, and put right. */
import { placeOf } from "../core/locate.ts";
import type { ProgressRow } from "../core/migration.ts";
import type { Problem } from "../core/problem.ts";
import { indexesOf, type StatementScript, type Step } from "../core/script.ts";
import type { Rebuilt } from "../core/statements.ts";
import { findIndex, finishDetachment, isGone, stateOfDetachment } from "../ledger/leftovers.ts";
import { type CutOff, findCutOff } from "../ledger/reindex.ts";
import { swapSettings } from "../ledger/settings.ts";
import { readProgress } from "../ledger/state.ts";
import { type Session, SqlError } from "../ports.ts";
import type { MigrationContext } from "./context.ts";

/** One statement on its way. */
export interface StepRun {
  readonly script: StatementScript;
  readonly step: Step;
  readonly context: MigrationContext;
}

/**
 * A statement that was started and is not known to be done: its runner died, or it failed. A
 * concurrent index that was built is done; one that it left INVALID is dropped, and built anew.
 */
export async function lookAt(
  { script, step, context }: StepRun,
  row: ProgressRow,
): Promise<"run" | "done" | Problem> {
  const { session } = context;
  const { migration, text } = script;
  const { id, up } = migration;
  const { statement } = step;
  if (statement.kind === "procedural" && !migration.directives.rerunnable) {
    const place = placeOf(text, step.span.start);
    const { what } = statement;
    return { code: "unknown-statement", id, path: up.path, place, what, statement: step.number };
  }
  if (statement.kind === "outside" && statement.detach !== undefined) {
    const state = await stateOfDetachment(session, statement.detach);
    if (state === "pending") await finishDetachment(session, statement.detach);
    return state === "attached" ? "run" : "done";
  }
  if (statement.kind === "outside" && statement.drops !== undefined) {
    return (await isGone(session, statement.drops)) ? "done" : "run";
  }
  if (statement.kind !== "outside") return "run";
  if (statement.rebuilds !== undefined) {
    for (const index of await cutOffBy(session, statement.rebuilds, row)) {
      const problem = await dropInvalid({ script, step, context }, index.name);
      if (problem !== undefined) return problem;
    }
    return "run";
  }
  if (statement.index === undefined) return "run";
  const index = await findIndex(session, statement.index);
  if (index === undefined) return "run";
  if (index.isValid) return "done";
  // INVALID before this statement began, or being built by somebody: not ours to drop.
  if (row.invalidBefore.includes(index.oid) || index.isBeingBuilt) {
    return { code: "invalid-index", id, path: up.path, index: index.name };
  }
  return (await dropInvalid({ script, step, context }, index.name)) ?? "run";
}

async function dropInvalid(
  { script, context }: StepRun,
  index: string,
): Promise<Problem | undefined> {
  const { session, world, watch } = context;
  const { migration } = script;
  world.reporter.report({ kind: "repairing", migration, index });
  const before = await swapSettings(session, { lock_timeout: 0 });
  try {
    await watch.during(0, () => session.run(`drop index concurrently if exists ${index}`));
  } catch (error) {
    if (!(error instanceof SqlError) || error.server.code !== insufficientPrivilege) throw error;
    // That of a TOAST table can be dropped by a superuser alone.
    return { code: "invalid-index", id: migration.id, path: migration.up.path, index };
  }
  await swapSettings(session, before);
  return undefined;
}

const insufficientPrivilege = "42501";

/** What the statement left, and was not there before it. */
async function cutOffBy(
  session: Session,
  rebuilt: Rebuilt,
  row: ProgressRow | undefined,
): Promise<readonly CutOff[]> {
  const found = await findCutOff(session, rebuilt);
  return found.filter(({ oid }) => row?.invalidBefore.includes(oid) !== true);
}

/** An INVALID index that the file left. IF NOT EXISTS is content with one of that name; lacuna is not. */
export async function invalidIndexOf(
  script: StatementScript,
  { session, tracker }: MigrationContext,
): Promise<Problem | undefined> {
  for (const name of indexesOf(script.steps)) {
    const index = await findIndex(session, name);
    if (index === undefined || index.isValid) continue;
    const { id, up } = script.migration;
    return { code: "invalid-index", id, path: up.path, index: index.name };
  }
  const { migration, steps } = script;
  const rebuilding = steps.filter((step) => rebuiltBy(step) !== undefined);
  if (rebuilding.length === 0) return undefined;
  const progress = await readProgress(session, tracker, migration.version);
  for (const step of rebuilding) {
    const row = progress.find(({ statement }) => statement === step.number);
    const rebuilt = rebuiltBy(step);
    const [left] = rebuilt === undefined ? [] : await cutOffBy(session, rebuilt, row);
    if (left === undefined) continue;
    return { code: "invalid-index", id: migration.id, path: migration.up.path, index: left.name };
  }
  return undefined;
}

function rebuiltBy({ statement }: Step): Rebuilt | undefined {
  return statement.kind === "outside" ? statement.rebuilds : undefined;
}
