/** What several documents hold, as fields. */
import { explain } from "../core/explain/explain.ts";
import type { Migration } from "../core/migration.ts";
import type { Problem } from "../core/problem.ts";
import type { Adoption } from "../core/takeover.ts";

export type Json = Readonly<Record<string, unknown>>;

export function adoptionJson(adoption: Adoption | undefined): Json | null {
  if (adoption === undefined) return null;
  return { version: adoption.version, from: adoption.from, count: adoption.migrations.length };
}

export function migrationJson({ version, name, id, up }: Migration): Json {
  return { version, name, id, path: up.path };
}

/** A place as editors count it; how the caret is drawn is for people. */
export function problemJson(problem: Problem): Json {
  const place = "place" in problem ? problem.place : undefined;
  const { line, column, excerpt } = place ?? {};
  return {
    ...problem,
    ...(place === undefined ? {} : { place: { line, column, excerpt } }),
    ...explain(problem),
  };
}
