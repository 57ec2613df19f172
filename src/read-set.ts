import type { MigrationSet } from "./core/migration.ts";
import { scan } from "./core/scan.ts";
import { deferred } from "./deferred.ts";
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

/** A set that is read while a server is still busy with its first answer. */
export interface SetReading {
  /** Reads it, unless that was done already: the process does nothing else meanwhile. */
  readonly begin: () => void;
  /** Rejects with what `readSet` throws, when it has begun. */
  readonly set: Promise<MigrationSet>;
}

export function readLater(source: Source, reporter: Reporter): SetReading {
  const { promise, resolve } = deferred<Promise<MigrationSet>>();
  const set = promise.then((reading) => reading);
  // Who asks for a session may be told sooner that there is none.
  set.catch(() => undefined);
  let hasBegun = false;
  return {
    set,
    begin() {
      if (hasBegun) return;
      hasBegun = true;
      resolve(readSet(source, reporter));
    },
  };
}
