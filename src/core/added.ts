/** Whether what a branch adds can be read at all: each file by itself, since it has just been written. */
import type { SourceFile } from "./migration.ts";
import type { Problem } from "./problem.ts";
import { scan } from "./scan.ts";
import { type Parse, readScript } from "./script.ts";

/** Names, directives and refused statements, in the order of the files. */
export function faultsOfAdded(files: readonly SourceFile[], parse: Parse): readonly Problem[] {
  return files.flatMap((file) => {
    const scanned = scan([file]);
    if (!scanned.ok) return scanned.problems;
    return [...scanned.value.set.values()].flatMap((migration) => {
      const read = readScript(migration, parse);
      return read.ok ? [] : read.problems;
    });
  });
}
