/** The flags of `verify`: which of its ways to rehearse is meant, and what contradicts it. */
import { type Result, refuse, succeed } from "../core/result.ts";
import type { DatabaseTarget } from "../core/target.ts";
import type { Method } from "../core/verdict.ts";
import type { AppliedFrom, VerifyRequest } from "../request.ts";
import { type DatabaseSources, parseDatabaseUrl } from "./database-url.ts";
import { type Flags, usage } from "./flags.ts";
import { checksumModes, poolerModes } from "./options/shared.ts";
import { fiveMinutesMs, readRoles, readTestTarget, readTracker } from "./shared-flags.ts";

export function readVerify(
  folder: string | undefined,
  flags: Flags,
  sources: Omit<DatabaseSources, "flag">,
): Result<VerifyRequest> {
  const tracker = readTracker(flags);
  const target = readTestTarget(flags, sources);
  if (!tracker.ok) return tracker;
  if (!target.ok) return target;
  const method = readMethod(target.value, flags);
  if (!method.ok) return method;
  const appliedFrom = readAppliedFrom(method.value, flags, sources);
  if (!appliedFrom.ok) return appliedFrom;
  const isShared = flags.has("shared");
  return succeed({
    command: "verify",
    folder,
    method: method.value,
    engine: target.value?.engine ?? "pglite",
    target: method.value === "embedded" ? undefined : target.value,
    appliedFrom: appliedFrom.value,
    tracker: tracker.value,
    connectTimeoutMs: flags.durationMs("connect-timeout", 5000),
    pooler: flags.oneOf("pooler", poolerModes, "auto"),
    lockWaitMs: flags.durationMs("lock-wait", fiveMinutesMs),
    checksums: flags.oneOf("checksums", checksumModes, "warn"),
    newHere: flags.has("new-here"),
    others: isShared ? "shared" : "refused",
    timeLimitMs: flags.optionalMs("time-limit") ?? (isShared ? sharedLimitMs : undefined),
    stuckAfterMs: flags.durationMs("stuck-after", 60_000),
    strict: flags.has("strict"),
    ownsServer: flags.has("scratch-owns-server"),
    roles: readRoles(flags),
    junit: flags.text("junit"),
  });
}

function readMethod(target: DatabaseTarget | undefined, flags: Flags): Result<Method> {
  const given = (names: readonly string[]): string | undefined =>
    names.find((name) => flags.has(name));
  const isEmpty =
    target === undefined || (target.engine === "pglite" && target.folder === undefined);
  const forServer = given(["isolated", "scratch", "shared"]);
  if (isEmpty && forServer !== undefined) {
    return usage(
      `--${forServer} needs a database`,
      "give --database-url, or set TEST_DATABASE_URL; without one verify runs from empty",
    );
  }
  if (!isEmpty && target.engine === "pglite") {
    return usage(
      "verify does not rehearse on a folder of PGlite, where nothing could stop it",
      "without a database everything runs from empty; for data, give a server's copy",
    );
  }
  if (flags.has("isolated") && flags.has("scratch")) {
    return usage("--isolated and --scratch contradict each other", "give one of them");
  }
  if (flags.has("scratch-owns-server") && !flags.has("scratch")) {
    return usage("--scratch-owns-server goes with --scratch", hint);
  }
  if (!isEmpty && flags.text("roles") !== undefined) {
    return usage("--roles is for the embedded Postgres", "a server has its roles already");
  }
  if (isEmpty) return succeed("embedded");
  if (flags.has("scratch")) return succeed("scratch");
  return succeed(flags.has("isolated") ? "isolated" : "rolled back");
}

/** A URL, git:REF, or a file: its text is read here, as that of every file that a flag names. */
function readAppliedFrom(
  method: Method,
  flags: Flags,
  sources: Omit<DatabaseSources, "flag">,
): Result<AppliedFrom | undefined> {
  const text = flags.text("applied-from");
  if (text === undefined) return succeed(undefined);
  if (method !== "embedded" && method !== "scratch") {
    return usage(
      "--applied-from is for a database that is empty: this one has a tracker of its own",
      "leave out --database-url, or give --scratch",
    );
  }
  if (text.startsWith("git:")) {
    const ref = text.slice("git:".length);
    return ref === ""
      ? usage("--applied-from git: needs a commit", "for example: --applied-from git:origin/main")
      : succeed({ kind: "git", ref });
  }
  if (/^(?:postgres|postgresql|pglite):/.test(text)) {
    const { HOME } = sources.environment;
    const own = { ...sources, environment: { HOME } };
    const target = parseDatabaseUrl(text, "--applied-from", own);
    return target.ok ? succeed({ kind: "database", target: target.value }) : target;
  }
  const written = sources.readFile(text);
  // A URL or words for libpq, misspelt, may hold a password.
  const source = /[@=]|\/\/|password/i.test(text) ? "what is not shown" : text;
  return written === undefined
    ? refuse({ code: "bad-applied-from", source, message: "there is no such file" })
    : succeed({ kind: "status", path: text, text: written });
}

const sharedLimitMs = 30_000;
const hint = "`lacuna verify --help` shows where it can run";
