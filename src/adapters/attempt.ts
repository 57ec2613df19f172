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
 * Calls back when the time is over, and not before what has arrived meanwhile was read: a process
 * that was stopped, or had no processor, does not blame the server for it. It keeps no process alive.
 */
function timeLimit(milliseconds: number, onOver: () => void): () => void {
  let timer = setTimeout(() => {
    timer = setTimeout(onOver, graceMs);
    timer.unref();
  }, milliseconds);
  timer.unref();
  return () => {
    clearTimeout(timer);
  };
}

const graceMs = 50;
