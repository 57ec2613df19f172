import { quoteTracker } from "../core/tracker.ts";
import { findVersion } from "../core/scan.ts";
import type { Outcome } from "../outcome.ts";
import { Refusal, type Reporter, type Source } from "../ports.ts";
import { readSet } from "../read-set.ts";
import type { ShowRequest } from "../request.ts";

/** A migration's SQL, byte for byte, so that it can be piped to psql. Needs no database. */
export async function show(
  source: Source,
  reporter: Reporter,
  request: ShowRequest,
): Promise<Outcome> {
  const set = await readSet(source, reporter);
  const migration = findVersion(set, request.version);
  if (migration === undefined) {
    throw new Refusal([{ code: "not-in-set", version: request.version, asked: "show" }]);
  }
  if (request.direction === "up")
    return { kind: "show", bytes: migration.up.bytes, advice: undefined };
  const { version, id, down } = migration;
  if (down === undefined) throw new Refusal([{ code: "no-down", version, id }]);
  const advice = `delete from ${quoteTracker(request.tracker)} where version = ${version};`;
  return { kind: "show", bytes: down.bytes, advice };
}
