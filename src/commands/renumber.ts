import { dirname, join } from "node:path";
import { renumber } from "../core/renumber.ts";
import type { Outcome } from "../outcome.ts";
import { Refusal, type Renamer, type Source } from "../ports.ts";
import type { RenumberRequest } from "../request.ts";

/** Gives a migration another version: its files get other names, and their bytes stay. */
export async function renumberCommand(
  source: Source,
  renamer: Renamer,
  request: RenumberRequest,
): Promise<Outcome> {
  const decided = renumber(await source.list(), request.old, request.wanted);
  if (!decided.ok) throw new Refusal(decided.problems);
  const { was, version, isKeptByAnother } = decided.value;
  const renames = decided.value.renames.map(({ from, to }) => ({
    from: from.path,
    to: join(dirname(from.path), to),
  }));
  const by = await renamer.rename(renames);
  return { kind: "renumber", was, version, renames, by, isKeptByAnother };
}
