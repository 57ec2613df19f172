import { explain } from "../core/explain/explain.ts";
import { type ExitCode, type Problem, sqlProblem } from "../core/problem.ts";
import { Refusal, SqlError } from "../ports.ts";

/**
 * A problem with its words. `code` tells them apart, and with it what other fields there are:
 * a `migration-failed` has `path`, `place` (line and column) and `error` (SQLSTATE, detail …).
 */
export type ExplainedProblem = Problem & {
  /** What could not be done, and why: one line. */
  readonly title: string;
  /** What to do next: one line. */
  readonly hint: string;
};

/**
 * What can be expected to go wrong: a migration that fails, a history that contradicts itself,
 * a database that is not there. Anything else that is thrown is a bug.
 */
export class MigrationError extends Error {
  override readonly name: string = "MigrationError";
  /** The code of the first problem, which has to be put right first: `migration-failed`. */
  readonly code: Problem["code"];
  /** What the command line would have exited with. */
  readonly exitCode: ExitCode;
  /** All that was found, in the order in which it was found; never empty. */
  readonly problems: readonly ExplainedProblem[];
  /** The ids of the migrations that this run applied before it failed. They stay. */
  readonly applied: readonly string[];

  constructor(
    problems: readonly [Problem, ...Problem[]],
    options: {
      readonly applied?: readonly string[];
      readonly cause?: unknown;
      /** Cuts what must not be seen, such as a password. */
      readonly cut?: ((text: string) => string) | undefined;
    } = {},
  ) {
    const cut = options.cut ?? ((text): string => text);
    const all = problems.map((problem) => explained(problem, cut));
    super(all.map(textOf).join("\n"), { cause: options.cause });
    this.code = problems[0].code;
    this.exitCode = explain(problems[0]).exitCode;
    this.problems = all;
    this.applied = options.applied ?? [];
  }
}

export function explained(
  problem: Problem,
  cut: (text: string) => string = (text): string => text,
): ExplainedProblem {
  const { title, hint } = explain(problem);
  return { ...problem, title: cut(title), hint: cut(inLibraryWords(hint)) };
}

/** An expected failure from any depth as a MigrationError; a bug as it is. */
export function asMigrationError(
  error: unknown,
  options: {
    readonly isAborted?: boolean;
    readonly cut?: ((text: string) => string) | undefined;
  } = {},
): unknown {
  const problems = problemsIn(error, options.isAborted === true);
  const [first, ...rest] = problems;
  if (first === undefined) return error;
  return new MigrationError([first, ...rest], { cause: error, cut: options.cut });
}

function problemsIn(error: unknown, isAborted: boolean): readonly Problem[] {
  if (error instanceof Refusal) return error.problems;
  if (!(error instanceof SqlError)) return [];
  const signal = isAborted ? "AbortSignal" : undefined;
  return [sqlProblem(error.kind, error.server, "working on the tracker", signal)];
}

function textOf(problem: ExplainedProblem): string {
  const place = "place" in problem ? problem.place : undefined;
  const where =
    "path" in problem && place !== undefined
      ? `\n  at ${problem.path}:${place.line}:${place.column}`
      : "";
  return `${problem.title}${where}\n  hint: ${problem.hint}`;
}

/** The hints speak to who types commands: flags are options here. */
export function inLibraryWords(hint: string): string {
  return words.reduce((text, [flag, option]) => text.replaceAll(flag, option), hint);
}

const words: readonly (readonly [string, string])[] = [
  ["`lacuna up --new-here`", "`newHere: true`"],
  ["--connect-timeout", "connectTimeoutMs"],
  ["--lock-wait", "lockWaitMs"],
  ["--lock-retry-for", "lockRetryForMs"],
  ["--pooler session", '`pooler: "session"`'],
  ["--strict", "`strict: true`"],
  ["--tracker schema.table", "the option tracker"],
  ["--migrations DIR", "the option migrations"],
  ["run `lacuna up` again", "run it again"],
  ["`lacuna up` again", "run it again"],
  ["`lacuna up`", "applyMigrations()"],
  ["`lacuna verify`", "verifyMigrations()"],
  ["name it in --roles", "name it in the option roles"],
  ["use --database-url", "give a database"],
  ["leave out --isolated", "leave out the method"],
  ["give --scratch-owns-server", "set `ownsServer: true`"],
  ["--time-limit", "timeLimitMs"],
  ["--stuck-after", "stuckAfterMs"],
  ["--shared", "`shared: true`"],
  ["--scratch", '`method: "scratch"`'],
];
