/** Which migrations touch what: the database is looked at before and behind each of them. */
import { contentDifferences, emptyContents } from "../core/contents.ts";
import { type Migration, type MigrationSet, textOf } from "../core/migration.ts";
import { readContents } from "./contents.ts";
import { type Look, replay } from "./replay.ts";
import type { Rehearsal } from "./rehearse.ts";

/** By migration, what it makes, changes or drops: the `what` of the differences. */
export type Trace = ReadonlyMap<Migration, ReadonlySet<string>>;

export async function traceOf(
  rehearsal: Rehearsal,
  set: MigrationSet,
  order: readonly Migration[],
  since: Date,
  isWanted: (migration: Migration) => boolean,
): Promise<Trace> {
  const trace = new Map<Migration, ReadonlySet<string>>();
  let before = emptyContents;
  const look: Look = {
    isWanted,
    async after(done) {
      const now = await readContents(rehearsal.world, rehearsal.request, set, since);
      const [migration] = done;
      if (migration !== undefined && isWanted(migration)) {
        trace.set(migration, new Set(contentDifferences(before, now).map(({ what }) => what)));
      }
      before = now;
    },
  };
  await replay(rehearsal, set, order, look);
  return trace;
}

/** Whether its text has one of these names: most migrations cannot have touched an object. */
export function mentions({ up }: Migration, words: readonly string[]): boolean {
  const text = textOf(up).toLowerCase();
  return words.some((word) => word !== "" && text.includes(word));
}
