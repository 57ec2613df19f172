import type { RepositoryProblem } from "../repository-problem.ts";
import { type Explanations, quoted } from "./explanation.ts";

export const repositories = (): Explanations<RepositoryProblem> => ({
  "no-git": () => ({
    title: "Cannot read the repository: there is no `git` on the PATH",
    hint: "install git (`apt-get install git`); the image of lacuna has none",
    exitCode: 2,
  }),
  "no-repository": (problem) => ({
    title: `Cannot compare ${quoted(problem.folder)}: it lies in no git repository`,
    hint: "run it inside of a clone, or name a folder of one with --migrations DIR",
    exitCode: 2,
  }),
  "outside-repository": (problem) => ({
    title: `Cannot compare ${quoted(problem.folder)}: it lies outside of the repository ${quoted(problem.root)}`,
    hint: "name a folder of the repository with --migrations DIR; in a bare repository it is counted from its root",
    exitCode: 2,
  }),
  "not-trusted": (problem) => ({
    title: `Cannot read the repository: ${problem.message}`,
    hint: `if you trust it, run \`${problem.command ?? "git config --global --add safe.directory DIR"}\``,
    exitCode: 2,
  }),
  "no-such-ref": ({ ref, fetch, instead }) => ({
    title: `Cannot find the commit ${quoted(ref)} in this repository`,
    hint:
      instead !== undefined
        ? `there is ${instead}`
        : fetch !== undefined
          ? `run \`git fetch ${fetch.remote} ${fetch.branch}\` first; actions/checkout gets all branches with \`fetch-depth: 0\``
          : "`git branch --all` shows the branches; `git fetch` gets those of the remote",
    exitCode: 2,
  }),
  "no-merge-base": ({ base, head, history }) =>
    history === "shallow"
      ? {
          title: `Cannot compare ${head} with ${base}: the clone is shallow, and the commit at which they parted is below its depth`,
          hint: "run `git fetch --unshallow` first, or give actions/checkout `fetch-depth: 0`",
          exitCode: 2,
        }
      : {
          title: `Cannot compare ${head} with ${base}: they have no commit in common`,
          hint: "`git merge-base` finds none either; is it the right branch?",
          exitCode: 2,
        },
  "git-failed": (problem) => ({
    title: `Cannot read the repository: \`${problem.command}\` failed: ${problem.message}`,
    hint: "run the command by hand to see more",
    exitCode: 2,
  }),
});
