import type { Interruption } from "../ports.ts";

type Signal = "SIGINT" | "SIGTERM";

/** What of the process is needed. */
interface Signalled {
  on(signal: Signal, listener: (signal: Signal) => void): unknown;
  exit(code: number): never;
}

/**
 * The first signal asks whoever listens to come to an end; with nobody listening, or a second
 * time, it ends the process. Handlers are needed at all because PID 1 of a container has none
 * by default, and ignores what it does not handle.
 */
export function watchSignals(self: Signalled): Interruption {
  const callbacks = new Set<() => void>();
  let received: Interruption["signal"];
  const onSignal = (signal: Signal): void => {
    if (received !== undefined || callbacks.size === 0) self.exit(signal === "SIGINT" ? 130 : 143);
    received = signal;
    for (const callback of callbacks) callback();
  };
  self.on("SIGINT", onSignal);
  self.on("SIGTERM", onSignal);
  return {
    get signal() {
      return received;
    },
    onSignal(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
  };
}
