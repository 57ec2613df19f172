/**
 * Runs migrations in an empty database in a given order: the one in which a database got them, or
 * the one in which a new database gets them. By the same loop as a rehearsal; nothing is proven on
 * the way, and nothing said.
 */
import { diff } from "../core/diff.ts";
import type { PendingEntry } from "../core/entry.ts";
import { explain } from "../core/explain/explain.ts";
import { extensionsAskedFor } from "../core/extensions.ts";
import { appliedSetOf, type Migration, type MigrationSet } from "../core/migration.ts";
import type { PlannedMigration } from "../core/plan.ts";
import { readScript } from "../core/script.ts";
import { setAside, type Verdict } from "../core/verdict.ts";
import { compareVersions, type Version } from "../core/version.ts";
import type { Database, Source } from "../ports.ts";
import { type Rehearsal, rehearse, type Rehearsed } from "./rehearse.ts";

/** Somebody who looks at the database between migrations. */
export interface Look {
  /** Whether to look before and behind this one. */
  readonly isWanted: (migration: Migration) => boolean;
  /** @param done what has run since the last look. */
  readonly after: (done: readonly Migration[]) => Promise<void>;
}

/**
 * What the engine cannot run is left out, and what depends on it; the first that fails ends it.
 * @param set The migrations of the order, and any others, which do not run.
 */
export async function replay(
  rehearsal: Rehearsal,
  set: MigrationSet,
  order: readonly Migration[],
  look?: Look,
): Promise<Rehearsed> {
  const { parse } = rehearsal;
  const world = {
    ...rehearsal.world,
    database: withExtensions(rehearsal.world.database, set),
    reporter: { report: (): void => undefined },
  };
  const entries = new Map<Version, PendingEntry>(
    diff(set, appliedSetOf([])).entries.flatMap((entry) =>
      entry.kind === "pending" ? [[entry.version, entry] as const] : [],
    ),
  );
  const verdicts: Verdict[] = [];
  const known: Migration[] = [];
  for (const part of partsOf(order, look)) {
    known.push(...part);
    const steps: PlannedMigration[] = [];
    for (const migration of part) {
      const script = readScript(migration, parse);
      const entry = entries.get(migration.version);
      if (script.ok && entry !== undefined) steps.push({ entry, script: script.value });
      else if (!script.ok) verdicts.push(refusedToday(migration, script.problems));
    }
    const source = only(world.source, known);
    const quiet = {
      ...rehearsal,
      world: { ...world, source },
      provesResuming: false,
      faults: new Map(),
    };
    const rehearsed = await rehearse(quiet, steps, leftOutOf(verdicts), verdicts);
    verdicts.push(...rehearsed.verdicts);
    const isOver = rehearsed.problem ?? verdicts.find((one) => one.result === "failed");
    if (isOver !== undefined) return { ...rehearsed, verdicts };
    await look?.after(part);
  }
  return { verdicts, problem: undefined, during: undefined };
}

/** What could not run, and must not be tried again with each part. */
export function leftOutOf(verdicts: readonly Verdict[]): readonly Migration[] {
  return verdicts.filter(setAside).map((one) => one.migration);
}

/** `migrate` runs upwards: each part is an ascending run, and ends where somebody wants to look. */
function partsOf(
  order: readonly Migration[],
  look: Look | undefined,
): readonly (readonly Migration[])[] {
  const parts: Migration[][] = [];
  let wasLookedAt = false;
  for (const migration of order) {
    const part = parts.at(-1);
    const last = part?.at(-1);
    const isLookedAt = look?.isWanted(migration) ?? false;
    const ascends = last !== undefined && compareVersions(last.version, migration.version) < 0;
    if (part !== undefined && ascends && !isLookedAt && !wasLookedAt) part.push(migration);
    else parts.push([migration]);
    wasLookedAt = isLookedAt;
  }
  return parts;
}

/** History may hold what `up` refuses now: it was run by another tool, or by psql. */
function refusedToday(
  migration: Migration,
  problems: readonly Parameters<typeof explain>[0][],
): Verdict {
  const [problem] = problems;
  const what = problem === undefined ? "it is refused" : explain(problem).title;
  return {
    migration,
    isGap: false,
    after: undefined,
    notes: [],
    result: "not verified",
    reason: `it is applied, and would be refused today: ${what}`,
    way: "look at what it made yourself",
    problem,
  };
}

/** PGlite has to load them when it starts, and the first part may not name all of them. */
function withExtensions(database: Database, set: MigrationSet): Database {
  const extensions = extensionsAskedFor(set);
  return {
    label: database.label,
    session: (options, work) => database.session({ ...options, extensions }, work),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** The same source with these migrations alone. */
function only(source: Source, wanted: readonly Migration[]): Source {
  const paths = new Set(wanted.map(({ up }) => up.path));
  return {
    folder: source.folder,
    async list() {
      return (await source.list()).filter((file) => paths.has(file.path));
    },
  };
}
