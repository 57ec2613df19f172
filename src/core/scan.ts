import { checksumOf } from "./checksum.ts";
import { type Directives, mayHaveDirectives, noDirectives, readDirectives } from "./directives.ts";
import {
  type Migration,
  type MigrationSet,
  type Script,
  type SourceFile,
  textOf,
} from "./migration.ts";
import type { Problem } from "./problem.ts";
import { type Result, refuse, succeed } from "./result.ts";
import { compareVersions, parseVersion, sortedVersions, type Version } from "./version.ts";

export interface Scanned {
  readonly set: MigrationSet;
  readonly notes: readonly FileNote[];
}

/** What is worth saying about a file and stops nothing. */
export type FileNote =
  | { readonly code: "down-without-up"; readonly path: string }
  | { readonly code: "no-migrations"; readonly path: string }
  /** The executable has migrations inside, and those are used, but here is a folder of them too. */
  | { readonly code: "folder-not-used"; readonly path: string }
  | { readonly code: "large-file"; readonly path: string; readonly bytes: number };

/**
 * Makes the set of a source's files: names, duplicates, sizes and directives are checked here,
 * before anything touches a database. What the statements are is looked at later, and only for
 * files that are pending: an applied file is history, and history may hold what `up` refuses.
 */
export function scan(files: readonly SourceFile[]): Result<Scanned> {
  const problems: Problem[] = [];
  const notes: FileNote[] = [];
  const ups: NamedFile[] = [];
  const downs: NamedFile[] = [];
  let hasLarge = false;

  for (const file of files) {
    const named = parseName(file);
    if (named === undefined) {
      if (!/\.sql$/i.test(file.name)) continue;
      problems.push({ code: "bad-name", path: file.path, reason: "pattern" });
      continue;
    }
    const length = file.size ?? file.bytes.length;
    hasLarge ||= length > noteworthyBytes;
    if (length > largestBytes) problems.push({ code: "too-large", path: file.path, bytes: length });
    else (named.direction === "up" ? ups : downs).push(named);
  }
  const downsOf = downs.length > 0 ? byVersion(downs) : undefined;
  const badDirectives: Problem[] = [];

  const migrations = new Map<Version, Migration>();
  for (const { file, version, name, id } of isAscending(ups) ? ups : firstsInOrder(ups, problems)) {
    const down = downsOf?.get(version)?.find((one) => one.name === name);
    migrations.set(version, {
      version,
      name,
      id,
      up: scriptOf(file),
      down: down === undefined ? undefined : scriptOf(down.file),
      directives: directivesOf(file, badDirectives),
    });
    if (hasLarge && file.bytes.length > noteworthyBytes) {
      notes.push({ code: "large-file", path: file.path, bytes: file.bytes.length });
    }
  }
  for (const [version, group] of downsOf ?? []) {
    const name = migrations.get(version)?.name;
    const ours = group.filter((one) => one.name === name);
    if (ours.length > 1) problems.push(duplicateOf(version, ours));
    for (const down of group) {
      if (down.name !== name) notes.push({ code: "down-without-up", path: down.file.path });
    }
  }
  problems.push(...badDirectives);
  if (problems.length > 0) return refuse(...problems);
  return succeed({ set: migrations as ReadonlyMap<Version, Migration> as MigrationSet, notes });
}

/** The highest version that any file has, a down file without its up file included. */
export function highestVersion(
  files: readonly SourceFile[],
): { readonly version: Version; readonly digits: number } | undefined {
  return files
    .flatMap((file) => parseName(file) ?? [])
    .map(({ version, id, name }) => ({ version, digits: id.length - name.length - 1 }))
    .toSorted((left, right) => compareVersions(left.version, right.version))
    .at(-1);
}

export function isUpFile(file: SourceFile): boolean {
  return parseName(file)?.direction === "up";
}

/** The migration with a version that a person wrote, leading zeros forgiven. */
export function findVersion(set: MigrationSet, text: string): Migration | undefined {
  const version = parseVersion(text);
  return version === undefined ? undefined : set.get(version);
}

/** What a file's name says. */
export interface NamedFile {
  readonly file: SourceFile;
  readonly version: Version;
  readonly name: string;
  readonly id: string;
  readonly direction: "up" | "down";
}

/** Undefined for a name that fits no pattern. */
export function parseName(file: SourceFile): NamedFile | undefined {
  const match = namePattern.exec(file.name);
  if (match === null) return undefined;
  const direction = match[4] === undefined ? "up" : "down";
  return {
    file,
    version: match[2] as Version,
    name: match[3] as string,
    id: match[1] as string,
    direction,
  };
}

/** In numeric order already, as most sets come, and so without a version that is there twice. */
function isAscending(files: readonly NamedFile[]): boolean {
  let before = "" as Version;
  let digits = 0;
  for (const { version } of files) {
    const { length } = version;
    if (length < digits || (length === digits && version <= before)) return false;
    before = version;
    digits = length;
  }
  return true;
}

/** In numeric order, one of each version: a second one is a problem. */
function firstsInOrder(files: readonly NamedFile[], problems: Problem[]): readonly NamedFile[] {
  const groups = byVersion(files);
  for (const [version, group] of groups) {
    if (group.length > 1) problems.push(duplicateOf(version, group));
  }
  return sortedVersions([...groups.keys()]).flatMap((version) => groups.get(version)?.[0] ?? []);
}

function byVersion(files: readonly NamedFile[]): ReadonlyMap<Version, readonly NamedFile[]> {
  const groups = new Map<Version, NamedFile[]>();
  for (const file of files) {
    const group = groups.get(file.version);
    if (group === undefined) groups.set(file.version, [file]);
    else group.push(file);
  }
  return groups;
}

function duplicateOf(version: Version, group: readonly NamedFile[]): Problem {
  return { code: "duplicate", version, paths: group.map((one) => one.file.path).toSorted() };
}

function directivesOf(file: SourceFile, problems: Problem[]): Directives {
  // A file that is applied already is never made a text of.
  if (!mayHaveDirectives(file.bytes)) return noDirectives;
  const read = readDirectives(file.path, textOf(scriptOf(file)));
  if (read.ok) return read.value;
  problems.push(...read.problems);
  return noDirectives;
}

function scriptOf({ path, bytes, checksum = checksumOf(bytes) }: SourceFile): Script {
  return { path, bytes, checksum };
}

/**
 * A name holds no control characters: it is shown in terminals and stored in the tracker. And
 * 7_a.Down.sql would be an up file named "a.Down": it is more likely a slip.
 */
const namePattern =
  /^(0*([0-9]+)_([^\u0000-\u001f\u007f-\u009f/.][^\u0000-\u001f\u007f-\u009f/]*?)(?<!\.(?:[uU][pP]|[dD][oO][wW][nN])))(?:\.(?:up|(down)))?\.sql$/;
/** What a file may have. */
export const largestBytes: number = 256 * 1_048_576;
const noteworthyBytes = 1_048_576;
