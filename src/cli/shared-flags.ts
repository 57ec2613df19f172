import { succeed } from "../core/result.ts";
import { defaultTracker, parseTracker } from "../core/tracker.ts";
import type { Flags } from "./flags.ts";

/** What several commands read in the same way. */
export function readTracker(flags: Flags): ReturnType<typeof parseTracker> {
  const text = flags.text("tracker");
  return text === undefined ? succeed(defaultTracker) : parseTracker(text);
}

export const fiveMinutesMs = 300_000;
