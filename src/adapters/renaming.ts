/** New names for files: by `git mv` where git knows them, so that the index follows. */
import { lstatSync, realpathSync, renameSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Refusal, type RenamedBy, type Renamer } from "../ports.ts";
import { type Git, type Located, locate, type Caller } from "./git.ts";

interface Move {
  readonly from: string;
  readonly to: string;
}

export function renamerIn(folder: string, around: Caller): Renamer {
  return {
    async rename(moves) {
      for (const { to } of moves) {
        const isThere = lstatSync(to, { throwIfNoEntry: false }) !== undefined;
        if (isThere) throw cannotWrite(to, "it exists already");
      }
      const git = (await repositoryAround(folder, around))?.git;
      const done: (Move & { readonly isTracked: boolean })[] = [];
      try {
        for (const move of moves) {
          const isTracked = git !== undefined && (await knows(git, move.from));
          if (isTracked) await git.run(mv(move.from, move.to));
          else renameSync(move.from, move.to);
          done.push({ ...move, isTracked });
        }
      } catch (error) {
        for (const { from, to, isTracked } of done.toReversed()) {
          if (isTracked) await git?.run(mv(to, from));
          else renameSync(to, from);
        }
        if (error instanceof Refusal) throw error;
        throw cannotWrite(moves[done.length]?.to ?? folder, (error as Error).message);
      }
      const by: RenamedBy = done.some((one) => one.isTracked) ? "git mv" : "rename";
      return by;
    },
  };
}

/** Undefined where there is no git, or no repository: files can be renamed without. */
async function repositoryAround(folder: string, around: Caller): Promise<Located | undefined> {
  try {
    const located = await locate(folder, around);
    return located.hasWorkingTree ? located : undefined;
  } catch (error) {
    const codes = error instanceof Refusal ? error.problems.map((one) => one.code) : [];
    if (codes.some((code) => withoutGit.has(code))) return undefined;
    throw error;
  }
}

async function knows(git: Git, path: string): Promise<boolean> {
  return (await git.ask(["ls-files", "--error-unmatch", "--", pathForGit(path)])) !== undefined;
}

/** Git follows no link to a folder. */
function pathForGit(path: string): string {
  return join(realpathSync(dirname(resolve(path))), basename(path));
}

function mv(from: string, to: string): readonly string[] {
  return ["mv", "--", pathForGit(from), pathForGit(to)];
}

function cannotWrite(path: string, message: string): Refusal {
  return new Refusal([{ code: "cannot-write", path, message }]);
}

const withoutGit: ReadonlySet<string> = new Set(["no-git", "no-repository", "outside-repository"]);
