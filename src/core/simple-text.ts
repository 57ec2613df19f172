/**
 * The statements of a text in which nothing can hide a semicolon: no comment, no quotes but plain
 * ones around neither semicolon nor parenthesis, and no semicolon in parentheses. Most migrations are
 * such texts, and a look at one by regular expressions, which are compiled at once, costs a tenth of
 * the scanner's (split.ts), which becomes fast only with what it has scanned.
 */
import { Spans } from "./spans.ts";

/** Undefined where the scanner is needed. What is given is what it would find: all of it clear. */
export function splitSimple(text: string): Spans | undefined {
  if (text.length > longest || !harmless.test(text) || !closed.test(text)) return undefined;
  if (telling.test(text)) return undefined;
  const statements = new Spans();
  for (let at = 0; at < text.length;) {
    const semicolon = text.indexOf(";", at);
    const to = semicolon < 0 ? text.length : semicolon;
    blank.lastIndex = at;
    blank.test(text);
    const start = blank.lastIndex;
    let end = to;
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
    if (end > start) statements.push(start, end, true);
    at = to + 1;
  }
  return statements;
}

/** Characters. A regular expression keeps what it may have to come back to. */
const longest = 16_384;

// Each character can be read in one way only, so none of these takes more than linear time.
const harmless = /^(?:[^'"$\\&\-/]|'[^'\\;()]*'|-(?!-)|\/(?!\*))*$/;
/** Parentheses, four deep at most, with no semicolon in them. */
const closed = /^(?:[^()]|\((?:[^();]|\((?:[^();]|\((?:[^();]|\([^();]*\))*\))*\))*\))*$/;
/** Words that make something else of a statement than its first ones say (clear.ts, split.ts). */
const telling = /temp|lacuna|set_config|concurrently|atomic/i;
/** White space as the server's scanner has it. */
const blank = /[ \t\n\r\f\v]*/y;

function isBlank(char: number): boolean {
  return char === 32 || (char >= 9 && char <= 13);
}
