/** Says something about versions without running them. Under the lock, and idempotent. */
import { decideMarking, type Marking } from "../core/marking.ts";
import { checkTracker, type Facts } from "../ledger/facts.ts";
import { acceptFiles, forgetApplied, prepareTracker, recordApplied } from "../ledger/record.ts";
import { readState } from "../ledger/state.ts";
import { withLock } from "../locked.ts";
import type { Outcome } from "../outcome.ts";
import { Refusal, type Session, type World } from "../ports.ts";
import { readSet } from "../read-set.ts";
import type { MarkRequest } from "../request.ts";

export async function mark(world: World, request: MarkRequest): Promise<Outcome> {
  const set = await readSet(world.source, world.reporter);
  return withLock(world, request, set, { migration: undefined }, async ({ session, facts }) => {
    const checked = checkTracker(request.tracker, facts);
    if (!checked.ok) throw new Refusal(checked.problems);
    const state = await readState(session, request.tracker, facts);
    const marking = decideMarking(request.change, set, state.applied);
    if (!marking.ok) throw new Refusal(marking.problems);
    await write(session, request, state.facts, marking.value);
    return {
      kind: "mark",
      done: marking.value.done.length === 0 ? ["nothing to mark"] : marking.value.done,
      problems: [],
    };
  });
}

async function write(
  session: Session,
  { tracker }: MarkRequest,
  facts: Facts,
  marking: Marking,
): Promise<void> {
  if (marking.applied.length > 0) {
    await prepareTracker(session, tracker, facts, undefined);
    await recordApplied(session, tracker, marking.applied);
  }
  if (marking.pending.length > 0 && facts.tracker !== undefined) {
    await forgetApplied(session, tracker, marking.pending);
  }
  if (marking.accepted.length > 0) await acceptFiles(session, tracker, marking.accepted);
}
