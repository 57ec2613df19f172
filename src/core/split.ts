/**
 * Where the statements of an SQL text begin and end, as PostgreSQL's own scanner sees them.
 *
 * The rules are those of src/backend/parser/scan.l with standard_conforming_strings on (lacuna
 * sets it), and of psql for the two places where a semicolon does not end a statement: inside
 * parentheses (CREATE RULE … DO (a; b)) and inside BEGIN ATOMIC … END of an SQL function.
 *
 * The split is not believed by itself: each statement must parse as exactly one statement
 * (script.ts), and since the scanner is back in its initial state behind each of them, the
 * whole text then means the same to the server. Offsets are UTF-16 units of the given text.
 */
export interface Span {
  /** The statement's first token; white space and comments before it are left out. */
  readonly start: number;
  /** Just behind its last token, before the semicolon. */
  readonly end: number;
}

export interface SplitText {
  readonly statements: readonly Span[];
  /** The `--` comments that stand outside of statements and inside them, in order. */
  readonly lineComments: readonly Span[];
  /** Where a quote or a comment begins that is open when the text ends. */
  readonly open: { readonly start: number; readonly what: OpenToken } | undefined;
}

export type OpenToken = "string" | "quoted identifier" | "dollar-quoted string" | "comment";

export function split(text: string): SplitText {
  const statements: Span[] = [];
  const lineComments: Span[] = [];
  let start = -1;
  let end = 0;
  let parentheses = 0;
  let block = newBlock();
  let at = 0;
  let open: SplitText["open"];

  while (at < text.length) {
    const tokenStart = at;
    const char = text.charCodeAt(at);

    if (isSpace(char)) {
      at++;
      continue;
    }
    if (char === dash && text.charCodeAt(at + 1) === dash) {
      at = endOfLine(text, at);
      lineComments.push({ start: tokenStart, end: at });
      continue;
    }
    if (char === slash && text.charCodeAt(at + 1) === star) {
      at = closed("comment", tokenStart, endOfBlockComment(text, at));
      continue;
    }
    if (char === semicolon && parentheses === 0 && block.depth === 0) {
      if (start >= 0) statements.push({ start, end });
      start = -1;
      block = newBlock();
      at++;
      continue;
    }

    if (char === openParenthesis) parentheses++;
    else if (char === closeParenthesis && parentheses > 0) parentheses--;

    const previous = nextToken(block, text.charAt(at));
    if (isIdentifierStart(char)) {
      at = endOfIdentifier(text, at);
      const word = text.slice(tokenStart, at);
      if (text.charCodeAt(at) === quote && (word === "e" || word === "E")) {
        at = closed("string", tokenStart, endOfEscapeString(text, at));
      } else if (parentheses === 0) {
        followBlock(block, word.toLowerCase(), previous);
      }
    } else if (char === quote) at = closed("string", at, endOfQuoted(text, at, quote));
    else if (char === doubleQuote)
      at = closed("quoted identifier", at, endOfQuoted(text, at, doubleQuote));
    else if (char === dollar) at = closed("dollar-quoted string", at, endOfDollar(text, at));
    else at++;

    if (start < 0) start = tokenStart;
    end = at;
  }
  if (start >= 0) statements.push({ start, end });
  return { statements, lineComments, open };

  function closed(what: OpenToken, from: number, to: number | undefined): number {
    if (to === undefined) open = { start: from, what };
    return to ?? text.length;
  }
}

/** Whether a text holds anything but white space and comments. */
export function hasStatement(text: string): boolean {
  return split(text).statements.length > 0;
}

/** A statement's first words, in lower case, up to a token that is none; comments are passed over. */
export function firstWords(text: string, limit: number): readonly string[] {
  const words: string[] = [];
  let at = 0;
  while (words.length < limit && at < text.length) {
    const char = text.charCodeAt(at);
    if (isSpace(char)) at++;
    else if (text.startsWith("--", at)) at = endOfLine(text, at);
    else if (text.startsWith("/*", at)) at = endOfBlockComment(text, at) ?? text.length;
    else if (isIdentifierStart(char)) {
      const start = at;
      at = endOfIdentifier(text, at);
      words.push(text.slice(start, at).toLowerCase());
    } else break;
  }
  return words;
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

/** Gives the token before. Behind a semicolon another statement of the block begins. */
function nextToken(block: Block, char: string): string {
  const { previous } = block;
  if (previous === ";") block.words.length = 0;
  block.previous = char;
  return previous;
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

function makesRoutine(words: readonly string[]): boolean {
  if (words[0] !== "create") return false;
  const kind = words[1] === "or" && words[2] === "replace" ? words[3] : words[1];
  return kind === "function" || kind === "procedure";
}

// ---- tokens ----

function endOfLine(text: string, at: number): number {
  while (at < text.length && !isLineEnd(text.charCodeAt(at))) at++;
  return at;
}

function endOfBlockComment(text: string, at: number): number | undefined {
  let depth = 0;
  while (at < text.length) {
    if (text.startsWith("/*", at)) {
      depth++;
      at += 2;
    } else if (text.startsWith("*/", at)) {
      at += 2;
      if (--depth === 0) return at;
    } else at++;
  }
  return undefined;
}

/** Behind a quoted string or identifier; a doubled quote stands for itself. */
function endOfQuoted(text: string, at: number, mark: number): number | undefined {
  at++;
  while (at < text.length) {
    if (text.charCodeAt(at) !== mark) at++;
    else if (text.charCodeAt(at + 1) === mark) at += 2;
    else return at + 1;
  }
  return undefined;
}

/**
 * Behind E'…', where a backslash takes the next character with it. A string that goes on
 * after a line end (E'a' newline 'b') is still an escape string there.
 */
function endOfEscapeString(text: string, at: number): number | undefined {
  at++;
  while (at < text.length) {
    const char = text.charCodeAt(at);
    if (char === backslash) at += 2;
    else if (char !== quote) at++;
    else if (text.charCodeAt(at + 1) === quote) at += 2;
    else {
      continuation.lastIndex = at + 1;
      const next = continuation.exec(text);
      if (next === null) return at + 1;
      at += 1 + next[0].length;
    }
  }
  return undefined;
}

/** Behind $tag$ … $tag$, or behind the dollar sign where no tag follows (a parameter: $1). */
function endOfDollar(text: string, at: number): number | undefined {
  dollarTag.lastIndex = at;
  const tag = dollarTag.exec(text)?.[0];
  if (tag === undefined) return at + 1;
  const close = text.indexOf(tag, at + tag.length);
  return close < 0 ? undefined : close + tag.length;
}

function endOfIdentifier(text: string, at: number): number {
  while (at < text.length && isIdentifierPart(text.charCodeAt(at))) at++;
  return at;
}

// Each character can be read in one way only: otherwise an indent would take exponential time.
const continuation =
  /(?:[ \t\f\v]|--[^\n\r]*(?=[\n\r]))*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'/y;
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;

const quote = 39;
const doubleQuote = 34;
const dollar = 36;
const dash = 45;
const slash = 47;
const star = 42;
const semicolon = 59;
const backslash = 92;
const openParenthesis = 40;
const closeParenthesis = 41;

function isSpace(char: number): boolean {
  return char === 32 || (char >= 9 && char <= 13);
}

function isLineEnd(char: number): boolean {
  return char === 10 || char === 13;
}

function isIdentifierStart(char: number): boolean {
  const letter = char | 32;
  return (letter >= 97 && letter <= 122) || char === 95 || char >= 0x80;
}

function isIdentifierPart(char: number): boolean {
  return isIdentifierStart(char) || (char >= 48 && char <= 57) || char === dollar;
}
