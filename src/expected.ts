import { type Problem, sqlProblem } from "./core/problem.ts";
import { type Interruption, Refusal, SqlError } from "./ports.ts";

/**
 * What is thrown and still expected, as problems: a refusal, or a database that fails us between
 * migrations. Undefined for anything else, which is a bug.
 */
export function expectedIn(
  error: unknown,
  doing: string,
  { signal }: Interruption,
): readonly Problem[] | undefined {
  if (error instanceof Refusal) return error.problems;
  return error instanceof SqlError
    ? [sqlProblem(error.kind, error.server, doing, signal)]
    : undefined;
}
