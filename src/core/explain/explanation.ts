import type { ExitCode, Problem } from "../problem.ts";

/** A problem in words: what could not be done and why, what to do next, and the exit code. */
export interface Explanation {
  readonly title: string;
  readonly hint: string;
  readonly exitCode: ExitCode;
}

/** Words for every code of a union: a missing one is a type error. */
export type Explanations<P extends Problem> = {
  readonly [Code in P["code"]]: (problem: Extract<P, { readonly code: Code }>) => Explanation;
};

export function listed(items: readonly string[]): string {
  return items.join(", ");
}

export function quoted(text: string): string {
  return `"${text}"`;
}
