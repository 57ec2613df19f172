/**
 * The extensions that a set asks for. An embedded Postgres has to be given them before it
 * starts. The texts are searched, not parsed: a name that stands in a comment or in a down file
 * gets one extension too many loaded, and one that SQL puts together is found missing when it runs.
 */
import { type MigrationSet, type Script, textOf } from "./migration.ts";

export function extensionsAskedFor(set: MigrationSet): readonly string[] {
  const names = new Set<string>();
  for (const { up, down } of set.values()) {
    for (const name of namesIn(up)) names.add(name);
    if (down !== undefined) for (const name of namesIn(down)) names.add(name);
  }
  return [...names].toSorted();
}

function* namesIn(script: Script): Iterable<string> {
  for (const match of textOf(script).matchAll(createExtension)) {
    const [, quoted, bare] = match;
    if (quoted !== undefined) yield quoted.replaceAll('""', '"');
    else if (bare !== undefined) yield bare.toLowerCase();
  }
}

const gap = String.raw`(?:\s|--[^\n\r]*[\n\r]|/\*[\s\S]*?\*/)`;
const createExtension = new RegExp(
  String.raw`\bcreate${gap}+extension${gap}+(?:if${gap}+not${gap}+exists${gap}*)?(?:"((?:[^"]|"")+)"|([\p{L}_][\p{L}\p{N}_$]*))`,
  "giu",
);
