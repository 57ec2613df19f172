import { parseDurationMs } from "./duration.ts";
import type { Problem } from "./problem.ts";
import { type Result, refuse, succeed } from "./result.ts";
import { type Span, split } from "./split.ts";
import { placeOf } from "./locate.ts";

/** What a file asks for in `-- lacuna: …` comment lines before its first statement. */
export interface Directives {
  readonly noTransaction: boolean;
  /** CALL and DO of a `no-transaction` file may be run again after a kill. */
  readonly rerunnable: boolean;
  readonly lockTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
}

export const noDirectives: Directives = {
  noTransaction: false,
  rerunnable: false,
  lockTimeoutMs: undefined,
  statementTimeoutMs: undefined,
};

/**
 * Reads a file's directives. An unknown, repeated, late or meaningless one is a problem: a
 * directive that is passed over in silence is a migration that runs in another way than its
 * author believes.
 */
export function readDirectives(path: string, text: string): Result<Directives> {
  // Most files have none; the scanner is spared for them.
  if (!/lacuna\s*:/i.test(text)) return succeed(noDirectives);

  const { statements, lineComments } = split(text);
  const firstStatement = statements[0]?.start ?? text.length;
  const problems: Problem[] = [];
  const seen = new Map<string, string>();

  for (const comment of lineComments) {
    const words = directive.exec(text.slice(comment.start, comment.end))?.[1]?.trim().split(/\s+/);
    if (words === undefined) continue;
    const [name = "", ...values] = words;
    const wrong =
      comment.start > firstStatement ? "late" : seen.has(name) ? "repeated" : faultOf(name, values);
    if (wrong === undefined) seen.set(name, values[0] ?? "");
    else problems.push(problem(path, text, comment, words.join(" "), wrong));
  }
  if (seen.has("rerunnable") && !seen.has("no-transaction")) {
    const at = lineComments.find((one) =>
      /:\s*rerunnable\s*$/.test(text.slice(one.start, one.end)),
    );
    const place = at ?? { start: 0, end: 0 };
    problems.push(problem(path, text, place, "rerunnable", "without no-transaction"));
  }
  if (problems.length > 0) return refuse(...problems);
  return succeed({
    noTransaction: seen.has("no-transaction"),
    rerunnable: seen.has("rerunnable"),
    lockTimeoutMs: parseDurationMs(seen.get("lock-timeout") ?? ""),
    statementTimeoutMs: parseDurationMs(seen.get("statement-timeout") ?? ""),
  });
}

export type DirectiveFault =
  | "unknown"
  | "repeated"
  | "late"
  | "bad value"
  | "without no-transaction";

function faultOf(name: string, values: readonly string[]): DirectiveFault | undefined {
  switch (name) {
    case "no-transaction":
    case "rerunnable":
      return values.length === 0 ? undefined : "bad value";
    case "lock-timeout":
    case "statement-timeout":
      return values.length === 1 && parseDurationMs(values[0] ?? "") !== undefined
        ? undefined
        : "bad value";
    default:
      return "unknown";
  }
}

function problem(
  path: string,
  text: string,
  comment: Span,
  directiveText: string,
  fault: DirectiveFault,
): Problem {
  return {
    code: "bad-directive",
    path,
    place: placeOf(text, comment.start),
    directive: directiveText,
    fault,
  };
}

const directive = /^--\s*lacuna\s*:(.*)$/i;
