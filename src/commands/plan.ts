import { connectToRead } from "../connect.ts";
import { setDigest } from "../core/digest.ts";
import { findTarget, preview } from "../core/plan.ts";
import type { Outcome } from "../outcome.ts";
import { Refusal, type World } from "../ports.ts";
import { readSet } from "../read-set.ts";
import type { PlanRequest } from "../request.ts";
import { parseFor, survey } from "../survey.ts";

/** What `up` would do, in order. Takes no lock and writes nothing. */
export async function planCommand(world: World, request: PlanRequest): Promise<Outcome> {
  const set = await readSet(world.source, world.reporter);
  const target = findTarget(set, request.to);
  if (!target.ok) throw new Refusal(target.problems);
  const { tracker } = request;
  return connectToRead(world, request, set, async (session, facts) => {
    const seen = await survey(session, tracker, set, facts, request.newHere);
    const policy = { ...request, target: target.value };
    const found = preview(seen.diff, policy, await parseFor(seen.diff, world.parser));
    return {
      kind: "plan",
      set,
      digest: setDigest(set),
      adoption: seen.adoption,
      // Where the take-over itself is the problem, nobody knows what is pending.
      preview: seen.problems.length > 0 ? { ...found, steps: [], left: [] } : found,
      database: world.database.label,
      tracker,
      problems: [...seen.problems, ...found.problems],
    };
  });
}
