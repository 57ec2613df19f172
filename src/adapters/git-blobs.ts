/** The contents that git keeps, many with one process. */
import { Refusal } from "../ports.ts";
import type { Git } from "./git.ts";

/** By their ids. */
export async function blobsOf(
  git: Git,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const unique = [...new Set(ids)];
  if (unique.length === 0) return new Map();
  const answer = await git.run(["cat-file", "--batch"], unique.map((id) => `${id}\n`).join(""));
  const found = new Map<string, Uint8Array>();
  for (const { words, content } of answersIn(answer)) {
    const [id = "", type] = words;
    if (type !== "blob") throw missing(id);
    found.set(id, content);
  }
  return found;
}

/**
 * What links lead to, each named `commit:path`. A link may lead anywhere inside of the commit; what
 * lies outside of it is another machine's.
 * https://git-scm.com/docs/git-cat-file#Documentation/git-cat-file.txt---follow-symlinks
 */
export async function linkedBlobs(
  git: Git,
  names: readonly string[],
): Promise<readonly (Uint8Array | "not a file" | "outside" | "dangling")[]> {
  if (names.length === 0) return [];
  // A line end would ask for two; no migration's name holds one, so its content does not matter.
  const asked = names.map((name) => (name.includes("\n") ? `${name.split(":")[0]}^{tree}` : name));
  const input = asked.map((name) => `${name}\n`).join("");
  const answer = await git.run(["cat-file", "--batch", "--follow-symlinks"], input);
  return answersIn(answer).map(({ words, content }) => {
    const [word, type] = words;
    if (type === "blob") return content;
    if (type === "tree") return "not a file";
    return word === "symlink" ? "outside" : "dangling";
  });
}

/** A damaged repository, or a partial clone whose remote cannot be reached. */
function missing(id: string): Refusal {
  const command = "git cat-file --batch";
  return new Refusal([{ code: "git-failed", command, message: `the object ${id} is missing` }]);
}

interface Answer {
  /** `id type size`, or what is wrong and the size of the text about it, or `name missing`. */
  readonly words: readonly string[];
  readonly content: Uint8Array;
}

function answersIn(answer: Buffer): readonly Answer[] {
  const answers: Answer[] = [];
  for (let at = 0; at < answer.length;) {
    const end = answer.indexOf("\n", at);
    const words = answer.subarray(at, end).toString("utf8").split(" ");
    const size = Number(words.at(-1));
    // `missing` has no content.
    const length = Number.isNaN(size) ? -1 : size;
    answers.push({ words, content: answer.subarray(end + 1, end + 1 + Math.max(length, 0)) });
    at = end + 1 + length + 1;
  }
  return answers;
}
