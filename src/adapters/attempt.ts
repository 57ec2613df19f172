/** An attempt to come to a session: a time limit ends it, and a signal to the process does. */
import { deferred } from "../deferred.ts";
import { type Interruption, SqlError } from "../ports.ts";

export interface Attempt {
  /** Aborted when the attempt is over, with the SqlError that race() rejects with. */
  readonly signal: AbortSignal;
  /** What the work gives, or the SqlError of kind `refused` that says why nobody waits for it. */
  race<T>(work: Promise<T>): Promise<T>;
  /** It has come to its end: from now on nothing ends it. */
  end(): void;
}

export function newAttempt(timeoutMs: number, interruption: Interruption | undefined): Attempt {
  const controller = new AbortController();
  const { promise: over, reject } = deferred<never>();
  // Nobody may be waiting for it.
  over.catch(() => undefined);
  const fail = (code: string, message: string): void => {
    const error = new SqlError("refused", { severity: "FATAL", code, message });
    controller.abort(error);
    reject(error);
  };
  const endLimit = timeLimit(timeoutMs, () => {
    fail("ETIMEDOUT", `no answer within ${timeoutMs} ms`);
  });
  const stopListening = interruption?.onSignal(() => {
    fail("INTERRUPTED", "interrupted");
  });
  return {
    signal: controller.signal,
    race: (work) => Promise.race([work, over]),
    end() {
      endLimit();
      stopListening?.();
    },
  };
}

/**
 * Calls back when the time is over. A process that stood still (stopped, without a processor, busy
 * with something else) does not blame the server for it: that time does not count, and what has
 * arrived meanwhile is read first. It keeps no process alive.
 */
function timeLimit(milliseconds: number, onOver: () => void): () => void {
  let leftMs = milliseconds;
  let timer: NodeJS.Timeout;
  const step = (): void => {
    const stepMs = Math.min(longestStepMs, leftMs);
    timer = setTimeout(() => {
      leftMs -= stepMs;
      if (leftMs > 0) step();
      else onOver();
    }, stepMs);
    timer.unref();
  };
  step();
  return () => {
    clearTimeout(timer);
  };
}

const longestStepMs = 200;
