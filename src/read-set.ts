import type { MigrationSet } from "./core/migration.ts";
import { scan } from "./core/scan.ts";
import { Refusal, type Reporter, type Source } from "./ports.ts";

/** The set of a source. @throws Refusal with every problem of its files. */
export async function readSet(source: Source, reporter: Reporter): Promise<MigrationSet> {
  const scanned = scan(await source.list());
  if (!scanned.ok) throw new Refusal(scanned.problems);
  if (scanned.value.set.size === 0) {
    // A wrong mount looks like this, and "nothing to do" alone would look like success.
    const path = source.folder ?? "the executable";
    reporter.report({ kind: "file-note", note: { code: "no-migrations", path } });
  }
  for (const note of scanned.value.notes) reporter.report({ kind: "file-note", note });
  return scanned.value.set;
}
