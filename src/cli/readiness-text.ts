/** What `smoke`, `wait` and `serve` tell, as lines for people. */
import type { Event } from "../events.ts";
import type { Outcome, SmokeOutcome } from "../outcome.ts";
import { count } from "./words.ts";

type ReadinessEvent = Extract<
  Event,
  { readonly kind: "waiting-for-migrations" | "listening" | "migrated" | "readiness" }
>;

export function readinessEventLine(event: ReadinessEvent): string {
  switch (event.kind) {
    case "waiting-for-migrations":
      return `waiting: ${event.reason}`;
    case "listening":
      return `listening on ${event.url} (/healthz, /readyz, /metrics)`;
    case "migrated":
      return event.applied === 0 ? "nothing to do" : `${count(event.applied, "migration")} applied`;
    case "readiness":
      return `${event.ready}: ${event.reason}`;
  }
}

export function readyLine({
  database,
  count: number,
}: Extract<Outcome, { kind: "ready" }>): string {
  return `ready: ${database} has every migration of the set (${count(number, "migration")})`;
}

export function smokeLines({ database, steps, problems }: SmokeOutcome): readonly string[] {
  const width = Math.max(...steps.map(({ result }) => result.length));
  const lines = steps.map(
    ({ name, result, found }) =>
      `${result.padEnd(width)}  ${name}${found === "" ? "" : `: ${found}`}`,
  );
  return [...lines, `smoke ${problems.length === 0 ? "passed" : "failed"} on ${database}`];
}
