/**
 * Flights that are sent before the ones ahead of them are answered: a migration then costs what the
 * server needs for it, whatever the way there takes.
 *
 * Nothing of a migration happens where one ahead of it failed: see Convoy. When a flight fails, those
 * behind it have failed too by the time the session has answered all of them; they begin again.
 */
import type { PendingEntry } from "../core/entry.ts";
import type { Plan } from "../core/plan.ts";
import { canFollow, fewInFlight, isDurable, mostInFlight } from "../core/pipelining.ts";
import { attemptLimitMs } from "../core/retry.ts";
import type { TransactionScript } from "../core/script.ts";
import { SqlError } from "../ports.ts";
import type { ApplyContext } from "./context.ts";
import { newPrepared } from "./prepared.ts";
import { cargoOf, launch, type Sent } from "./transaction.ts";

export interface Pipeline {
  /**
   * The flight of a place in the plan, where all ahead of it is answered; sends those behind it too.
   * Undefined: it goes alone.
   */
  board(index: number): Sent | undefined;
  /**
   * Resolves when nothing is on its way, to how many there were; what was sent behind a failure is
   * sent again by `board`.
   *
   * @param isOfConvoy What failed is in the way of the others as well.
   */
  grounded(isOfConvoy?: boolean): Promise<number>;
}

interface OnItsWay extends Sent {
  readonly index: number;
}

export async function newPipeline(
  plan: Plan,
  context: ApplyContext,
  isOn: boolean,
): Promise<Pipeline> {
  const { world, doubts, tracker, stage } = context;
  let flights: OnItsWay[] = [];
  /** What the last flight hands on to the next one of its convoy. */
  let handedOn: string | undefined;
  let durableMs = world.clock.nowMs();
  const follows = plan.map(({ script }) => isOn && canFollow(script, tracker));
  const isFollowed = (index: number): boolean =>
    follows[index] === true && follows[index + 1] === true;
  const prepared = await newPrepared(
    context,
    isOn,
    follows.some((_, index) => isFollowed(index)),
  );

  return {
    board(index) {
      if (!isOn) return undefined;
      fill(index);
      return flights[0]?.index === index ? flights.shift() : undefined;
    },
    async grounded(isOfConvoy = false) {
      const behind = flights;
      prepared.forget(isOfConvoy);
      flights = [];
      handedOn = undefined;
      for (const { index, reply } of behind) {
        const { failed } = await reply;
        const planned = plan[index];
        // Behind a reply that proves nothing, and a turn that was handed on all the same: it is said.
        if (failed === undefined && planned !== undefined) {
          const { migration, states } = planned.entry;
          stage.hold({ kind: "applied", migration, isGap: states.includes("gap"), elapsedMs: 0 });
          continue;
        }
        const isInDoubt = failed instanceof SqlError && failed.kind === "lost";
        if (planned !== undefined && !isInDoubt) doubts.delete(planned.entry.version);
      }
      return behind.length;
    },
  };

  function fill(from: number): void {
    if (world.interruption.signal !== undefined) return;
    // Several at a time travel in one packet.
    if (flights.length > fewInFlight) return;
    for (;;) {
      const index = (flights.at(-1)?.index ?? from - 1) + 1;
      const { entry, script } = plan[index] ?? {};
      if (entry === undefined || script?.mode !== "transaction") return;
      if (flights.length >= mostInFlight || (flights.length > 0 && follows[index] !== true)) return;
      flights.push(sendAt(index, entry, script));
      // What may not follow others is not followed either: what is large keeps a server busy by itself.
      if (follows[index] !== true) return;
    }
  }

  function sendAt(index: number, entry: PendingEntry, script: TransactionScript): OnItsWay {
    const nowMs = world.clock.nowMs();
    const waits = isDurable(!isFollowed(index), nowMs - durableMs);
    if (waits) durableMs = nowMs;
    const { record, reset } = prepared.for(script, isFollowed(index));
    const turn = isFollowed(index) ? crypto.randomUUID() : undefined;
    const convoy = {
      turn: handedOn,
      next: index + 1 < plan.length ? { turn, reset } : undefined,
      isDurable: waits,
      record,
    };
    handedOn = turn;
    doubts.set(entry.version, { entry, startMs: nowMs });
    const lockTimeoutMs = entry.migration.directives.lockTimeoutMs ?? attemptLimitMs(1);
    return { index, ...launch(cargoOf(script), context, lockTimeoutMs, convoy) };
  }
}
