import { readSchema } from "../catalog/schema.ts";
import { connectToRead } from "../connect.ts";
import { countStates } from "../core/entry.ts";
import { setDigest } from "../core/digest.ts";
import type { Problem } from "../core/problem.ts";
import { schemaDigest } from "../core/schema.ts";
import { standingOf } from "../core/standing.ts";
import type { Outcome } from "../outcome.ts";
import type { World } from "../ports.ts";
import { readSet } from "../read-set.ts";
import type { StatusRequest } from "../request.ts";
import { type Survey, survey } from "../survey.ts";

/** Every version with its state. Reads only; an absent tracker is the empty set. */
export async function status(world: World, request: StatusRequest): Promise<Outcome> {
  const set = await readSet(world.source, world.reporter);
  const { tracker } = request;
  return connectToRead(world, request, set, async (session, facts) => {
    const seen = await survey(session, tracker, set, facts, false);
    const { sync, contradictions } = standingOf(seen.diff);
    const problems: Problem[] = [...seen.problems, ...contradictions];
    if (request.check && sync !== "in sync" && problems.length === 0) {
      problems.push(notInSync(seen));
    }
    const database = world.database.label;
    const fingerprint = request.fingerprint
      ? schemaDigest(await readSchema(session, { tracker, grants: false }))
      : undefined;
    return {
      kind: "status",
      set,
      digest: setDigest(set),
      diff: seen.diff,
      adoption: seen.adoption,
      tracker,
      database,
      fingerprint,
      problems,
    };
  });
}

/** `--check`: applied = set, and nothing changed. What is still to be adopted is not applied. */
function notInSync({ diff, adoption }: Survey): Problem {
  const { applied: _applied, adopted, ...others } = countStates(diff);
  const counts = adoption === undefined ? others : { ...others, "to be adopted": adopted };
  return { code: "not-in-sync", counts };
}
