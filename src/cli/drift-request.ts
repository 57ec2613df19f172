/** The flags of `drift`. */
import { shown } from "../core/quote.ts";
import { type Result, succeed } from "../core/result.ts";
import type { ServerTarget } from "../core/target.ts";
import type { DriftRequest } from "../request.ts";
import { type DatabaseSources, findDatabase, parseDatabaseUrl } from "./database-url.ts";
import { type Flags, usage } from "./flags.ts";
import { poolerModes } from "./options/shared.ts";
import { readRoles, readTracker } from "./shared-flags.ts";

type Sources = Omit<DatabaseSources, "flag">;

export function readDrift(
  folder: string | undefined,
  flags: Flags,
  sources: Sources,
): Result<DriftRequest> {
  const tracker = readTracker(flags);
  const scratchOn = readScratch(flags, sources);
  const target = findDatabase({ ...sources, flag: flags.text("database-url") });
  if (!tracker.ok) return tracker;
  if (!scratchOn.ok) return scratchOn;
  if (!target.ok) return target;
  const roles = readRoles(flags);
  if (scratchOn.value !== undefined && roles.length > 0) {
    return usage("--roles is for the embedded Postgres", "a server has its roles already");
  }
  const ignore = flags.texts("ignore");
  const odd = ignore.find((pattern) => !/^\S.* \S/s.test(pattern));
  if (odd !== undefined) {
    const hint = "a pattern is a kind and a name, as drift prints them: 'index public.tmp_*'";
    return usage(`The flag --ignore takes 'kind name', and ${shown(odd)} is not that`, hint);
  }
  return succeed({
    command: "drift",
    folder,
    target: target.value,
    tracker: tracker.value,
    connectTimeoutMs: flags.durationMs("connect-timeout", 5000),
    scratchOn: scratchOn.value,
    pooler: flags.oneOf("pooler", poolerModes, "auto"),
    stuckAfterMs: flags.durationMs("stuck-after", 60_000),
    roles,
    grants: flags.has("grants"),
    ignore,
  });
}

/** Nothing of it comes from the variables that name the database to look at. */
function readScratch(flags: Flags, sources: Sources): Result<ServerTarget | undefined> {
  const text = flags.text("scratch-on");
  if (text === undefined) return succeed(undefined);
  const { HOME } = sources.environment;
  const parsed = parseDatabaseUrl(text, "--scratch-on", { ...sources, environment: { HOME } });
  if (!parsed.ok) return parsed;
  return parsed.value.engine === "server"
    ? succeed(parsed.value)
    : usage("--scratch-on takes a server's URL", "without it an embedded Postgres is used");
}
