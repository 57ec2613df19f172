/** What several commands read in the same way. */
import { type Result, refuse, succeed } from "../core/result.ts";
import type { DatabaseTarget } from "../core/target.ts";
import { defaultTracker, parseTracker } from "../core/tracker.ts";
import { type DatabaseSources, findTestDatabase } from "./database-url.ts";
import type { Flags } from "./flags.ts";

export function readTracker(flags: Flags): ReturnType<typeof parseTracker> {
  const text = flags.text("tracker");
  return text === undefined ? succeed(defaultTracker) : parseTracker(text);
}

export function readRoles(flags: Flags): readonly string[] {
  const roles = (flags.text("roles") ?? "").split(",").map((role) => role.trim());
  return roles.filter((role) => role !== "");
}

/** Undefined where none is named, and --require-database does not ask for one. */
export function readTestTarget(
  flags: Flags,
  sources: Omit<DatabaseSources, "flag">,
): Result<DatabaseTarget | undefined> {
  const found = findTestDatabase({ ...sources, flag: flags.text("database-url") });
  const isMissing = found.ok && found.value === undefined && flags.has("require-database");
  return isMissing ? refuse({ code: "no-test-database" }) : found;
}

export const fiveMinutesMs = 300_000;
