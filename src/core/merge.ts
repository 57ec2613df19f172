/**
 * What a branch adds to its base, judged as it will be merged: a three-way comparison, file by
 * file. What the base has is history, since databases may have it applied: a branch adds to it.
 */
import {
  areEqual,
  hasByteOrderMark,
  hasCrlf,
  isCrlfThroughout,
  withoutLineEnds,
} from "./line-ends.ts";
import { type Place, placeOf } from "./locate.ts";
import type { MergeProblem } from "./merge-problem.ts";
import type { SourceFile } from "./migration.ts";
import { highestVersion, isUpFile, type NamedFile, parseName } from "./scan.ts";
import { nextVersion } from "./version.ts";

export interface Branch {
  /** The base's ref, for messages. */
  readonly label: string;
  readonly base: readonly SourceFile[];
  readonly head: readonly SourceFile[];
  /** The files at the merge base, where the two parted. */
  readonly ancestor: readonly SourceFile[];
}

export interface Merged {
  readonly findings: readonly MergeProblem[];
  /** All of the base, as the base has it, and what the branch adds. */
  readonly files: readonly SourceFile[];
  /** The branch's: up files, down files, and names that fit no pattern. */
  readonly added: readonly SourceFile[];
}

export function merge(branch: Branch): Merged {
  const { label, base } = branch;
  const { kept, added, lost, edited } = sortOut(branch);
  const findings: MergeProblem[] = [];
  const collisions: Collision[] = [];
  for (const trio of edited) {
    kept.push(trio.base);
    if (trio.ancestor === undefined && !isSameText(trio.head, trio.base))
      collisions.push({ file: trio.head, other: trio.base, owner: "base" });
    else findings.push(...faultsOfEdit(trio, label));
  }
  const dropped = new Set<SourceFile>();
  for (const was of lost) {
    const is = successorOf(was, added, dropped);
    const isSpelling = is !== undefined && isSameMigration(was, is);
    if (isSpelling && areEqual(was.bytes, is.bytes)) {
      kept.push(is);
      dropped.add(is);
    } else if (isSpelling || !isOneOfTwo(was, base)) {
      kept.push(was);
      findings.push(faultOfLoss(was, is, label));
      if (is !== undefined) for (const file of withDown(is, added)) dropped.add(file);
    }
  }
  const fresh = added.filter((file) => !dropped.has(file));
  collisions.push(...collisionsOf(fresh, kept));
  findings.push(...takenVersions(collisions, branch));
  const former = isCrlfThroughout(base.filter(isMigrationFile)) ? "CRLF" : "LF";
  for (const file of fresh.filter(isMigrationFile)) findings.push(...newLineEnds(file, former));
  return {
    findings: findings.toSorted((left, right) => compare(pathOf(left), pathOf(right))),
    files: [...kept, ...fresh].toSorted((left, right) => compare(left.name, right.name)),
    added: fresh,
  };
}

// ---- three ways ----

/** One name, where both have a file and the branch has edited it. */
interface Edit {
  readonly base: SourceFile;
  readonly head: SourceFile;
  /** Undefined where both have added it. */
  readonly ancestor: SourceFile | undefined;
}

interface SortedOut {
  /** As git would merge them; what is found about them cannot be. */
  readonly kept: SourceFile[];
  readonly added: SourceFile[];
  /** Up files that the base still has. */
  readonly lost: SourceFile[];
  readonly edited: Edit[];
}

function sortOut(branch: Branch): SortedOut {
  const sorted: SortedOut = { kept: [], added: [], lost: [], edited: [] };
  const bases = byName(branch.base);
  const heads = byName(branch.head);
  const ancestors = byName(branch.ancestor);
  for (const name of [...new Set([...bases.keys(), ...heads.keys()])].toSorted(compare)) {
    const base = bases.get(name);
    const head = heads.get(name);
    const ancestor = ancestors.get(name);
    const isUntouched = isSame(head, ancestor) || isSame(head, base);
    if (isUntouched) {
      if (base !== undefined) sorted.kept.push(base);
    } else if (base === undefined) {
      if (head !== undefined) sorted.added.push(head);
    } else if (isUpFile(base)) {
      if (head === undefined) sorted.lost.push(base);
      else sorted.edited.push({ base, head, ancestor });
      // A down file is never run, and a name that fits no pattern is no migration.
    } else if (head !== undefined) sorted.kept.push(head);
  }
  return sorted;
}

function byName(files: readonly SourceFile[]): ReadonlyMap<string, SourceFile> {
  const sql = files.filter((file) => /\.sql$/i.test(file.name));
  return new Map(sql.map((file) => [file.name, file]));
}

function isSame(left: SourceFile | undefined, right: SourceFile | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return areEqual(left.bytes, right.bytes);
}

// ---- history ----

function faultsOfEdit({ base, head, ancestor }: Edit, label: string): readonly MergeProblem[] {
  const former = ancestor ?? base;
  // A byte order mark that goes away changes the checksum; line ends are forgiven.
  const isMarkGone = hasByteOrderMark(former.bytes) && !hasByteOrderMark(head.bytes);
  if (isSameText(head, former) && !isMarkGone) return newLineEnds(head, former);
  const place = firstDifference(former, head);
  return [{ code: "base-edited", path: head.path, place, base: label, original: base.path }];
}

