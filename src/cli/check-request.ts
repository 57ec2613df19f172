/** The flags of `check`. Its rehearsal needs no database, and so has no other choice. */
import { type Result, succeed } from "../core/result.ts";
import type { CheckRequest } from "../request.ts";
import { type Flags, usage } from "./flags.ts";
import { fiveMinutesMs, readRoles, readTracker } from "./shared-flags.ts";

export function readCheck(folder: string | undefined, flags: Flags): Result<CheckRequest> {
  const tracker = readTracker(flags);
  if (!tracker.ok) return tracker;
  const base = flags.text("base");
  if (base === undefined) {
    return usage(
      "`lacuna check` needs --base: what it will be merged into",
      "for example: lacuna check --base origin/main",
    );
  }
  return succeed({
    command: "check",
    folder,
    base,
    head: flags.text("head"),
    method: "embedded",
    engine: "pglite",
    tracker: tracker.value,
    connectTimeoutMs: 5000,
    pooler: "auto",
    lockWaitMs: fiveMinutesMs,
    checksums: "warn",
    newHere: false,
    others: "refused",
    timeLimitMs: undefined,
    stuckAfterMs: flags.durationMs("stuck-after", 60_000),
    strict: flags.has("strict"),
    ownsServer: false,
    roles: readRoles(flags),
    junit: flags.text("junit"),
  });
}
