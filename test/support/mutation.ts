/** A change of one property of one object, and what a fingerprint has to tell of it. */
import type { Major } from "./servers.ts";

export interface Mutation {
  readonly name: string;
  readonly sql: string;
  /** Kind and name of every object that differs, in order; none: nothing is to be told. */
  readonly tells: readonly string[];
  /** What has to be there for it. */
  readonly before?: string;
  /** The first major that has it. */
  readonly from?: Major;
  /** Whether it is a matter of owners and privileges. */
  readonly grants?: true;
  /** Why PGlite cannot do it. */
  readonly notInPglite?: string;
}

/** `sql`, and what it tells: most change one object. */
export function changes(name: string, sql: string, ...tells: readonly string[]): Mutation {
  return { name, sql, tells };
}

export function from(major: Major, mutation: Mutation): Mutation {
  return { ...mutation, from: major };
}

export function behind(before: string, mutation: Mutation): Mutation {
  return { ...mutation, before };
}
