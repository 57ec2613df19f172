import { parseDurationMs } from "./duration.ts";
import type { Problem } from "./problem.ts";
import { type Result, refuse, succeed } from "./result.ts";
import type { Span } from "./spans.ts";
import { split } from "./split.ts";
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

/** Whether two dashes with `lacuna` behind them, or with what may be blank there, are in a file. */
export function mayHaveDirectives(bytes: Uint8Array): boolean {
  let at = bytes.indexOf(dash);
  while (at >= 0) {
    let behind = at + 1;
    if (bytes[behind] === dash) {
      let first: number;
      do first = bytes[++behind] ?? 0;
      while (first === space || (first >= tab && first <= carriageReturn));
      if ((first | 32) === letterL) return true;
      // A pattern's white space goes beyond ASCII.
      if (first >= 0x80 && /^\s/.test(decoder.decode(bytes.subarray(behind, behind + 4))))
        return true;
      // A third dash makes two with the second.
      if (first === dash) behind--;
    }
    at = bytes.indexOf(dash, behind);
  }
  return false;
}

const tab = 9;
const carriageReturn = 13;
const space = 32;
const dash = 45;
const letterL = 108;
// It keeps a byte order mark, which is white space too.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads a file's directives. An unknown, repeated, late or meaningless one is a problem: a
 * directive that is passed over in silence is a migration that runs in another way than its
 * author believes.
 */
export function readDirectives(path: string, text: string): Result<Directives> {
  // Most files have none; the scanner is spared for them.
  if (!/lacuna\s*:/i.test(text)) return succeed(noDirectives);

  const { statements, lineComments } = split(text);
  const firstStatement = statements.length > 0 ? statements.startOf(0) : text.length;
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
