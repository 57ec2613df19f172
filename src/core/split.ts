import { splitSimple } from "./simple-text.ts";
import { type Span, Spans } from "./spans.ts";

export type { Span } from "./spans.ts";
import { isClear, nestedSemicolon, quotedSemicolon, sightsOf } from "./clear.ts";
import {
  closeParenthesis,
  dash,
  endOfToken,
  firstWords,
  isComment,
  isIdentifierStart,
  isOrdinary,
  isSpace,
  isWord,
  openParenthesis,
  type OpenToken,
  openTokenOf,
  quote,
  semicolon,
} from "./tokens.ts";

/**
 * Where the statements of an SQL text begin and end, as PostgreSQL's own scanner sees them.
 *
 * The rules are those of src/backend/parser/scan.l with standard_conforming_strings on (lacuna
 * sets it), and of psql for the two places where a semicolon does not end a statement: inside
 * parentheses (CREATE RULE … DO (a; b)) and inside BEGIN ATOMIC … END of an SQL function.
 *
 * The split is not believed by itself: each statement must be exactly one to the parser, or clear
 * enough that it can be no more than one (script.ts, clear.ts), and since the scanner is back in its initial state behind each of them, the
 * whole text then means the same to the server. Offsets are UTF-16 units of the given text.
 */
export interface SplitText {
  readonly statements: Spans;
  /** The `--` comments that stand outside of statements and inside them, in order. */
  readonly lineComments: readonly Span[];
  /** Where a quote or a comment begins that is open when the text ends. */
  readonly open: { readonly start: number; readonly what: OpenToken } | undefined;
}

export function split(
  text: string,
  keep: "comments too" | "statements" = "comments too",
): SplitText {
  const simple = keep === "statements" ? splitSimple(text) : undefined;
  return simple === undefined
    ? scanned(text, keep)
    : { statements: simple, lineComments: [], open: undefined };
}

function scanned(text: string, keep: "comments too" | "statements"): SplitText {
  const statements = new Spans();
  const lineComments: Span[] = [];
  let start = -1;
  let end = 0;
  let parentheses = 0;
  let block: Block | undefined;
  let sights = 0;
  let nextSemicolon = -1;
  let open: SplitText["open"];

  for (let at = 0, to = 0; at < text.length; at = to) {
    const char = text.charCodeAt(at);
    to = at + 1;
    if (isSpace(char)) continue;
    if (start >= 0 && block === undefined && isOrdinary(char)) {
      end = to;
      continue;
    }
    if (char === semicolon) {
      if (parentheses === 0 && isOutside(block)) {
        push(statements, start, end, sights);
        start = -1;
        sights = 0;
        block = undefined;
        continue;
      }
      sights |= nestedSemicolon;
    } else {
      to = endOfToken(text, at, char);
      if (to < 0) {
        open = { start: at, what: openTokenOf(char) };
        to = text.length;
      }
      if (to > at + 1) {
        if (nextSemicolon < at) nextSemicolon = positionOf(text, ";", at);
        if (nextSemicolon < to) sights |= quotedSemicolon;
      }
      if (isComment(text, at, char)) {
        if (char === dash && keep === "comments too") lineComments.push({ start: at, end: to });
        continue;
      }
      sights |= sightsOf(text, at, to, char);
    }

    if (start < 0) {
      start = at;
      if (mayMakeRoutine(text, at, to)) block = newBlock();
    }
    end = to;
    if (char === openParenthesis) parentheses++;
    else if (char === closeParenthesis && parentheses > 0) parentheses--;
    if (block !== undefined) follow(block, text, at, to, parentheses);
  }
  push(statements, start, end, sights);
  return { statements, lineComments, open };
}

/** Between two semicolons there may be nothing: then there is no start. */
function push(statements: Spans, start: number, end: number, sights: number): void {
  if (start >= 0) statements.push(start, end, isClear(sights));
}

/** Whether a text holds anything but white space and comments. */
export function hasStatement(text: string): boolean {
  return split(text, "statements").statements.length > 0;
}

function positionOf(text: string, part: string, from: number): number {
  const at = text.indexOf(part, from);
  return at < 0 ? text.length : at;
}

// ---- BEGIN ATOMIC … END ----

interface Block {
  /** The statement's first words, at most four: they say whether it makes a routine. */
  readonly words: string[];
  /** The token before: a word outside of parentheses, or another one's first character. */
  previous: string;
  depth: number;
}

function newBlock(): Block {
  return { words: [], previous: "", depth: 0 };
}

function isOutside(block: Block | undefined): boolean {
  return block === undefined || block.depth === 0;
}

/** Behind a semicolon another statement of the block begins. */
function follow(block: Block, text: string, at: number, to: number, parentheses: number): void {
  const { previous } = block;
  if (previous === ";") block.words.length = 0;
  block.previous = text.charAt(at);
  const isName = isIdentifierStart(text.charCodeAt(at)) && text.charCodeAt(to - 1) !== quote;
  if (isName && parentheses === 0) followBlock(block, text.slice(at, to).toLowerCase(), previous);
}

/**
 * Stricter than psql (src/fe_utils/psqlscan.l), which takes every BEGIN for the block's and counts
 * each CASE and END: a function or a column may be named begin, and `SELECT 1 case` and
 * `SELECT 1 end` are aliases. In the grammar the block's END is the one behind ATOMIC or a semicolon
 * (gram.y: BEGIN_P ATOMIC routine_body_stmt_list END_P), and no other END ever stands there. A
 * routine in a routine is refused by the server, but not by its grammar.
 */
function followBlock(block: Block, word: string, previous: string): void {
  block.previous = word;
  if (word === "end" && previous === ";") {
    block.depth--;
    return;
  }
  if (block.words.length < 4) block.words.push(word);
  if (word === "atomic" && previous === "begin" && makesRoutine(block.words)) {
    block.depth++;
    block.previous = ";";
  }
}

/** Nothing but a routine has a block; its first words are `create` and one of these. */
function mayMakeRoutine(text: string, at: number, to: number): boolean {
  if (!isWord(text, at, to, "create")) return false;
  const [second = ""] = firstWords(text, 1, to);
  return second === "function" || second === "procedure" || second === "or";
}

function makesRoutine(words: readonly string[]): boolean {
  if (words[0] !== "create") return false;
  const kind = words[1] === "or" && words[2] === "replace" ? words[3] : words[1];
  return kind === "function" || kind === "procedure";
}
