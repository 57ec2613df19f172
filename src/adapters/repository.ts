/**
 * The migrations in a git repository: those of a commit, byte for byte, and those that a commit of
 * the working tree would have.
 */
import { join } from "node:path";
import type { SourceFile } from "../core/migration.ts";
import { largestBytes } from "../core/scan.ts";
import type { Problem } from "../core/problem.ts";
import { Refusal, type Repository, type Source } from "../ports.ts";
import { type Git, listOf, type Located, locate, oneLine, type Caller } from "./git.ts";
import { blobsOf, linkedBlobs } from "./git-blobs.ts";
import { filesToCommit } from "./working-tree.ts";

/** @param folder As a person names it: messages call the files by it. */
export async function gitRepository(folder: string, around: Caller): Promise<Repository> {
  const located = await locate(folder, around);
  const { git, hasWorkingTree } = located;
  return {
    hasWorkingTree,
    commit: (ref) => commitOf(git, ref),
    async mergeBase(left, right) {
      const found = await git.ask(["merge-base", left, right]);
      return found === undefined ? undefined : oneLine(found);
    },
    async isShallow() {
      return oneLine(await git.run(["rev-parse", "--is-shallow-repository"])) === "true";
    },
    filesOf: (commit) => filesOf(located, commit, (name) => join(folder, name)),
    filesHere: () => filesToCommit(located, folder),
  };
}

/** The migrations of a folder as a commit has them. Its files are called as git calls them. */
export function gitSource(ref: string, folder: string, around: Caller): Source {
  return {
    folder: `${ref}:${folder}`,
    async list() {
      const located = await locate(folder, around);
      const commit = await commitOf(located.git, ref);
      return filesOf(located, commit, (name) => `${ref}:${inside(located.path, name)}`);
    },
  };
}

async function commitOf(git: Git, ref: string): Promise<string> {
  // No ref begins with a hyphen, but every option of git does.
  const isRef = ref !== "" && !ref.startsWith("-");
  // `:/text` takes all that stands behind it for the text.
  const object = isRef ? await git.ask([...verify, ref]) : undefined;
  const found = object && (await git.ask([...verify, `${oneLine(object)}^{commit}`]));
  if (found !== undefined) return oneLine(found);
  const remotes = oneLine(await git.run(["remote"])).split("\n");
  const remote = remotes.find((one) => one !== "" && ref.startsWith(`${one}/`));
  const fetch = remote === undefined ? undefined : { remote, branch: ref.slice(remote.length + 1) };
  const instead = isRef && remote === undefined ? await remoteBranch(git, remotes, ref) : undefined;
  throw new Refusal([{ code: "no-such-ref", ref, fetch, instead }]);
}

async function remoteBranch(
  git: Git,
  remotes: readonly string[],
  branch: string,
): Promise<string | undefined> {
  for (const remote of remotes.filter((one) => one !== "")) {
    const full = `refs/remotes/${remote}/${branch}^{commit}`;
    if ((await git.ask([...verify, full])) !== undefined) return `${remote}/${branch}`;
  }
  return undefined;
}

async function filesOf(
  { git, path }: Located,
  commit: string,
  pathOf: (name: string) => string,
): Promise<readonly SourceFile[]> {
  const tree = await treeOf(git, commit, path);
  if (tree === undefined) return [];
  const problems: Problem[] = [];
  const ids = new Map<string, string>();
  const links: string[] = [];
  for (const { mode, id, bytes, name } of await entriesOf(git, tree, [])) {
    if (!/\.sql$/i.test(name)) continue;
    if (mode === linkMode) links.push(name);
    // A folder, or a submodule.
    else if (!fileModes.has(mode))
      problems.push({ code: "bad-name", path: pathOf(name), reason: "not a file" });
    else if (bytes > largestBytes) problems.push({ code: "too-large", path: pathOf(name), bytes });
    else ids.set(name, id);
  }
  const blobs = await blobsOf(git, [...ids.values()]);
  const found = new Map<string, Uint8Array>();
  for (const [name, id] of ids) found.set(name, blobs.get(id) ?? new Uint8Array());
  const linked = await linkedBlobs(
    git,
    links.map((name) => `${commit}:${inside(path, name)}`),
  );
  for (const [index, name] of links.entries()) {
    const answer = linked[index];
    if (answer instanceof Uint8Array) found.set(name, answer);
    else problems.push(brokenLink(pathOf(name), answer));
  }
  if (problems.length > 0) throw new Refusal(problems);
  return [...found]
    .map(([name, bytes]) => ({ name, path: pathOf(name), bytes }))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

function brokenLink(
  path: string,
  found: "not a file" | "outside" | "dangling" | undefined,
): Problem {
  if (found === "not a file") return { code: "bad-name", path, reason: "not a file" };
  const reason =
    found === "outside"
      ? `"${path}" is a link that leads out of the repository`
      : `"${path}" is a link to nothing`;
  return { code: "no-migrations", folder: path, reason };
}

/** Undefined where the commit has no such folder. */
async function treeOf(git: Git, commit: string, path: string): Promise<string | undefined> {
  if (path === "") return `${commit}^{tree}`;
  const [entry] = await entriesOf(git, commit, [path]);
  if (entry?.mode === folderMode) return entry.id;
  if (entry?.mode !== linkMode) return undefined;
  const input = `${commit}:${path}\n`;
  const answer = await git.run(["cat-file", "--batch-check", "--follow-symlinks"], input);
  const [id, type] = oneLine(answer).split(" ");
  return type === "tree" ? id : undefined;
}

interface TreeEntry {
  readonly mode: string;
  readonly id: string;
  /** Its size; 0 for what is no file. */
  readonly bytes: number;
  readonly name: string;
}

/** What a tree holds, or those of the paths that are in it. */
async function entriesOf(
  git: Git,
  tree: string,
  paths: readonly string[],
): Promise<readonly TreeEntry[]> {
  const list = await git.run(["ls-tree", "-z", "-l", "--full-tree", tree, "--", ...paths]);
  return listOf(list).map((line) => {
    const [, mode = "", id = "", bytes = "", name = ""] =
      /^(\d+) \w+ ([0-9a-f]+) +(\S+)\t(.*)$/s.exec(line) ?? [];
    return { mode, id, bytes: Number(bytes) || 0, name };
  });
}

function inside(path: string, name: string): string {
  return path === "" ? name : `${path}/${name}`;
}

const verify = ["rev-parse", "--verify", "--quiet"];
const linkMode = "120000";
const folderMode = "040000";
const fileModes: ReadonlySet<string> = new Set(["100644", "100755", "100664"]);
