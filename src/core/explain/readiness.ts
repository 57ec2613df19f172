import { formatDuration } from "../duration.ts";
import type { Difference } from "../entry.ts";
import type { ReadinessProblem } from "../problem.ts";
import { type Explanations, listed } from "./explanation.ts";

export const readiness = (): Explanations<ReadinessProblem> => ({
  "not-exactly-the-set": (problem) => ({
    title: `What is applied is not exactly the set: ${differencesInWords(problem.differences)}`,
    hint: "`lacuna status` shows every version; is this database another set's, or does a migration write to the tracker?",
    exitCode: 3,
  }),
  "applied-twice": (problem) => ({
    title: `A second \`up\` was to do nothing, and applied ${listed(problem.ids)}`,
    hint: "is somebody else writing to this database or its tracker? run `lacuna smoke` against one of its own",
    exitCode: 3,
  }),
  "no-healthz": (problem) => ({
    title: `GET ${problem.url} did not answer as it should: ${problem.message}`,
    hint: "may a program here listen on 127.0.0.1, and connect to itself?",
    exitCode: 3,
  }),
  "wait-timed-out": (problem) => ({
    title:
      problem.unreadable === undefined
        ? `Waited ${formatDuration(problem.waitedMs)} for ${problem.target}, and these are not applied: ${differencesInWords(problem.awaited)}`
        : `Waited ${formatDuration(problem.waitedMs)} in vain: ${problem.unreadable}`,
    hint: "is `lacuna up` running somewhere, and did it fail? --timeout sets for how long to wait",
    exitCode: 3,
  }),
  "cannot-listen": (problem) => ({
    title: `Cannot listen on ${problem.address}: ${problem.message}`,
    hint: "choose another port with --port (0 is any that is free), another address with --host",
    exitCode: 2,
  }),
});

/** `004_d (gap), 007_g (pending) and 12 more`. JSON has all of them. */
export function differencesInWords(differences: readonly Difference[]): string {
  const named = differences.slice(0, mostNamed).map(({ id, state }) => `${id} (${state})`);
  const others = differences.length - named.length;
  return others === 0 ? listed(named) : `${listed(named)} and ${others} more`;
}

const mostNamed = 20;