function faultOfLoss(was: SourceFile, is: SourceFile | undefined, base: string): MergeProblem {
  if (is === undefined) return { code: "base-deleted", path: was.path, base };
  const { path } = is;
  return isSameMigration(was, is)
    ? { code: "base-edited", path, place: firstDifference(was, is), base, original: was.path }
    : { code: "base-renamed", path, base, original: was.path };
}

/** What became of a file: the same version under another name, or the same text. */
function successorOf(
  was: SourceFile,
  added: readonly SourceFile[],
  taken: ReadonlySet<SourceFile>,
): SourceFile | undefined {
  const version = parseName(was)?.version;
  const ups = added.filter((file) => isUpFile(file) && !taken.has(file));
  return (
    ups.find((file) => isSameMigration(was, file)) ??
    ups.find((file) => parseName(file)?.version === version) ??
    ups.find((file) => file.bytes.length > 0 && isSameText(was, file))
  );
}

/** Then one of them has to go away, and is no loss. */
function isOneOfTwo(was: SourceFile, base: readonly SourceFile[]): boolean {
  const version = parseName(was)?.version;
  return base.some(
    (file) => file.name !== was.name && isUpFile(file) && parseName(file)?.version === version,
  );
}

function withDown(up: SourceFile, added: readonly SourceFile[]): readonly SourceFile[] {
  return [up, ...added.filter((file) => !isUpFile(file) && isSameMigration(up, file))];
}

// ---- versions ----

interface Collision {
  readonly file: SourceFile;
  readonly other: SourceFile;
  readonly owner: "base" | "branch";
}

function collisionsOf(
  fresh: readonly SourceFile[],
  kept: readonly SourceFile[],
): readonly Collision[] {
  const ups = fresh.filter(isUpFile);
  return ups.flatMap((file, index): Collision[] => {
    const version = parseName(file)?.version;
    const hasVersion = (one: SourceFile): boolean =>
      isUpFile(one) && parseName(one)?.version === version;
    const theirs = kept.find(hasVersion);
    if (theirs !== undefined) return [{ file, other: theirs, owner: "base" }];
    const ours = ups.slice(0, index).find(hasVersion);
    return ours === undefined ? [] : [{ file, other: ours, owner: "branch" }];
  });
}

function takenVersions(
  collisions: readonly Collision[],
  { label, base, head }: Branch,
): readonly MergeProblem[] {
  const highest = highestVersion([...base, ...head]);
  let last = highest?.version;
  return collisions.flatMap(({ file, other, owner }): MergeProblem[] => {
    const named = parseName(file);
    if (named === undefined || last === undefined) return [];
    last = nextVersion(last);
    const free = last.padStart(Math.max(widthOf(named), highest?.digits ?? 0), "0");
    const { version, id } = named;
    const { path } = file;
    return [
      { code: "version-taken", path, id, version, other: other.path, owner, base: label, free },
    ];
  });
}

function widthOf({ id, name }: NamedFile): number {
  return id.length - name.length - 1;
}

// ---- texts ----

/** @param former What it was, or how the base ends the lines of its files. */
function newLineEnds(
  file: SourceFile,
  former: SourceFile | "CRLF" | "LF",
): readonly MergeProblem[] {
  const [hadCrlf, hadMark] =
    typeof former === "string"
      ? [former === "CRLF", false]
      : [hasCrlf(former.bytes), hasByteOrderMark(former.bytes)];
  const { path, bytes } = file;
  const text = decoded(file);
  const found: MergeProblem[] = [];
  if (hasByteOrderMark(bytes) && !hadMark) {
    const place = placeOf(text, 0);
    found.push({ code: "new-line-ends", path, place, found: "a byte order mark" });
  }
  if (hasCrlf(bytes) && !hadCrlf) {
    const place = placeOf(text, text.indexOf("\r\n"));
    found.push({ code: "new-line-ends", path, place, found: "CRLF line ends" });
  }
  return found;
}

function isSameText(left: SourceFile, right: SourceFile): boolean {
  return areEqual(withoutLineEnds(left.bytes), withoutLineEnds(right.bytes));
}

/** The first line that differs by more than its end; the first of all where none does. */
function firstDifference(former: SourceFile, latter: SourceFile): Place {
  const text = decoded(latter);
  const [was, is] = [decoded(former), text].map((one) => one.split(/\r?\n/));
  const index = is?.findIndex((line, at) => line !== was?.[at]) ?? 0;
  const isCutOff = (is?.length ?? 0) < (was?.length ?? 0);
  const line = index >= 0 ? index : isCutOff ? (is?.length ?? 1) - 1 : 0;
  const before = text.split("\n").slice(0, line);
  return placeOf(
    text,
    before.reduce((length, one) => length + one.length + 1, 0),
  );
}

function decoded({ bytes }: SourceFile): string {
  return new TextDecoder().decode(bytes);
}

function isMigrationFile(file: SourceFile): boolean {
  return parseName(file) !== undefined;
}

/** Leading zeros and the ending `.up` are spelling. */
function isSameMigration(left: SourceFile, right: SourceFile): boolean {
  const [one, other] = [parseName(left), parseName(right)];
  return one !== undefined && one.version === other?.version && one.name === other.name;
}

function pathOf(problem: MergeProblem): string {
  return "path" in problem ? problem.path : "";
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
