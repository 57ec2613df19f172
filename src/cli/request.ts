/** argv and environment → Request: every value becomes a type that cannot be wrong. */
import { shown } from "../core/quote.ts";
import { type Result, refuse, succeed } from "../core/result.ts";
import type { MarkChange } from "../core/marking.ts";
import { platforms } from "../core/platform.ts";
import type { DatabaseTarget } from "../core/target.ts";
import { parseVersion } from "../core/version.ts";
import type { OutputMode, PolicyRequest, Request, Talk, TargetRequest } from "../request.ts";
import { type DatabaseSources, findDatabase } from "./database-url.ts";
import { readCheck } from "./check-request.ts";
import { readDrift } from "./drift-request.ts";
import { Flags, parseFlags, usage } from "./flags.ts";
import { helpText } from "./help.ts";
import { commandNamed, commandNames } from "./options.ts";
import { shells } from "./options/completion.ts";
import { markStates } from "./options/mark.ts";
import { flagsWithUp } from "./options/serve.ts";
import { checksumModes, poolerModes } from "./options/shared.ts";
import { fiveMinutesMs, readTestTarget, readTracker } from "./shared-flags.ts";
import { readVerify } from "./verify-request.ts";

export interface Invocation {
  readonly request: Request;
  readonly output: OutputMode;
  readonly talk: Talk;
  readonly color: boolean;
}

export function readRequest(argv: readonly string[], sources: Sources): Result<Invocation> {
  const [first] = argv;
  if (first === "--version" || first === "-v" || first === "version") {
    const rest = argv.slice(1).filter((word) => word !== "--json");
    if (rest.length > 0)
      return usage(`Unknown flag ${rest[0]}`, "--version goes alone, or with --json");
    return invocation({ command: "version" }, new Flags({ json: argv.includes("--json") }));
  }
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    const named = argv[1] === undefined ? undefined : commandNamed(argv[1]);
    if (argv[1] !== undefined && named === undefined) return unknownCommand(argv[1]);
    return invocation({ command: "help", text: helpText(named) }, new Flags({}));
  }
  const command = commandNamed(first);
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
    `commands are ${commandNames().join(", ")}; \`lacuna --help\` shows them`,
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
  sources: Sources,
): Result<Request> {
  const folder = flags.text("migrations");
  switch (name) {
    case "show":
      return readShow(folder, args, flags);
    case "build":
      return readBuild(folder, flags);
    case "new":
      return succeed({
        command: "new",
        folder,
        name: args[0] ?? "",
        numbering: flags.has("timestamp") ? "timestamp" : "next",
      });
    case "check":
      return readCheck(folder, flags);
    case "renumber":
      return succeed({ command: "renumber", folder, old: args[0] ?? "", wanted: args[1] });
    case "completion": {
      const shell = shells.find((one) => one === args[0]);
      return shell === undefined
        ? usage(`Unknown shell ${shown(args[0] ?? "")}`, `shells are ${shells.join(", ")}`)
        : succeed({ command: "completion", shell });
    }
    case "man":
      return succeed({ command: "man" });
    default:
  }
  const marked = name === "mark" ? args.slice(1) : [];
  const noVersion = [flags.text("to"), flags.text("up-to"), ...marked].find(
    (text) => text !== undefined && parseVersion(text) === undefined,
  );
  if (noVersion !== undefined) return usage(`${shown(noVersion)} is no version`, versionHint);
  if (name === "drift") return readDrift(folder, flags, sources);
  if (name === "verify") return readVerify(folder, flags, sources);
  // Everything is read before anything is refused, so that one run tells all that is wrong.
  const target = name === "smoke" ? testTarget(flags, sources) : findDatabaseOf(flags, sources);
  const tracker = readTracker(flags);
  const request = databaseRequestOf(name, args, flags);
  if (!request.ok) return request;
  if (!tracker.ok) return tracker;
  if (!target.ok) return target;
  return succeed(request.value({ folder, target: target.value, tracker: tracker.value }));
}

function readShow(
  folder: string | undefined,
  args: readonly string[],
  flags: Flags,
): Result<Request> {
  const tracker = readTracker(flags);
  if (!tracker.ok) return tracker;
  const direction = flags.has("down") ? "down" : "up";
  const [version = ""] = args;
  if (parseVersion(version) === undefined)
    return usage(`${shown(version)} is no version`, versionHint);
  return succeed({ command: "show", folder, version, direction, tracker: tracker.value });
}

