import type { Interruption } from "../ports.ts";

/** An interruption that comes by itself when the time is over: everything ends as on a signal. */
export interface Deadline extends Interruption {
  readonly isReached: boolean;
  /** Ends everything now, as if the time were over. */
  reach(): void;
  /** No timer may keep the process alive. */
  end(): void;
}

export function withDeadline(interruption: Interruption, limitMs: number | undefined): Deadline {
  const callbacks = new Set<() => void>();
  let isReached = false;
  const timer =
    limitMs === undefined
      ? undefined
      : setTimeout(() => {
          deadline.reach();
        }, limitMs);
  const deadline: Deadline = {
    reach() {
      isReached = true;
      for (const callback of callbacks) callback();
    },
    get isReached() {
      return isReached && interruption.signal === undefined;
    },
    get signal() {
      return interruption.signal ?? (isReached ? "SIGTERM" : undefined);
    },
    onSignal(callback) {
      callbacks.add(callback);
      const stopListening = interruption.onSignal(callback);
      return () => {
        callbacks.delete(callback);
        stopListening();
      };
    },
    end() {
      clearTimeout(timer);
    },
  };
  return deadline;
}
