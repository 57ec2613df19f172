import { setDigest } from "./core/digest.ts";
import type { MigrationSet, SourceFile } from "./core/migration.ts";
import { scan } from "./core/scan.ts";
import { deferred } from "./deferred.ts";
import { Refusal, type Reporter, type Source } from "./ports.ts";

/** The set of a source. @throws Refusal with every problem of its files. */
export async function readSet(source: Source, reporter: Reporter): Promise<MigrationSet> {
  return setOf(await source.list(), source, reporter);
}

function setOf(files: readonly SourceFile[], source: Source, reporter: Reporter): MigrationSet {
  const scanned = scan(files);
  if (!scanned.ok) throw new Refusal(scanned.problems);
  if (scanned.value.set.size === 0) {
    // A wrong mount looks like this, and "nothing to do" alone would look like success.
    const path = source.folder ?? "the executable";
    reporter.report({ kind: "file-note", note: { code: "no-migrations", path } });
  }
  for (const note of scanned.value.notes) reporter.report({ kind: "file-note", note });
  return scanned.value.set;
}

/** A set that is read while a server is busy with its answers. */
export interface SetReading {
  /** Does the next part of it, the files or what they are, where one is left: nothing else goes on meanwhile. */
  readonly goOn: () => void;
  /** What is left of it. Rejects with what `readSet` throws. */
  readonly finish: () => Promise<MigrationSet>;
  /** What `finish` gives, whoever calls it. */
  readonly set: Promise<MigrationSet>;
}

export function readLater(source: Source, reporter: Reporter): SetReading {
  const { promise: scanning, resolve: startScan } = deferred<void>();
  let files: Promise<readonly SourceFile[]> | undefined;
  const list = (): Promise<readonly SourceFile[]> => (files ??= source.list());
  const read = async (): Promise<MigrationSet> => {
    await scanning;
    const found = setOf(await list(), source, reporter);
    // It is asked for by whoever connects, and costs as much as the rest.
    setDigest(found);
    return found;
  };
  const set = read();
  // Who asks for a session may be told sooner that there is none.
  set.catch(() => undefined);
  return {
    set,
    goOn() {
      if (files !== undefined) startScan();
      // What is wrong with the folder is told by `set`.
      else list().catch(() => undefined);
    },
    finish() {
      startScan();
      return set;
    },
  };
}
