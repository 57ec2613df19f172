import { compareVersions, parseVersion, type Version } from "./version.ts";
import type { Migration, MigrationSet } from "./migration.ts";
import type { Problem } from "./problem.ts";
import { type Result, refuse, succeed } from "./result.ts";

/**
 * What to do with a database whose tracker is empty.
 *
 * golang-migrate keeps one number and a dirty flag in a table of exactly (version bigint, dirty
 * boolean); the table's name is the user's choice. A database that has tables but no tracker at
 * all is not new, and running every migration on it from the first is what a runner must not do
 * by itself.
 */
export interface LegacyTracker {
  /** Schema and table as SQL spells them, for messages and queries. */
  readonly name: string;
  readonly rows: readonly { readonly version: string; readonly dirty: boolean }[];
}

/** Objects of users in the schemas that `up` looks at; trackers and extension members left out. */
export interface UserObjects {
  readonly count: number;
  readonly examples: readonly string[];
}

export interface Adoption {
  /** The version the old trackers stand at. */
  readonly version: Version;
  readonly from: readonly string[];
  /** What is recorded as applied: every file with a version up to that one. */
  readonly migrations: readonly Migration[];
}

export function decideTakeover(
  set: MigrationSet,
  legacy: readonly LegacyTracker[],
  objects: UserObjects,
  newHere: boolean,
): Result<Adoption | undefined> {
  const standing = legacy.filter((tracker) => tracker.rows.length > 0);
  const problems = standing.flatMap((tracker) => faultOf(tracker, set));
  if (problems.length > 0) return refuse(...problems);

  const [first] = standing;
  if (first === undefined) {
    return objects.count > 0 && !newHere
      ? refuse({ code: "not-a-new-database", count: objects.count, examples: objects.examples })
      : succeed(undefined);
  }
  if (new Set(standing.map(versionOf)).size > 1) {
    const found = standing.map((one) => ({ legacy: one.name, version: versionOf(one) }));
    return refuse({ code: "legacy-conflict", found });
  }
  const version = parseVersion(versionOf(first)) as Version;
  return succeed({
    version,
    from: standing.map((tracker) => tracker.name),
    migrations: [...set.values()].filter((one) => compareVersions(one.version, version) <= 0),
  });
}

/** An old runner that goes on after the take-over would apply what lacuna applies. */
export function movedSince(
  adopted: { readonly version: string; readonly from: readonly string[] } | undefined,
  legacy: readonly LegacyTracker[],
): readonly Problem[] {
  if (adopted === undefined) return [];
  return legacy
    .filter((tracker) => adopted.from.includes(tracker.name))
    .flatMap((tracker): Problem[] => {
      const [row] = tracker.rows;
      if (row === undefined || (row.version === adopted.version && !row.dirty)) return [];
      if (row.dirty) return [{ code: "legacy-dirty", legacy: tracker.name, version: row.version }];
      const { name } = tracker;
      return [{ code: "legacy-moved", legacy: name, was: adopted.version, is: row.version }];
    });
}

/** Whether a baseline records all that one of the old trackers says was applied. */
export function reaches(version: Version, legacy: readonly LegacyTracker[]): boolean {
  return legacy.some((tracker) => {
    const standing = parseVersion(versionOf(tracker));
    return standing !== undefined && compareVersions(standing, version) <= 0;
  });
}

function faultOf(tracker: LegacyTracker, set: MigrationSet): Problem[] {
  const [row] = tracker.rows;
  const legacy = tracker.name;
  if (row === undefined) return [];
  if (tracker.rows.length > 1) return [{ code: "legacy-rows", legacy, rows: tracker.rows.length }];
  if (row.dirty) return [{ code: "legacy-dirty", legacy, version: row.version }];
  const version = parseVersion(row.version);
  return version !== undefined && set.has(version)
    ? []
    : [{ code: "legacy-version-unknown", legacy, version: row.version }];
}

function versionOf(tracker: LegacyTracker): string {
  return tracker.rows[0]?.version ?? "";
}
