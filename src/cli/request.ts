/** argv and environment → Request: every value becomes a type that cannot be wrong. */
import { shown } from "../core/quote.ts";
import { type Result, refuse, succeed } from "../core/result.ts";
import type { MarkChange } from "../core/marking.ts";
import { parseVersion } from "../core/version.ts";
import type { DatabaseRequest, OutputMode, Request, Talk } from "../request.ts";
import { type DatabaseSources, findDatabase } from "./database-url.ts";
import { Flags, parseFlags, usage } from "./flags.ts";
import { helpText } from "./help.ts";
import { commands } from "./options.ts";
import { fiveMinutesMs, readTracker } from "./shared-flags.ts";
import { readVerify } from "./verify-request.ts";

export interface Invocation {
  readonly request: Request;
  readonly output: OutputMode;
  readonly talk: Talk;
  readonly color: boolean;
}

export function readRequest(
  argv: readonly string[],
  sources: Omit<DatabaseSources, "flag">,
): Result<Invocation> {
  const [first] = argv;
  if (first === "--version" || first === "-v" || first === "version") {
    const rest = argv.slice(1).filter((word) => word !== "--json");
    if (rest.length > 0)
      return usage(`Unknown flag ${rest[0]}`, "--version goes alone, or with --json");
    return invocation({ command: "version" }, new Flags({ json: argv.includes("--json") }));
  }
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    const named = commands.find((one) => one.name === argv[1]);
    if (argv[1] !== undefined && named === undefined) return unknownCommand(argv[1]);
    return invocation({ command: "help", text: helpText(named) }, new Flags({}));
  }
  const command = commands.find((one) => one.name === first);
  if (command === undefined) return unknownCommand(first);
  const parsed = parseFlags(command, argv.slice(1));
  if (!parsed.ok) return parsed;
  const { flags, args } = parsed.value;
  if (flags.has("help")) return invocation({ command: "help", text: helpText(command) }, flags);
  const request = requestOf(command.name, args, flags, sources);
  const invoked = request.ok ? invocation(request.value, flags) : request;
  // Asked last: each flag that is read, by invocation() too, may have added one.
  return flags.problems.length > 0 ? refuse(...flags.problems) : invoked;
}

function unknownCommand(word: string): ReturnType<typeof usage> {
  return usage(
    word.startsWith("-")
      ? `The command stands in front of its flags: ${word} is none`
      : `Unknown command ${shown(word)}`,
    `commands are ${commands.map((one) => one.name).join(", ")}; \`lacuna --help\` shows them`,
  );
}

function invocation(request: Request, flags: Flags): Result<Invocation> {
  if (flags.has("quiet") && flags.has("verbose")) {
    return usage("--quiet and --verbose contradict each other", "give one of them");
  }
  return succeed({
    request,
    output: flags.has("json") ? "json" : "text",
    talk: flags.has("quiet") ? "quiet" : flags.has("verbose") ? "verbose" : "normal",
    color: !flags.has("no-color"),
  });
}

function requestOf(
  name: string,
  args: readonly string[],
  flags: Flags,
  sources: Omit<DatabaseSources, "flag">,
): Result<Request> {
  const folder = flags.text("migrations");
  switch (name) {
    case "show": {
      const tracker = readTracker(flags);
      if (!tracker.ok) return tracker;
      const direction = flags.has("down") ? "down" : "up";
      const [version = ""] = args;
      if (parseVersion(version) === undefined)
        return usage(`${shown(version)} is no version`, versionHint);
      return succeed({
        command: "show",
        folder,
        version,
        direction,
        tracker: tracker.value,
      });
    }
    case "new":
      return succeed({
        command: "new",
        folder,
        name: args[0] ?? "",
        numbering: flags.has("timestamp") ? "timestamp" : "next",
      });
    default:
  }
  const marked = name === "mark" ? args.slice(1) : [];
  const noVersion = [flags.text("to"), flags.text("up-to"), ...marked].find(
    (text) => text !== undefined && parseVersion(text) === undefined,
  );
  if (noVersion !== undefined) return usage(`${shown(noVersion)} is no version`, versionHint);
  if (name === "verify") return readVerify(folder, flags, sources);
  const database = readDatabase(name, folder, flags, sources);
  switch (name) {
    case "status":
      return map(database, (common) => ({
        command: "status",
        ...common,
        check: flags.has("check"),
      }));
    case "mark": {
      const change = readMark(args, flags);
      if (!change.ok) return change;
      const lockWaitMs = flags.durationMs("lock-wait", fiveMinutesMs);
      return map(database, (common) => ({
        command: "mark",
        ...common,
        lockWaitMs,
        change: change.value,
      }));
    }
    default: {
      const policy = {
        to: flags.text("to"),
        checksums: flags.oneOf("checksums", ["warn", "enforce", "off"], "warn"),
        unknown: flags.has("strict") ? "refuse" : "warn",
        newHere: flags.has("new-here"),
      } as const;
      const lockWaitMs = flags.durationMs("lock-wait", fiveMinutesMs);
      const lockRetryForMs = flags.durationMs("lock-retry-for", fiveMinutesMs);
      return map(database, (common) =>
        name === "plan" || flags.has("dry-run")
          ? { command: "plan", ...common, ...policy }
          : { command: "up", ...common, ...policy, lockWaitMs, lockRetryForMs },
      );
    }
  }
}

function readDatabase(
  name: string,
  folder: string | undefined,
  flags: Flags,
  sources: Omit<DatabaseSources, "flag">,
): Result<DatabaseRequest> {
  const tracker = readTracker(flags);
  const target = findDatabase({ ...sources, flag: flags.text("database-url") });
  // A person who asks for a status wants an answer; an init container waits for its database.
  const connectTimeoutMs = flags.durationMs("connect-timeout", name === "up" ? 60_000 : 5000);
  if (!tracker.ok) return tracker;
  if (!target.ok) return target;
  return succeed({ folder, target: target.value, tracker: tracker.value, connectTimeoutMs });
}

function readMark(args: readonly string[], flags: Flags): Result<MarkChange> {
  const [state = "", ...versions] = args;
  const upTo = flags.text("up-to");
  const allAdopted = flags.has("all-adopted");
  const isMisused =
    (upTo !== undefined && (state !== "applied" || versions.length > 0)) ||
    (allAdopted && (state !== "changed" || versions.length > 0));
  if (isMisused) {
    return usage(
      "--up-to goes with `mark applied` alone, --all-adopted with `mark changed` alone",
      markHint,
    );
  }
  const needsVersions = upTo === undefined && !allAdopted;
  if (needsVersions && versions.length === 0)
    return usage(`\`mark ${state}\` needs a version`, markHint);
  switch (state) {
    case "applied":
      return succeed(upTo === undefined ? { to: "applied", versions } : { to: "applied", upTo });
    case "pending":
    case "renamed":
      return succeed({ to: state, versions });
    case "changed":
      return succeed({ to: "changed", versions: allAdopted ? "all adopted" : versions });
    case "renumbered": {
      const [from = "", version = ""] = versions;
      return versions.length === 2
        ? succeed({ to: "renumbered", from, version })
        : usage("`mark renumbered` takes the old and the new version", markHint);
    }
    default:
      return usage(`Unknown state ${shown(state)}`, markHint);
  }
}

function map<T>(result: Result<T>, then: (value: T) => Request): Result<Request> {
  return result.ok ? succeed(then(result.value)) : result;
}

const versionHint = "a version is the number in front of a file's name";
const markHint = "`lacuna mark --help` shows the states";
