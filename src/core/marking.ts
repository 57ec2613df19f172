/** What `mark` means for a set and its rows, or why it cannot be done. */
import type { AppliedRow, AppliedSet, Migration, MigrationSet, ProgressRow } from "./migration.ts";
import type { Problem } from "./problem.ts";
import { type Checksum, differsInLineEndsOnly } from "./checksum.ts";
import { type Result, refuse, succeed } from "./result.ts";
import { findVersion } from "./scan.ts";
import { compareVersions, parseVersion, type Version } from "./version.ts";

export type MarkChange =
  | { readonly to: "applied"; readonly versions: readonly string[] }
  | { readonly to: "applied"; readonly upTo: string }
  | { readonly to: "pending"; readonly versions: readonly string[] }
  | { readonly to: "renamed"; readonly versions: readonly string[] }
  | { readonly to: "changed"; readonly versions: readonly string[] | "all adopted" }
  | { readonly to: "renumbered"; readonly from: string; readonly version: string };

/** A row that is to say what a file says now. */
export interface Acceptance {
  readonly row: AppliedRow;
  readonly to: Migration;
  readonly what: "name" | "checksum" | "version";
}

/** What is to be written; the words for it; nothing is written twice. */
export interface Marking {
  readonly applied: readonly Migration[];
  readonly pending: readonly Version[];
  readonly accepted: readonly Acceptance[];
  readonly done: readonly string[];
}

const nothing: Marking = { applied: [], pending: [], accepted: [], done: [] };

export function decideMarking(
  change: MarkChange,
  set: MigrationSet,
  applied: AppliedSet,
  progress: readonly ProgressRow[] = [],
): Result<Marking> {
  switch (change.to) {
    case "applied":
      return "upTo" in change
        ? baseline(change.upTo, set, applied)
        : markApplied(change.versions, set, applied);
    case "pending":
      return markPending(change.versions, set, applied, progress);
    case "renamed":
      return accept(change.versions, set, applied, "name");
    case "changed": {
      const versions =
        change.versions === "all adopted"
          ? [...applied.values()]
              .filter((row) => row.checksum === null && set.has(row.version))
              .map((row) => row.version)
          : change.versions;
      return accept(versions, set, applied, "checksum");
    }
    case "renumbered":
      return renumber(change, set, applied);
  }
}

function markApplied(
  versions: readonly string[],
  set: MigrationSet,
  applied: AppliedSet,
): Result<Marking> {
  return collect(versions, (text) => {
    const migration = findVersion(set, text);
    if (migration === undefined) {
      return refuse({ code: "not-in-set", version: text, asked: "mark" });
    }
    return succeed(
      applied.has(migration.version)
        ? { ...nothing, done: [`${migration.id} was applied already`] }
        : { ...nothing, applied: [migration], done: [`${migration.id} is marked applied`] },
    );
  });
}

/** Everything up to a version: the baseline of a database that was migrated by other means. */
function baseline(text: string, set: MigrationSet, applied: AppliedSet): Result<Marking> {
  const last = findVersion(set, text);
  if (last === undefined) return refuse({ code: "not-in-set", version: text, asked: "mark up to" });
  const versions = [...set.keys()].filter((version) => compareVersions(version, last.version) <= 0);
  return markApplied(versions, set, applied);
}

function markPending(
  versions: readonly string[],
  set: MigrationSet,
  applied: AppliedSet,
  progress: readonly ProgressRow[],
): Result<Marking> {
  return collect(versions, (text) => {
    const version = parseVersion(text);
    const isKnown =
      version !== undefined &&
      (set.has(version) || applied.has(version) || progress.some((row) => row.version === version));
    if (!isKnown) {
      return refuse({ code: "not-in-set", version: text, asked: "mark" });
    }
    const name = set.get(version)?.id ?? version;
    // The progress of a file that stopped half-way is forgotten too, so it is written anyway.
    const done = applied.has(version) ? `${name} is marked pending` : `${name} was pending already`;
    return succeed({ ...nothing, pending: [version], done: [done] });
  });
}

function accept(
  versions: readonly string[],
  set: MigrationSet,
  applied: AppliedSet,
  what: "name" | "checksum",
): Result<Marking> {
  return collect(versions, (text) => {
    const to = findVersion(set, text);
    if (to === undefined) return refuse({ code: "not-in-set", version: text, asked: "mark" });
    const row = applied.get(to.version);
    if (row === undefined) {
      return refuse({ code: "not-marked", version: to.version, message: "it is not applied" });
    }
    const isSame = what === "name" ? row.name === to.name : row.checksum === to.up.checksum;
    if (isSame)
      return succeed({ ...nothing, done: [`${to.id}: its ${what} is the file's already`] });
    return succeed({ ...nothing, accepted: [{ row, to, what }], done: [accepted(row, to, what)] });
  });
}

function accepted(row: AppliedRow, to: Migration, what: "name" | "checksum"): string {
  return what === "name"
    ? `${to.id}: its name is accepted (was ${row.name})`
    : `${to.id}: its file as it is now counts as applied`;
}

/** The row of a version that is no longer in the set becomes that of a pending file. */
function renumber(
  change: { readonly from: string; readonly version: string },
  set: MigrationSet,
  applied: AppliedSet,
): Result<Marking> {
  const to = findVersion(set, change.version);
  if (to === undefined) {
    return refuse({
      code: "not-in-set",
      version: change.version,
      asked: "mark",
    });
  }
  const from = parseVersion(change.from);
  const row = from === undefined ? undefined : applied.get(from);
  if (from === undefined || row === undefined) {
    // Done before: the old row is gone and the new one is there.
    if (applied.has(to.version)) {
      return succeed({ ...nothing, done: [`${to.id} was applied already`] });
    }
    const version = from ?? to.version;
    return refuse({ code: "not-marked", version, message: `${change.from} is not applied` });
  }
  const conflict = set.has(from)
    ? "it is still in the set, so it was not renumbered"
    : applied.has(to.version)
      ? `${to.id} is applied as well`
      : row.checksum !== null && !hasBytesOf(to, row.checksum)
        ? `what was applied is another file than ${to.id}`
        : undefined;
  if (conflict !== undefined)
    return refuse({ code: "not-marked", version: from, message: conflict });
  return succeed({
    ...nothing,
    accepted: [{ row, to, what: "version" }],
    done: [`${to.id} is what was applied as ${row.version}_${row.name}`],
  });
}

/** One answer for several versions: all problems, or everything that is to be written. */
function collect(
  texts: readonly string[],
  one: (text: string) => Result<Marking>,
): Result<Marking> {
  const problems: Problem[] = [];
  const markings: Marking[] = [];
  const seen = new Set<string>();
  for (const text of texts) {
    // `7` and `007` are one version: it is written once, and told once.
    const key = parseVersion(text) ?? text;
    if (seen.has(key)) continue;
    seen.add(key);
    const result = one(text);
    if (result.ok) markings.push(result.value);
    else problems.push(...result.problems);
  }
  if (problems.length > 0) return refuse(...problems);
  return succeed({
    applied: markings.flatMap((marking) => marking.applied),
    pending: markings.flatMap((marking) => marking.pending),
    accepted: markings.flatMap((marking) => marking.accepted),
    done: markings.flatMap((marking) => marking.done),
  });
}

function hasBytesOf({ up }: Migration, checksum: Checksum): boolean {
  return up.checksum === checksum || differsInLineEndsOnly(up.bytes, checksum);
}
