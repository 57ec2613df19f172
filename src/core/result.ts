import type { Problem } from "./problem.ts";

/**
 * The answer of a deciding function: a value, or every problem that it found.
 *
 * Problems are collected, not thrown, so that one run shows all of them.
 */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function succeed<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function refuse(...problems: readonly Problem[]): {
  readonly ok: false;
  readonly problems: readonly Problem[];
} {
  return { ok: false, problems };
}
