/**
 * The one file that runs git: the program of the PATH, never a shell. It asks nobody for a password,
 * takes no lock that it need not take, and runs no hook and no file system monitor.
 */
import { execFile } from "node:child_process";
import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, relative, resolve, sep } from "node:path";
import type { Problem } from "../core/problem.ts";
import { type Interruption, Refusal } from "../ports.ts";

/** Git, run in one place. */
export interface Git {
  /** @throws Refusal unless it ends with exit code 0. */
  run(args: readonly string[], input?: string): Promise<Buffer>;
  /** The output, or undefined where it ended with another exit code. */
  ask(args: readonly string[]): Promise<Buffer | undefined>;
}

export interface Caller {
  /** GIT_DIR and the like are what a hook is run with: they are passed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly interruption: Interruption;
}

export interface Located {
  /** Runs in the working tree's root, or in the bare repository. */
  readonly git: Git;
  /** The folder, seen from the root: `db/migrations`, or nothing where it is the root. */
  readonly path: string;
  readonly hasWorkingTree: boolean;
}

/** The repository in which a folder lies, whether the folder is there (any more) or not. */
export async function locate(folder: string, around: Caller): Promise<Located> {
  const isNamed = (around.environment["GIT_DIR"] ?? "") !== "";
  // GIT_DIR may be relative to the working directory.
  const start = isNamed ? resolve() : existingFolder(resolve(folder));
  const git = gitIn(start, around);
  const asked = git.run(["rev-parse", "--absolute-git-dir"]).catch((error: unknown) => {
    const isNone = error instanceof Refusal && /not a git repository/.test(wordsOf(error));
    throw isNone ? new Refusal([{ code: "no-repository", folder }]) : error;
  });
  const GIT_DIR = oneLine(await asked);
  const top = await git.ask(["rev-parse", "--show-toplevel"]);
  if (top === undefined) {
    const path = normalize(folder).replaceAll(sep, "/").replace(/\/$/, "");
    if (isAbsolute(folder) || path === ".." || path.startsWith("../"))
      throw new Refusal([{ code: "outside-repository", folder, root: GIT_DIR }]);
    return { git, path: path === "." ? "" : path, hasWorkingTree: false };
  }
  const root = oneLine(top);
  const path = relative(realpathSync(root), realPath(resolve(folder))).replaceAll(sep, "/");
  if (path === ".." || path.startsWith("../") || isAbsolute(path))
    throw new Refusal([{ code: "outside-repository", folder, root }]);
  const named = isNamed ? { GIT_DIR, GIT_WORK_TREE: root } : {};
  const environment = { ...around.environment, ...named };
  return { git: gitIn(root, { ...around, environment }), path, hasWorkingTree: true };
}

/** Git's answers end their lists with NUL, and their lines with a line end that is not the name's. */
export function listOf(bytes: Buffer): readonly string[] {
  return bytes.toString("utf8").split("\0").slice(0, -1);
}

export function oneLine(bytes: Buffer): string {
  return bytes.toString("utf8").replace(/\n$/, "");
}

function gitIn(folder: string, { environment, interruption }: Caller): Git {
  const env = { ...environment, ...quiet };
  const start = (args: readonly string[], input: string): Promise<Ended> =>
    new Promise((end) => {
      const options = { cwd: folder, env, encoding: "buffer", ...limits } as const;
      const child = execFile("git", [...settings, ...args], options, (error, stdout, stderr) => {
        stopListening();
        end({ error, stdout, stderr: stderr.toString("utf8").trim() });
      });
      const stopListening = interruption.onSignal(() => child.kill());
      // It may end before it has read everything.
      child.stdin?.on("error", () => undefined);
      child.stdin?.end(input);
    });
  const fail = (args: readonly string[], ended: Ended): Refusal =>
    new Refusal([problemOf(args, ended, interruption)]);
  return {
    async run(args, input = "") {
      const ended = await start(args, input);
      if (ended.error !== null) throw fail(args, ended);
      return ended.stdout;
    },
    async ask(args) {
      const ended = await start(args, "");
      if (ended.error === null) return ended.stdout;
      // An exit code is an answer: everything else is none.
      if (typeof ended.error.code === "number" && !isRefusedByGit(ended.stderr)) return undefined;
      throw fail(args, ended);
    },
  };
}

interface Ended {
  readonly error: (Error & { readonly code?: unknown; readonly killed?: boolean }) | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

function problemOf(
  args: readonly string[],
  { error, stderr }: Ended,
  { signal }: Interruption,
): Problem {
  const command = `git ${args.join(" ")}`;
  if (signal !== undefined) return { code: "interrupted", signal };
  if (error?.code === "ENOENT") return { code: "no-git" };
  if (error?.killed === true)
    return {
      code: "git-failed",
      command,
      message: `it took longer than ${limits.timeout / 1000} s`,
    };
  if (isRefusedByGit(stderr)) {
    const advice = /git config --global --add safe\.directory .*/.exec(stderr)?.[0];
    return { code: "not-trusted", message: firstLine(stderr), command: advice };
  }
  return { code: "git-failed", command, message: firstLine(stderr) || String(error?.message) };
}

/** Since 2.35.2: https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory */
function isRefusedByGit(stderr: string): boolean {
  return /dubious ownership|unsafe repository/.test(stderr);
}

function firstLine(stderr: string): string {
  return (stderr.split("\n")[0] ?? "").replace(/^(?:fatal|error): /, "");
}

function wordsOf(refusal: Refusal): string {
  return refusal.problems.map((one) => ("message" in one ? one.message : "")).join("\n");
}

function existingFolder(path: string): string {
  const isThere = existsSync(path) && statSync(path).isDirectory();
  return isThere || dirname(path) === path ? path : existingFolder(dirname(path));
}

/** Links resolved, as git resolves them, as far as the path is there. */
function realPath(path: string): string {
  if (existsSync(path) || dirname(path) === path) return realpathSync(path);
  return join(realPath(dirname(path)), relative(dirname(path), path));
}

const settings = [
  "--no-pager",
  "--literal-pathspecs",
  // Both would run a program that the repository's own configuration names.
  "-c",
  "core.fsmonitor=false",
  "-c",
  "core.hooksPath=/dev/null",
  "-c",
  "core.quotePath=false",
];

const quiet = { GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };

const limits = { timeout: 60_000, maxBuffer: Number.POSITIVE_INFINITY, windowsHide: true };
