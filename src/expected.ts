import { type Problem, sqlProblem } from "./core/problem.ts";
import type { Request } from "./request.ts";
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
  const refusal = notPermitted(error);
  if (refusal !== undefined) return [refusal];
  return error instanceof SqlError
    ? [sqlProblem(error.kind, error.server, doing, signal)]
    : undefined;
}

/** What a command does between migrations, for messages. */
export function doingOf(command: Request["command"]): string {
  if (command === "fingerprint" || command === "drift") return "reading the catalog";
  const isReading = command === "status" || command === "plan" || command === "wait";
  return isReading ? "reading the tracker" : "working on the tracker";
}

/** Deno's errors are named NotCapable; libpg-query passes only their words on. */
export function notPermitted(error: unknown): Problem | undefined {
  const message = /\bNotCapable: (Requires .*? access(?: to "[^"]*")?)/.exec(String(error))?.[1];
  return message === undefined ? undefined : { code: "not-permitted", message };
}