function readBuild(folder: string | undefined, flags: Flags): Result<Request> {
  const out = flags.text("out");
  const target = flags.text("target");
  const platform = platforms.find((one) => one === target);
  const hint = "for example: lacuna build --migrations ./migrations --out migrator";
  if (folder === undefined)
    return usage("`lacuna build` needs --migrations: what is to be inside", hint);
  if (out === undefined) return usage("`lacuna build` needs --out: where it is to be", hint);
  if (target !== undefined && platform === undefined)
    return usage(`Unknown target ${shown(target)}`, `targets are ${platforms.join(", ")}`);
  return succeed({ command: "build", folder, out, platform, runtime: flags.text("runtime") });
}

/** The rest of a request to a database, which waits for set, database and tracker. */
function databaseRequestOf(
  name: string,
  args: readonly string[],
  flags: Flags,
): Result<(common: TargetRequest) => Request> {
  // A person who asks wants an answer; an init container waits for its database.
  const isPatient = ["up", "smoke", "serve"].includes(name);
  const connectTimeoutMs = flags.durationMs("connect-timeout", isPatient ? 60_000 : 5000);
  const lockWaitMs = flags.durationMs("lock-wait", fiveMinutesMs);
  const policy = readPolicy(flags);
  const pooler = flags.oneOf("pooler", poolerModes, "auto");
  const migration = {
    ...policy,
    connectTimeoutMs,
    lockWaitMs,
    lockRetryForMs: flags.durationMs("lock-retry-for", fiveMinutesMs),
    pooler,
  };
  switch (name) {
    case "status": {
      const asked = { check: flags.has("check"), fingerprint: flags.has("fingerprint") };
      return succeed((common) => ({ command: "status", ...common, connectTimeoutMs, ...asked }));
    }
    case "fingerprint": {
      const grants = flags.has("grants");
      return succeed((common) => ({ command: "fingerprint", ...common, connectTimeoutMs, grants }));
    }
    case "mark": {
      const read = readMark(args, flags);
      if (!read.ok) return read;
      const change = read.value;
      return succeed((common) => ({
        command: "mark",
        ...common,
        connectTimeoutMs,
        lockWaitMs,
        pooler,
        change,
      }));
    }
    case "smoke":
      return succeed((common) => ({ command: "smoke", ...common, ...migration }));
    case "wait": {
      const timeoutMs = flags.durationMs("timeout", fiveMinutesMs);
      return succeed((common) => ({ command: "wait", ...common, timeoutMs }));
    }
    case "serve": {
      const stray = flagsWithUp().find((flag) => flags.isGiven(flag.name));
      const migrates = flags.has("up");
      if (stray !== undefined && !migrates) {
        return usage(
          `The flag --${stray.name} goes with --up`,
          "`lacuna serve` alone migrates nothing",
        );
      }
      const where = { host: flags.text("host"), port: flags.port("port", 8080) };
      return succeed((common) => ({
        command: "serve",
        ...common,
        ...where,
        migrate: migrates ? { ...migration, tracker: common.tracker } : undefined,
      }));
    }
    default: {
      const isDry = name === "plan" || flags.has("dry-run");
      return succeed((common) =>
        isDry
          ? { command: "plan", ...common, ...policy, connectTimeoutMs }
          : { command: "up", ...common, ...migration },
      );
    }
  }
}

function readPolicy(flags: Flags): PolicyRequest {
  return {
    to: flags.text("to"),
    checksums: flags.oneOf("checksums", checksumModes, "warn"),
    unknown: flags.has("strict") ? "refuse" : "warn",
    newHere: flags.has("new-here"),
  };
}

type Sources = Omit<DatabaseSources, "flag">;

function findDatabaseOf(flags: Flags, sources: Sources): Result<DatabaseTarget> {
  return findDatabase({ ...sources, flag: flags.text("database-url") });
}

/** Where none is named, an embedded Postgres in memory is there for it. */
function testTarget(flags: Flags, sources: Sources): Result<DatabaseTarget> {
  const found = readTestTarget(flags, sources);
  return found.ok ? succeed(found.value ?? { engine: "pglite", folder: undefined }) : found;
}

function readMark(args: readonly string[], flags: Flags): Result<MarkChange> {
  const [word = "", ...versions] = args;
  const state = markStates.find((one) => one === word);
  if (state === undefined) return usage(`Unknown state ${shown(word)}`, markHint);
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
  }
}

const versionHint = "a version is the number in front of a file's name";
const markHint = "`lacuna mark --help` shows the states";
