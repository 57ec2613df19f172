import type { MergeProblem } from "../merge-problem.ts";
import { type Explanations, quoted } from "./explanation.ts";

export const merges = (): Explanations<MergeProblem> => ({
  "base-edited": ({ path, base, original }) => ({
    title: `${quoted(path)} is edited: ${base} has it already, and databases may have it applied`,
    hint: `write a new migration (\`lacuna new NAME\`), and take the edit${path === original ? "" : " and the other name"} back: ${command(["git", "checkout", base, "--", original])}`,
    exitCode: 7,
  }),
  "base-renamed": ({ path, base, original }) => ({
    title: `${quoted(path)} is ${quoted(original)} under another name: ${base} has it already, and databases may have it applied`,
    hint: `take the name back: ${command(["git", "mv", "--", path, original])}`,
    exitCode: 7,
  }),
  "base-deleted": ({ path, base }) => ({
    title: `${quoted(path)} is deleted: ${base} has it, and databases may have it applied`,
    hint: `write a new migration that undoes it, and take the file back: ${command(["git", "checkout", base, "--", path])}`,
    exitCode: 7,
  }),
  "version-taken": ({ path, id, version, other, owner, base, free }) => ({
    title:
      path === other
        ? `${quoted(path)} is another migration than the file of this name in ${base}`
        : `${quoted(path)} has version ${version}, which is that of ${quoted(other)}${owner === "base" ? ` in ${base}` : ""}`,
    hint: `give it the next version that is free: ${command(["lacuna", "renumber", id, free, ...folderFlag(path)])}`,
    exitCode: 7,
  }),
  "new-line-ends": ({ path, found }) => ({
    title: `${quoted(path)} brings in ${found}`,
    hint:
      found === "a byte order mark"
        ? "save it as UTF-8 without a byte order mark"
        : "save it with LF line ends; the line `*.sql text eol=lf` in .gitattributes keeps them so, after `git add --renormalize .`",
    exitCode: 7,
  }),
  "check-found": ({ findings, base }) => ({
    title: `${findings === 1 ? "One thing" : `${findings} things`} to put right before this is merged into ${base}`,
    hint: "each is said above, with what mends it; run `lacuna check` again behind it",
    exitCode: 7,
  }),
});

/** Where the folder is not the one that every command takes without being told. */
function folderFlag(path: string): readonly string[] {
  const folder = /^(.*)[/\\][^/\\]*$/s.exec(path)?.[1] ?? ".";
  return folder === "migrations" ? [] : ["--migrations", folder];
}

/** To be pasted into a shell of POSIX. */
function command(words: readonly string[]): string {
  return `\`${words.map(shellWord).join(" ")}\``;
}

function shellWord(word: string): string {
  return /^[\p{L}\p{N}_@%+=:,./~^-]+$/u.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
