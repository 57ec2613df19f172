/** The command lines of examples/, read by what reads lacuna's own. */
import { type Invocation, readRequest } from "../../src/cli/request.ts";
import { explain } from "../../src/core/explain/explain.ts";

export interface Surroundings {
  readonly environment: Readonly<Record<string, string>>;
  /** Files with a database's URL in them. */
  readonly files: readonly string[];
}

export const secretUrl = "postgres://owner:secret@postgres/from_a_file";

/** Throws what lacuna would say. */
export function readArguments(argv: readonly string[], around: Surroundings): Invocation {
  const read = readRequest(argv, {
    environment: around.environment,
    userName: () => "nobody",
    readFile: (path) => (around.files.includes(path) ? `${secretUrl}\n` : undefined),
  });
  if (read.ok) return read.value;
  throw new Error(read.problems.map((problem) => explain(problem).title).join("; "));
}

/**
 * The lines of a shell script that run lacuna, or an executable that it made; without the program.
 * @param variables What its quoted words may name.
 */
export function linesOf(
  script: string,
  variables: Readonly<Record<string, string>> = {},
): readonly (readonly string[])[] {
  return script
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([program = ""]) => /^\.\/(?:.*\/)?(?:lacuna|migrator)$/.test(program))
    .map(([, ...argv]) => argv.map((word) => expanded(word, variables)));
}

/** As the shell would; but a variable without quotes, or one that nobody sets, is a fault. */
function expanded(word: string, variables: Readonly<Record<string, string>>): string {
  const [, quoted] = /^"([^"]*)"$/.exec(word) ?? [];
  if (quoted === undefined) {
    if (/["'$]/.test(word)) throw new Error(`${word} is not in double quotes as a whole`);
    return word;
  }
  return quoted.replaceAll(/\$(\w*)/g, (_, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new Error(`nobody sets $${name}`);
    return value;
  });
}
