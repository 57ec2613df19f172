/**
 * The extensions that a set asks for. An embedded Postgres has to be given them before it
 * starts. The texts are searched, not parsed: a name that stands in a comment or in a down file
 * gets one extension too many loaded, and one that SQL puts together is found missing when it runs.
 */
import { type MigrationSet, textOf } from "./migration.ts";

export function extensionsAskedFor(set: MigrationSet): readonly string[] {
  return namesAfter("create extension", set);
}

/** The names behind these words anywhere in the set, as PostgreSQL folds them, each once. */
export function namesAfter(words: string, set: MigrationSet): readonly string[] {
  const pattern = new RegExp(
    String.raw`\b${words.replaceAll(" ", `${gap}+`)}${gap}+(?:if${gap}+not${gap}+exists${gap}*)?${name}`,
    "giu",
  );
  const names = new Set<string>();
  for (const { up, down } of set.values()) {
    for (const script of down === undefined ? [up] : [up, down]) {
      for (const [, quoted, bare] of textOf(script).matchAll(pattern)) {
        names.add(quoted?.replaceAll('""', '"') ?? bare?.toLowerCase() ?? "");
      }
    }
  }
  return [...names].toSorted();
}

// In one way only: where a comment could end in two places, a failing search tries them all.
const gap = String.raw`(?:\s|--[^\n\r]*(?=[\n\r]|$)|/\*(?:[^*]|\*(?!/))*\*/)`;
const name = String.raw`(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))`;
