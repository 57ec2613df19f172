import { pollMs } from "../core/retry.ts";
import { readinessOf } from "../core/probes.ts";
import { awaited, isReady } from "../core/standing.ts";
import type { Problem, Signal } from "../core/problem.ts";
import { explain } from "../core/explain/explain.ts";
import type { Outcome } from "../outcome.ts";
import { deferred } from "../deferred.ts";
import { Refusal, type World } from "../ports.ts";
import { readSet } from "../read-set.ts";
import { type Reading, readStanding } from "../reading.ts";
import type { WaitRequest } from "../request.ts";

/**
 * Blocks until the database has every migration of the set: for programs that start while a Job
 * migrates. It reads, and changes nothing; a database that is not there yet is waited for too.
 */
export async function wait(world: World, request: WaitRequest): Promise<Outcome> {
  const { clock, database, interruption, reporter } = world;
  const { tracker, timeoutMs } = request;
  const set = await readSet(world.source, reporter);
  // A server that takes the connection and says nothing does not hold up the end.
  const { promise: signalled, resolve: stop } = deferred<Signal>();
  const stopListening = interruption.onSignal(() => {
    if (interruption.signal !== undefined) stop(interruption.signal);
  });
  const startMs = clock.nowMs();
  let told = "";
  try {
    for (let attempt = 1; ; attempt++) {
      const leftMs = timeoutMs - (clock.nowMs() - startMs);
      const limitMs = Math.min(Math.max(leftMs, shortestLookMs), longestLookMs);
      const look = readStanding(world, { tracker, limitMs }, set);
      const reading = await Promise.race([look, signalled]);
      if (typeof reading === "string") return { kind: "stopped", signal: reading };
      const refusal = refusalIn(reading);
      if (refusal !== undefined) throw new Refusal(refusal);
      if (reading.kind === "read" && isReady(reading.standing)) {
        return { kind: "ready", count: set.size, database: database.label };
      }

      const { reason } = readinessOf(reading);
      if (reason !== told) {
        const missing = reading.kind === "read" ? awaited(reading.standing) : [];
        reporter.report({ kind: "waiting-for-migrations", awaited: missing, reason });
        told = reason;
      }
      const waitedMs = Math.round(clock.nowMs() - startMs);
      if (waitedMs >= timeoutMs) throw new Refusal(timedOut(reading, database.label, waitedMs));
      // The last look is taken when the time is over, and not a pause before.
      await clock.sleep(Math.min(pollMs(attempt, clock.random()), timeoutMs - waitedMs));
    }
  } finally {
    stopListening();
  }
}

/** What waiting does not mend: a wrong password, no such database, a history that contradicts itself. */
function refusalIn(reading: Reading): readonly Problem[] | undefined {
  if (reading.kind === "unreadable") {
    return reading.how === "refused" ? reading.problems : undefined;
  }
  const { contradictions } = reading.standing;
  return contradictions.length > 0 ? contradictions : undefined;
}

function timedOut(reading: Reading, target: string, waitedMs: number): readonly Problem[] {
  if (reading.kind === "unreadable") {
    const unreadable = reading.problems.map((problem) => explain(problem).title).join("; ");
    return [{ code: "wait-timed-out", target, waitedMs, unreadable, awaited: [] }];
  }
  const missing = awaited(reading.standing);
  return [
    { code: "wait-timed-out", target, waitedMs, unreadable: undefined, awaited: missing },
    // Why nobody's `up` gets on with it.
    ...reading.problems,
  ];
}

/** The last look too is given the time that a busy server needs. */
const shortestLookMs = 2000;
const longestLookMs = 15_000;
