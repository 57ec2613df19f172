/**
 * What has happened and may not be said yet: a COMMIT that was acknowledged before it was on disk. A
 * crash takes such transactions back, each with its row, the last ones first; so nothing is said of
 * them until something behind them is durable (research: mechanisms, M9).
 */
import type { Event } from "../events.ts";
import { barrier, barrierByTable } from "../ledger/barrier.ts";
import { type Reporter, type Session, SqlError } from "../ports.ts";
import type { Doubts } from "./context.ts";

export interface Stage extends Reporter {
  /** Keeps an event until `release`, and all that follow. */
  hold(event: Event): void;
  /** What happened up to now is durable where it gives true: it is said, and in doubt no more. */
  releaseIf(isDurable: () => Promise<boolean>): Promise<void>;
  /** Everything so far is durable. */
  release(): void;
  /** Makes everything so far durable where it is not. @throws SqlError */
  settle(session: Session): Promise<void>;
  /** The end. Where the connection is lost, what was applied is found out anew; all else is said. */
  abandon(): void;
}

export function newStage(reporter: Reporter, doubts: Doubts): Stage {
  const held: Event[] = [];
  /** Events that were held so far, those that are told by now included. */
  let heldEver = 0;
  const keep = (event: Event): void => {
    held.push(event);
    heldEver++;
  };
  const release = (upTo = heldEver): void => {
    for (const event of held.splice(0, held.length - (heldEver - upTo))) {
      if (event.kind === "applied") doubts.delete(event.migration.version);
      reporter.report(event);
    }
  };
  return {
    report(event) {
      if (held.length > 0) keep(event);
      else reporter.report(event);
    },
    hold(event) {
      const doubt = event.kind === "applied" ? doubts.get(event.migration.version) : undefined;
      if (doubt !== undefined) doubt.isAcknowledged = true;
      keep(event);
    },
    async releaseIf(isDurable) {
      const upTo = heldEver;
      if (held.length > 0 && (await isDurable())) release(upTo);
    },
    release() {
      release();
    },
    async settle(session) {
      if (held.length === 0) return;
      await raiseBarrier(session);
      release();
    },
    abandon() {
      for (const event of held.splice(0)) if (event.kind !== "applied") reporter.report(event);
    },
  };
}

/** A signal has whatever runs cancelled, again and again: this is asked again too. */
export async function raiseBarrier(session: Session): Promise<void> {
  let script = barrier;
  for (let attempt = 1; ; attempt++) {
    try {
      await session.run(script);
      return;
    } catch (error) {
      if (!(error instanceof SqlError) || error.kind !== "server" || attempt === mostAttempts)
        throw error;
      if (error.server.code === queryCanceled) continue;
      if (script === barrierByTable) throw error;
      script = barrierByTable;
    }
  }
}

const queryCanceled = "57014";
const mostAttempts = 20;
