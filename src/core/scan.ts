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
  const ups = new Map<Version, NamedFile[]>();
  const downs = new Map<Version, NamedFile[]>();

  for (const file of files) {
    if (!/\.sql$/i.test(file.name)) continue;
    const named = parseName(file);
    if (named === undefined)
      problems.push({ code: "bad-name", path: file.path, reason: "pattern" });
    else if (file.bytes.length > largestBytes) {
      problems.push({ code: "too-large", path: file.path, bytes: file.bytes.length });
    } else push(named.direction === "up" ? ups : downs, named);
  }
  for (const [version, group] of ups) {
    if (group.length > 1) problems.push(duplicateOf(version, group));
  }
  for (const [version, group] of downs) {
    // A down file of another name is one without its up file: a note, below.
    const ours = group.filter((one) => one.name === ups.get(version)?.[0]?.name);
    if (ours.length > 1) problems.push(duplicateOf(version, ours));
  }

  const migrations = new Map<Version, Migration>();
  for (const version of sortedVersions([...ups.keys()])) {
    const up = ups.get(version)?.[0];
    if (up === undefined) continue;
    const directives = directivesOf(up.file, problems);
    const down = downs.get(version)?.find((one) => one.name === up.name);
    migrations.set(version, {
      version,
      name: up.name,
      id: up.id,
      up: scriptOf(up.file),
      down: down === undefined ? undefined : scriptOf(down.file),
      directives,
    });
    if (up.file.bytes.length > noteworthyBytes) {
      notes.push({ code: "large-file", path: up.file.path, bytes: up.file.bytes.length });
    }
  }
  for (const down of [...downs.values()].flat()) {
    if (migrations.get(down.version)?.name === down.name) continue;
    notes.push({ code: "down-without-up", path: down.file.path });
  }
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
  const version = parseVersion(match?.[1] ?? "");
  const name = match?.[2];
  if (version === undefined || name === undefined) return undefined;
  // 7_a.Down.sql would be an up file named "a.Down": it is more likely a slip.
  if (/\.(?:up|down)$/i.test(name)) return undefined;
  const direction = match?.[3] === "down" ? "down" : "up";
  return { file, version, name, id: `${match?.[1]}_${name}`, direction };
}

function duplicateOf(version: Version, group: readonly NamedFile[]): Problem {
  return { code: "duplicate", version, paths: group.map((one) => one.file.path).toSorted() };
}

function push(groups: Map<Version, NamedFile[]>, named: NamedFile): void {
  const group = groups.get(named.version);
  if (group === undefined) groups.set(named.version, [named]);
  else group.push(named);
}

function directivesOf(file: SourceFile, problems: Problem[]): Directives {
  // A file that is applied already is never made a text of.
  if (!mayHaveDirectives(file.bytes)) return noDirectives;
  const read = readDirectives(file.path, textOf(scriptOf(file)));
  if (read.ok) return read.value;
  problems.push(...read.problems);
  return noDirectives;
}

function scriptOf(file: SourceFile): Script {
  let { checksum } = file;
  return {
    path: file.path,
    bytes: file.bytes,
    // Computed when it is first asked for: `new` and `show` never ask.
    get checksum() {
      checksum ??= checksumOf(file.bytes);
      return checksum;
    },
  };
}

// A name holds no control characters: it is shown in terminals and stored in the tracker.
const namePattern =
  /^([0-9]+)_([^\u0000-\u001f\u007f-\u009f/.][^\u0000-\u001f\u007f-\u009f/]*?)(?:\.(up|down))?\.sql$/;
/** What a file may have. */
export const largestBytes: number = 256 * 1_048_576;
const noteworthyBytes = 1_048_576;
