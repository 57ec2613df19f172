/** Says something about versions without running them. Under the lock, and idempotent. */
import { explainingRefusal, refuseUnprivileged } from "../apply/preflight.ts";
import type { Problem } from "../core/problem.ts";
import { decideMarking, type Marking } from "../core/marking.ts";
import { reaches } from "../core/takeover.ts";
import { checkTracker, type Facts } from "../ledger/facts.ts";
import type { Wanted } from "../ledger/privileges.ts";
import { acceptFiles, forgetApplied, prepareTracker, recordApplied } from "../ledger/record.ts";
import { type DatabaseState, readState } from "../ledger/state.ts";
import { withLock } from "../locked.ts";
import type { Outcome } from "../outcome.ts";
import { Refusal, type Session, type World } from "../ports.ts";
import { readSet } from "../read-set.ts";
import type { MarkRequest } from "../request.ts";

export async function mark(world: World, request: MarkRequest): Promise<Outcome> {
  const set = await readSet(world.source, world.reporter);
  return withLock(world, request, set, async ({ session, facts }) => {
    const checked = await checkTracker(session, request.tracker, facts);
    if (!checked.ok) throw new Refusal(checked.problems);
    const { tracker } = request;
    const state = await explainingRefusal(session, tracker, facts, "writing", () =>
      readState(session, tracker, facts),
    );
    const marking = decideMarking(request.change, set, state.applied, state.progress);
    if (!marking.ok) throw new Refusal(marking.problems);
    const wanted = wantedToMark(marking.value, state.facts);
    if (wanted !== undefined) await refuseUnprivileged(session, tracker, state.facts, wanted);
    const problem = await write(session, request, state, marking.value);
    if (problem !== undefined) throw new Refusal([problem]);
    return {
      kind: "mark",
      done: marking.value.done.length === 0 ? ["nothing to mark"] : marking.value.done,
      problems: [],
    };
  });
}

function wantedToMark({ applied, pending, accepted }: Marking, facts: Facts): Wanted | undefined {
  const tracker = [
    ...(applied.length > 0 ? (["INSERT"] as const) : []),
    ...(pending.length > 0 ? (["DELETE"] as const) : []),
    ...(accepted.length > 0 ? (["UPDATE"] as const) : []),
  ];
  if (tracker.length === 0) return undefined;
  const forgets = applied.length + pending.length > 0;
  return {
    tracker: ["SELECT", ...tracker],
    progress: forgets ? ["SELECT", "DELETE"] : [],
    makes: applied.length > 0 && facts.tracker === undefined ? ["tracker"] : [],
  };
}

async function write(
  session: Session,
  { tracker, change }: MarkRequest,
  state: DatabaseState,
  { applied, pending, accepted }: Marking,
): Promise<Problem | undefined> {
  const { facts } = state;
  const [first] = applied;
  if (first !== undefined) {
    const legacy = state.legacy.find((one) => one.rows.length > 0);
    const reached = applied.at(-1)?.version ?? first.version;
    const isBaseline = "upTo" in change && reaches(reached, state.legacy);
    if (state.applied.size === 0 && legacy !== undefined && !isBaseline) {
      // With a row in the tracker `up` would no longer take over what that tool applied.
      const message = `${legacy.name} of golang-migrate is not taken over yet: run \`lacuna up\`, or say it all with --up-to, as far as it stands`;
      return { code: "not-marked", version: first.version, message };
    }
    await prepareTracker(session, tracker, facts, undefined);
    await recordApplied(session, tracker, applied);
  }
  if (pending.length > 0 && (facts.tracker !== undefined || facts.progressExists)) {
    await forgetApplied(session, tracker, facts, pending);
  }
  if (accepted.length > 0) await acceptFiles(session, tracker, accepted);

  // A trigger, a rule or a policy on the tracker can swallow a write without a word.
  const now = (await readState(session, tracker, facts)).applied;
  const lost =
    applied.find((one) => now.get(one.version)?.name !== one.name)?.version ??
    pending.find((version) => now.has(version)) ??
    accepted.find(({ to, what }) => {
      const row = now.get(to.version);
      return (
        row === undefined ||
        (what === "name" ? row.name !== to.name : row.checksum !== to.up.checksum)
      );
    })?.to.version;
  return lost === undefined
    ? undefined
    : {
        code: "not-marked",
        version: lost,
        message: "the tracker did not take it (a trigger, a rule or a policy?)",
      };
}
