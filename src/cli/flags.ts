/**
 * The command line by cac, which knows the commands and flags; every value is read again.
 *
 * cac turns `--to 0007` into the number 7, lets an unknown command pass and takes `--json=false`
 * for true (cac 7.1.0). So each value is handed to it behind a NUL, which no argument can hold:
 * then it stays text, and what is text came from the command line as it is.
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
  const fault = flagFault(command, argv);
  if (fault !== undefined) return usage(fault, helpHint(command));
  const cli = cac("lacuna");
  const declared = cli.command(`${command.name} ${command.args}`.trim());
  const words = protectValues(command, argv);
  // It has to know those that are given alone: it makes an object of each.
  for (const flag of flagsOf(command).filter((one) => isAmong(one, words))) {
    declared.option(
      `--${flag.name}${flag.value === undefined ? "" : ` <${flag.value}>`}`,
      flag.about,
    );
  }
  declared.action(() => undefined);
  try {
    cli.parse(["", "", command.name, ...words], { run: false });
    // A command that misses its arguments can still be asked for its help.
    if (cli.options["help"] !== true) cli.runMatchedCommand();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return usage(ownWords(command, message.replaceAll(mark, "")), helpHint(command));
  }
  const { "--": _, ...options } = cli.options as Record<string, unknown>;
  const args = cli.args.map((arg) => (arg.startsWith(mark) ? arg.slice(1) : arg));
  return succeed({ flags: new Flags(options), args });
}

function isAmong({ name }: Flag, words: readonly string[]): boolean {
  return words.some((word) => word === `--${name}` || word.startsWith(`--${name}=`));
}

/** cac's complaints in our words. */
function ownWords(command: Command, message: string): string {
  const unused = /^Unused args: (.*)$/s.exec(message)?.[1];
  const valueless = /`(--[a-z-]+) <[^`]*` value is missing/.exec(message)?.[1];
  if (unused !== undefined) {
    const words = unused.split(", ").map((word) => word.replace(/^`|`$/g, ""));
    return `\`lacuna ${command.name}\` does not take ${shown(words.join(" "))}`;
  }
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
    if (flag === undefined) return `Unknown flag ${name.includes("://") ? "(not shown)" : name}`;
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
    } else if (valued.has(word) && next !== undefined && !next.startsWith("--")) {
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
