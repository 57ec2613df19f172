/**
 * The command line by cac, which tells flags and arguments apart; every value is read again.
 *
 * cac turns `--to 0007` into the number 7 and takes `--json=false` for true (cac 7.1.0). So each
 * value is handed to it behind a NUL, which no argument can hold: then it stays text, and what is
 * text came from the command line as it is.
 *
 * It is told of no command and no flag. What it makes of a declaration costs more instructions than
 * all else of the reading, and what may be given is checked here anyway.
 */
import { cac } from "cac";
import { parseDurationMs } from "../core/duration.ts";
import type { Problem } from "../core/problem.ts";
import { shown } from "../core/quote.ts";
import { type Result, refuse, succeed } from "../core/result.ts";
import type { Command, Flag } from "./options/definition.ts";
import { flagsOf } from "./options/shared.ts";

export function parseFlags(
  command: Command,
  argv: readonly string[],
): Result<{ flags: Flags; args: readonly string[] }> {
  const known = new Map(flagsOf(command).map((flag) => [`--${flag.name}`, flag]));
  const unusable = flagFault(known, argv);
  if (unusable !== undefined) return usage(unusable, helpHint(command));
  const { args: marked, options } = cac("lacuna").parse(["", "", ...protectValues(known, argv)], {
    run: false,
  });
  const args = marked.map((arg) => (arg.startsWith(mark) ? arg.slice(1) : arg));
  // A command that misses its arguments can still be asked for its help.
  const fault = options["help"] === true ? undefined : missingOrUnused(command, args, options);
  if (fault !== undefined) return usage(fault, helpHint(command));
  return succeed({ flags: new Flags(options), args });
}

/** cac takes --no-json for a word about --json, and --dryRun for --dry-run: nobody else would. */
function flagFault(known: ReadonlyMap<string, Flag>, argv: readonly string[]): string | undefined {
  const end = argv.indexOf("--");
  const words = end < 0 ? argv : argv.slice(0, end);
  for (const word of words.filter((one) => one.startsWith("-") && one !== "-h")) {
    const [name = word, value] = word.split("=", 2);
    const flag = known.get(name);
    if (flag === undefined) return `Unknown flag ${name.includes("://") ? "(not shown)" : name}`;
    if (value !== undefined && flag.value === undefined) return `The flag ${name} takes no value`;
    if (value === "") return `The flag ${name} needs a value`;
  }
  return undefined;
}

function missingOrUnused(
  command: Command,
  args: readonly string[],
  options: Readonly<Record<string, unknown>>,
): string | undefined {
  const valueless = flagsOf(command).find(
    (flag) => flag.value !== undefined && options[camelCase(flag.name)] === true,
  );
  if (valueless !== undefined) return `The flag --${valueless.name} needs a value`;
  const taken = command.args.split(" ").filter((arg) => arg !== "");
  if (args.length < taken.filter((arg) => arg.startsWith("<")).length)
    return `\`lacuna ${command.name}\` needs ${command.args}`;
  const unused = command.args.includes("...") ? [] : args.slice(taken.length);
  return unused.length > 0
    ? `\`lacuna ${command.name}\` does not take ${shown(unused.join(" "))}`
    : undefined;
}

function helpHint(command: Command): string {
  return `\`lacuna ${command.name} --help\` shows what it takes`;
}

/** Puts the mark in front of every flag's value, and so keeps cac from reading it. */
function protectValues(
  known: ReadonlyMap<string, Flag>,
  argv: readonly string[],
): readonly string[] {
  // Arguments go first: cac takes one behind a switch for the switch's value.
  const args: string[] = [];
  const flags: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    // Behind it everything is an argument, which the mark says as well.
    if (word === "--") {
      args.push(...argv.slice(index + 1).map((rest) => mark + rest));
      break;
    }
    const equals = word.indexOf("=");
    const next = argv[index + 1];
    if (word.startsWith("--") && equals > 0) {
      flags.push(`${word.slice(0, equals)}=${mark}${word.slice(equals + 1)}`);
    } else if (
      known.get(word)?.value !== undefined &&
      next !== undefined &&
      !next.startsWith("--")
    ) {
      flags.push(`${word}=${mark}${next}`);
      index++;
    } else if (word === "-h") flags.push("--help");
    else if (word.startsWith("-")) flags.push(word);
    else args.push(mark + word);
  }
  return [...args, ...flags];
}

const mark = "\0";

/** The flags as they were given: switches, and texts. Wrong uses are collected. */
export class Flags {
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

  isGiven(name: string): boolean {
    return this.#options[camelCase(name)] !== undefined;
  }

  text(name: string): string | undefined {
    const value = this.#options[camelCase(name)];
    if (value === undefined) return undefined;
    if (typeof value === "string" && value.startsWith(mark) && value.length > 1)
      return value.slice(1);
    const fault = value === mark ? "needs a value" : "is given more than once";
    this.#wrong(`The flag --${name} ${fault}`);
    return undefined;
  }

  /** Of a flag that can be given more than once. */
  texts(name: string): readonly string[] {
    const value = this.#options[camelCase(name)];
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.flatMap((one) => {
      if (typeof one === "string" && one.startsWith(mark) && one.length > 1) return [one.slice(1)];
      if (one !== undefined) this.#wrong(`The flag --${name} needs a value`);
      return [];
    });
  }

  durationMs(name: string, defaultMs: number): number {
    return this.optionalMs(name) ?? defaultMs;
  }

  optionalMs(name: string): number | undefined {
    const text = this.text(name);
    const milliseconds = text === undefined ? undefined : parseDurationMs(text);
    if (text !== undefined && milliseconds === undefined)
      this.#wrong(`The flag --${name} takes a time such as 30s, 5min or 1h`);
    return milliseconds;
  }

  port(name: string, fallback: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (port <= 65_535) return port;
    this.#wrong(`The flag --${name} takes a number from 0 (any that is free) to 65535`);
    return fallback;
  }

  oneOf<T extends string>(name: string, words: readonly T[], fallback: T): T {
    const text = this.text(name);
    const word = words.find((one) => one === text);
    if (text !== undefined && word === undefined)
      this.#wrong(`The flag --${name} takes ${words.join(", ")}`);
    return word ?? fallback;
  }

  /** A flag may be read more than once; it is wrong once. */
  #wrong(message: string): void {
    if (this.problems.some((one) => one.code === "usage" && one.message === message)) return;
    this.problems.push({ code: "usage", message, hint: "`lacuna --help` shows the flags" });
  }
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function usage(
  message: string,
  hint: string,
): { readonly ok: false; readonly problems: readonly Problem[] } {
  return refuse({ code: "usage", message, hint });
}
