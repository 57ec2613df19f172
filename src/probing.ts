/** /healthz, /readyz and /metrics over one database, however many ask, and however often. */
import { formatDuration } from "./core/duration.ts";
import { metricsAnswer } from "./core/metrics.ts";
import {
  type Build,
  type Finding,
  healthAnswer,
  notAllowed,
  notFound,
  readyAnswer,
  routeOf,
} from "./core/probes.ts";
import type { Clock, HttpHandler } from "./ports.ts";

export function probeHandler(build: Build, find: () => Promise<Finding>): HttpHandler {
  return async (method, path) => {
    switch (routeOf(method, path)) {
      case "healthz":
        return healthAnswer(build);
      case "readyz":
        return readyAnswer(await find(), build);
      case "metrics":
        return metricsAnswer(await find(), build);
      case "not found":
        return notFound();
      case "not allowed":
        return notAllowed();
    }
  };
}

/**
 * Those who ask at the same time share one reading, and an answer younger than a second is given
 * again: neither a probe every second nor a stampede is felt by the database. Nobody waits for
 * longer than the limit, whatever the reading does.
 */
export function sharedFinding(
  clock: Clock,
  limitMs: number,
  find: () => Promise<Finding>,
): () => Promise<Finding> {
  let running: Promise<Finding> | undefined;
  let last: { readonly finding: Finding; readonly atMs: number } | undefined;
  const findAnew = async (): Promise<Finding> => {
    try {
      const finding = await find();
      last = { finding, atMs: clock.nowMs() };
      return finding;
    } finally {
      running = undefined;
    }
  };
  const late = async (): Promise<Finding> => {
    await clock.sleep(limitMs);
    const message = `no answer within ${formatDuration(limitMs)}`;
    return {
      kind: "unreadable",
      problems: [{ code: "connection-lost", doing: "reading the tracker", message }],
    };
  };
  return () => {
    if (last !== undefined && clock.nowMs() - last.atMs < freshMs) {
      return Promise.resolve(last.finding);
    }
    running ??= findAnew();
    return Promise.race([running, late()]);
  };
}

const freshMs = 1000;
