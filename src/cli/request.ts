/**
 * argv and environment → Request. cac knows the commands and flags; every value is read again.
 *
 * cac turns `--to 0007` into the number 7, lets an unknown command pass and takes `--json=false`
 * for true (cac 7.1.0). So each value is handed to it behind a NUL, which no argument can hold:
 * then it stays text, and what is text came from the command line as it is.
 */
import { cac } from "cac";
import { parseDurationMs } from "../core/duration.ts";
import type { Problem } from "../core/problem.ts";
import { type Result, refuse, succeed } from "../core/result.ts";
import { defaultTracker, parseTracker } from "../core/tracker.ts";
import type { MarkChange } from "../core/marking.ts";
import type { DatabaseRequest, OutputMode, Request, Talk } from "../request.ts";
import { type DatabaseSources, findDatabase } from "./database-url.ts";
import { helpText } from "./help.ts";
import { type Command, commands, flagsOf } from "./options.ts";

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
  const parsed = parseWithCac(command, argv.slice(1));
  if (!parsed.ok) return parsed;
  const { flags, args } = parsed.value;
  if (flags.has("help")) return invocation({ command: "help", text: helpText(command) }, flags);
  const request = requestOf(command.name, args, flags, sources);
  const wrong = flags.problems;
  if (wrong.length > 0) return refuse(...wrong);
  return request.ok ? invocation(request.value, flags) : request;
}

function unknownCommand(word: string): ReturnType<typeof usage> {
  return usage(
    word.startsWith("-")
      ? `The command stands in front of its flags: ${word} is none`
      : `Unknown command "${word}"`,
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

// ---- cac ----

function parseWithCac(
  command: Command,
  argv: readonly string[],
): Result<{ flags: Flags; args: readonly string[] }> {
  const fault = flagFault(command, argv);
  if (fault !== undefined) return usage(fault, helpHint(command));
  const cli = cac("lacuna");
  const declared = cli.command(`${command.name} ${command.args}`.trim());
  for (const flag of flagsOf(command)) {
    declared.option(
      `--${flag.name}${flag.value === undefined ? "" : ` <${flag.value}>`}`,
      flag.about,
    );
  }
  declared.action(() => undefined);
  try {
    cli.parse(["", "", command.name, ...protectValues(command, argv)], { run: false });
    // A command that misses its arguments can still be asked for its help.
    if (cli.options["help"] !== true) cli.runMatchedCommand();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return usage(ownWords(command, message.replaceAll(mark, "")), helpHint(command));
  }
  const { "--": rest = [], ...options } = cli.options as Record<string, unknown>;
  return succeed({ flags: new Flags(options), args: [...cli.args, ...(rest as string[])] });
}

/** cac's complaints in our words. */
function ownWords(command: Command, message: string): string {
  const unused = /^Unused args: (.*)$/s.exec(message)?.[1];
  const valueless = /`(--[a-z-]+) <[^`]*` value is missing/.exec(message)?.[1];
  if (unused !== undefined)
    return `\`lacuna ${command.name}\` does not take ${unused.replaceAll("`", '"')}`;
  if (valueless !== undefined) return `The flag ${valueless} needs a value`;
  if (message.startsWith("missing required args"))
    return `\`lacuna ${command.name}\` needs ${command.args}`;
  return message;
}

/** cac takes --no-json for a word about --json, and --dryRun for --dry-run: nobody else would. */
function flagFault(command: Command, argv: readonly string[]): string | undefined {
  const flags = new Map(flagsOf(command).map((flag) => [`--${flag.name}`, flag]));
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  for (const word of words.filter((one) => one.startsWith("-") && one !== "-h")) {
    const [name = word, value] = word.split("=", 2);
    const flag = flags.get(name);
    if (flag === undefined) return `Unknown flag ${name}`;
    if (value !== undefined && flag.value === undefined) return `The flag ${name} takes no value`;
    if (value === "") return `The flag ${name} needs a value`;
  }
  return undefined;
}

function helpHint(command: Command): string {
  return `\`lacuna ${command.name} --help\` shows what it takes`;
}

/** Puts the mark in front of every flag's value, and so keeps cac from reading it. */
function protectValues(command: Command, argv: readonly string[]): readonly string[] {
  const valued = new Set(
    flagsOf(command).flatMap((flag) => (flag.value === undefined ? [] : [`--${flag.name}`])),
  );
  const out: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--") return [...out, ...argv.slice(index)];
    const equals = word.indexOf("=");
    const next = argv[index + 1];
    if (word.startsWith("--") && equals > 0) {
      out.push(`${word.slice(0, equals)}=${mark}${word.slice(equals + 1)}`);
    } else if (valued.has(word) && next !== undefined && !next.startsWith("--")) {
      out.push(`${word}=${mark}${next}`);
      index++;
    } else out.push(word);
  }
  return out;
}

const mark = "\0";

/** The flags as they were given: switches, and texts. Wrong uses are collected. */
class Flags {
  readonly problems: Problem[] = [];
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(options: Readonly<Record<string, unknown>>) {
    this.#options = options;
  }

  has(name: string): boolean {
    // cac keeps --no-color as color: false.
    const isNegated = name.startsWith("no-");
    const value = this.#options[camelCase(isNegated ? name.slice(3) : name)];
    if (value === undefined || typeof value === "boolean") return value === !isNegated;
    this.#wrong(`The flag --${name} is given more than once`);
    return false;
  }

  text(name: string): string | undefined {
    const value = this.#options[camelCase(name)];
    if (value === undefined) return undefined;
    if (typeof value === "string" && value.startsWith(mark) && value.length > 1)
      return value.slice(1);
    this.#wrong(`The flag --${name} is given more than once`);
    return undefined;
  }

  durationMs(name: string, defaultMs: number): number {
    const text = this.text(name);
    if (text === undefined) return defaultMs;
    const milliseconds = parseDurationMs(text);
    if (milliseconds === undefined)
      this.#wrong(`The flag --${name} takes a time such as 30s, 5min or 1h`);
    return milliseconds ?? defaultMs;
  }

  oneOf<T extends string>(name: string, words: readonly T[], fallback: T): T {
    const text = this.text(name);
    const word = words.find((one) => one === text);
    if (text !== undefined && word === undefined)
      this.#wrong(`The flag --${name} takes ${words.join(", ")}`);
    return word ?? fallback;
  }

  #wrong(message: string): void {
    this.problems.push({ code: "usage", message, hint: "`lacuna --help` shows the flags" });
  }
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

// ---- requests ----

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
      return succeed({
        command: "show",
        folder,
        version: args[0] ?? "",
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

function readTracker(flags: Flags): ReturnType<typeof parseTracker> {
  const text = flags.text("tracker");
  return text === undefined ? succeed(defaultTracker) : parseTracker(text);
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
      return usage(`Unknown state "${state}"`, markHint);
  }
}

function map<T>(result: Result<T>, then: (value: T) => Request): Result<Request> {
  return result.ok ? succeed(then(result.value)) : result;
}

function usage(
  message: string,
  hint: string,
): { readonly ok: false; readonly problems: readonly Problem[] } {
  return refuse({ code: "usage", message, hint });
}

const markHint = "`lacuna mark --help` shows the states";
const fiveMinutesMs = 300_000;
