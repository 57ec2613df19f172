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

/** The lines of a shell script that run lacuna, or an executable that it made; without the program. */
export function linesOf(script: string): readonly (readonly string[])[] {
  return script
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([program = ""]) => /^\.\/(?:.*\/)?(?:lacuna|migrator)$/.test(program))
    .map(([, ...argv]) => argv);
}
