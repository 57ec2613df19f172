/**
 * What a commit of the working tree would hold. Git may rewrite line ends when it checks a file out
 * and when it takes it back (core.autocrlf, the attribute `text`), so what lies on the disk is not
 * what reaches the others.
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { withUnixLineEnds } from "../core/checksum.ts";
import { createHash } from "../core/hash.ts";
import type { SourceFile } from "../core/migration.ts";
import { directorySource } from "./directory.ts";
import { type Git, listOf, type Located, oneLine } from "./git.ts";
import { blobsOf } from "./git-blobs.ts";

/** The folder's files, tracked or not, but for what git ignores. */
export async function filesToCommit(
  { git, path }: Located,
  folder: string,
): Promise<readonly SourceFile[]> {
  const pathspec = path === "" ? [] : [`${path}/`];
  const tracked = await git.run(["ls-files", "-z", "-s", "-t", "--", ...pathspec]);
  const others = ["ls-files", "-z", "--others", "--exclude-standard", "--", ...pathspec];
  const untracked = await git.run(others);
  const names = new Set<string>();
  const index = new Map<string, IndexEntry>();
  for (const entry of listOf(tracked).map(indexEntry)) {
    const name = nameIn(path, entry.path);
    if (name !== undefined) index.set(name, entry);
  }
  for (const one of listOf(untracked)) {
    const name = nameIn(path, one);
    if (name !== undefined) names.add(name);
  }
  const present = await directorySource(folder, "may be absent").list();
  const ours = present.filter((file) => index.has(file.name) || names.has(file.name));
  const onDisk = await asCommitted(git, path, ours, index);
  return [...onDisk, ...(await leftOut(git, folder, present, index))];
}

interface IndexEntry {
  /** `S`: it is left out of the working tree on purpose (a sparse checkout). */
  readonly tag: string;
  readonly id: string;
  readonly path: string;
}

function indexEntry(line: string): IndexEntry {
  const [, tag = "", id = "", path = ""] = /^(.) \d+ ([0-9a-f]+) \d\t(.*)$/s.exec(line) ?? [];
  return { tag, id, path };
}

/** Undefined for what lies in a folder of the folder. */
function nameIn(folder: string, path: string): string | undefined {
  const name = folder === "" ? path : path.slice(folder.length + 1);
  return name.includes("/") ? undefined : name;
}

/** With the bytes that git would take, as far as they can be told without running a filter. */
async function asCommitted(
  git: Git,
  path: string,
  files: readonly SourceFile[],
  index: ReadonlyMap<string, IndexEntry>,
): Promise<readonly SourceFile[]> {
  const idOf = await hashing(git);
  // What the index has byte for byte is taken as it is, whatever the settings say by now.
  const rewritable = files.filter(
    (file) =>
      index.get(file.name)?.id !== idOf(file.bytes) &&
      !`${path}${file.name}`.includes("\n") &&
      lstatSync(file.path).isFile(),
  );
  const taken = await idsTaken(git, path, rewritable);
  const fromIndex = new Map<SourceFile, string>();
  const bytesOf = (file: SourceFile): Uint8Array | undefined => {
    const id = taken.get(file);
    if (id === undefined || id === idOf(file.bytes)) return file.bytes;
    const unix = withUnixLineEnds(file.bytes);
    if (id === idOf(unix)) return unix;
    // Rewritten in another way (`ident`, an encoding): it is told where it comes out as it was.
    if (id !== index.get(file.name)?.id) return file.bytes;
    fromIndex.set(file, id);
    return undefined;
  };
  const read = files.map((file) => ({ file, bytes: bytesOf(file) }));
  const blobs = await blobsOf(git, [...fromIndex.values()]);
  return read.map(({ file, bytes }) => ({
    ...file,
    bytes: bytes ?? blobs.get(fromIndex.get(file) ?? "") ?? file.bytes,
  }));
}

/**
 * The ids that git would give to files. Files with a filter have none: it is a command, and the
 * configuration that names it may have come with the repository.
 */
async function idsTaken(
  git: Git,
  path: string,
  files: readonly SourceFile[],
): Promise<ReadonlyMap<SourceFile, string>> {
  if (files.length === 0) return new Map();
  const paths = files.map((file) => (path === "" ? file.name : `${path}/${file.name}`));
  const question = ["check-attr", "-z", "--stdin", "filter"];
  const attributes = listOf(await git.run(question, paths.map((one) => `${one}\0`).join("")));
  const isPlain = (place: number): boolean =>
    ["unspecified", "unset"].includes(attributes[place * 3 + 2] ?? "");
  const asked = files.flatMap((file, place) =>
    isPlain(place) ? [{ file, path: paths[place] ?? "" }] : [],
  );
  if (asked.length === 0) return new Map();
  const input = asked.map((one) => `${inputLine(one.path)}\n`).join("");
  const ids = oneLine(await git.run(["hash-object", "--stdin-paths"], input)).split("\n");
  return new Map(asked.map(({ file }, place) => [file, ids[place] ?? ""]));
}

/** Git takes a line that begins with a quote for a quoted one. */
function inputLine(path: string): string {
  return path.startsWith('"') ? `"${path.replace(/["\\]/g, "\\$&")}"` : path;
}

async function hashing(git: Git): Promise<(bytes: Uint8Array) => string> {
  const answer = oneLine(await git.run(["rev-parse", "--show-object-format"]));
  const format = answer === "sha256" ? "sha256" : "sha1";
  return (bytes) => createHash(format).update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** What a sparse checkout leaves out of the working tree is in the next commit all the same. */
async function leftOut(
  git: Git,
  folder: string,
  present: readonly SourceFile[],
  index: ReadonlyMap<string, IndexEntry>,
): Promise<readonly SourceFile[]> {
  const onDisk = new Set(present.map((file) => file.name));
  const absent = [...index].filter(
    ([name, { tag }]) => tag === "S" && /\.sql$/i.test(name) && !onDisk.has(name),
  );
  const ids = absent.map(([, { id }]) => id);
  const blobs = await blobsOf(git, ids);
  return absent.map(([name, { id }]) => ({
    name,
    path: join(folder, name),
    bytes: blobs.get(id) ?? new Uint8Array(),
  }));
}
