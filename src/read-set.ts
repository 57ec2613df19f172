import { setDigest } from "./core/digest.ts";
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

/**
 * The same beside other work: the source leaves others a turn. Who asks for it learns what is wrong with its files;
 * who connects meanwhile may be told sooner that there is no database.
 */
export function readBeside(source: Source, reporter: Reporter): Promise<MigrationSet> {
  const reading = (async () => {
    const found = await readSet(source, reporter);
    // It is asked for by whoever compares, and costs as much as a part of the rest.
    setDigest(found);
    return found;
  })();
  reading.catch(() => undefined);
  return reading;
}
