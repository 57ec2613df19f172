import { type MigrationSet, textOf } from "../core/migration.ts";
import type { PlannedMigration } from "../core/plan.ts";
import type { Problem } from "../core/problem.ts";
import { makesMatchOperators, regexesIn } from "../core/regexes.ts";
import type { Parse } from "../core/script.ts";
import type { Version } from "../core/version.ts";
import { faultOfRegex, hasMatchOperators } from "../ledger/rehearsal.ts";
import type { Session } from "../ports.ts";

/** Has PostgreSQL compile every regular expression of the files: no row may meet them here. */
export async function findFaults(
  session: Session,
  set: MigrationSet,
  steps: readonly PlannedMigration[],
  parse: Parse,
): Promise<ReadonlyMap<Version, Problem>> {
  const faults = new Map<Version, Problem>();
  const hasOthers =
    [...set.values()].some(({ up }) => makesMatchOperators(textOf(up))) ||
    (await hasMatchOperators(session));
  for (const { script, entry } of steps) {
    for (const { pattern, place, statement } of regexesIn(script, parse, hasOthers)) {
      const error = await faultOfRegex(session, pattern);
      if (error === undefined || faults.has(entry.version)) continue;
      const { id, up } = entry.migration;
      const of = script.mode === "transaction" ? script.statements.length : script.steps.length;
      faults.set(entry.version, {
        code: "migration-failed",
        id,
        path: up.path,
        error: { ...error, detail: "found by compiling it: it fails as soon as a row meets it" },
        place,
        stage: { kind: "statement", number: statement, of },
        kept: { kind: "rehearsal" },
        attempts: 1,
      });
    }
  }
  return faults;
}
