import type { MigrationSet } from "./core/migration.ts";
import { scan } from "./core/scan.ts";
import { Refusal, type Reporter, type Source } from "./ports.ts";

/** The set of a source. @throws Refusal with every problem of its files. */
export async function readSet(source: Source, reporter: Reporter): Promise<MigrationSet> {
  const scanned = scan(await source.list());
  if (!scanned.ok) throw new Refusal(scanned.problems);
  for (const note of scanned.value.notes) reporter.report({ kind: "file-note", note });
  return scanned.value.set;
}
