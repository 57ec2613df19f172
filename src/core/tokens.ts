/** The tokens of an SQL text, by the rules of src/backend/parser/scan.l. */

/** A statement's first words, in lower case, up to a token that is none; comments are passed over. */
export function firstWords(text: string, limit: number, from = 0): readonly string[] {
  const words: string[] = [];
  let at = from;
  while (words.length < limit && at < text.length) {
    const char = text.charCodeAt(at);
    if (isSpace(char)) at++;
    else if (isComment(text, at, char)) {
      const end = endOfToken(text, at, char);
      at = end < 0 ? text.length : end;
    } else if (isIdentifierStart(char)) {
      const start = at;
      at = endOfIdentifier(text, at);
      words.push(text.slice(start, at).toLowerCase());
    } else break;
  }
  return words;
}

/** What a token is, if the text ends within it. */
export type OpenToken = "string" | "quoted identifier" | "dollar-quoted string" | "comment";

/** Whether a word of letters and underscores stands there, in whatever case. Nothing is made for it. */
export function isWord(text: string, at: number, to: number, word: string): boolean {
  if (to - at !== word.length) return false;
  for (let index = 0; index < word.length; index++) {
    const char = text.charCodeAt(at + index);
    const wanted = word.charCodeAt(index);
    // Letters of both cases differ in one bit, and an underscore has another for a partner.
    if (char !== wanted && ((char | 32) !== wanted || wanted === underscore)) return false;
  }
  return true;
}

/** Behind the token, or -1 where the text ends within it. */
export function endOfToken(text: string, at: number, char: number): number {
  if (isIdentifierStart(char)) {
    const to = endOfIdentifier(text, at);
    const isEscapeString = to === at + 1 && isLetterE(char) && text.charCodeAt(to) === quote;
    return isEscapeString ? endOfEscapeString(text, to) : to;
  }
  switch (char) {
    case quote:
      return endOfQuoted(text, at, "'");
    case doubleQuote:
      return endOfQuoted(text, at, '"');
    case dollar:
      return endOfDollar(text, at);
    case dash:
      return text.charCodeAt(at + 1) === dash ? endOfLine(text, at) : at + 1;
    case slash:
      return text.charCodeAt(at + 1) === star ? endOfBlockComment(text, at) : at + 1;
    default:
      return at + 1;
  }
}

export function openTokenOf(char: number): OpenToken {
  if (char === slash) return "comment";
  if (char === dollar) return "dollar-quoted string";
  return char === doubleQuote ? "quoted identifier" : "string";
}

export function isComment(text: string, at: number, char: number): boolean {
  if (char === dash) return text.charCodeAt(at + 1) === dash;
  return char === slash && text.charCodeAt(at + 1) === star;
}

function endOfLine(text: string, at: number): number {
  while (at < text.length && !isLineEnd(text.charCodeAt(at))) at++;
  return at;
}

function endOfBlockComment(text: string, at: number): number {
  let depth = 0;
  for (; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char !== slash && char !== star) continue;
    const next = text.charCodeAt(at + 1);
    if (char === slash && next === star) {
      depth++;
      at++;
    } else if (char === star && next === slash) {
      at++;
      if (--depth === 0) return at + 1;
    }
  }
  return -1;
}

/** Behind a quoted string or identifier; a doubled quote stands for itself. */
function endOfQuoted(text: string, at: number, mark: "'" | '"'): number {
  for (;;) {
    at = text.indexOf(mark, at + 1);
    if (at < 0 || text.charCodeAt(at + 1) !== text.charCodeAt(at)) return at < 0 ? -1 : at + 1;
    at++;
  }
}

/**
 * Behind E'…', where a backslash takes the next character with it. A string that goes on
 * after a line end (E'a' newline 'b') is still an escape string there.
 */
function endOfEscapeString(text: string, at: number): number {
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
  return -1;
}

/** Behind $tag$ … $tag$, or behind the dollar sign where no tag follows (a parameter: $1). */
function endOfDollar(text: string, at: number): number {
  dollarTag.lastIndex = at;
  const tag = dollarTag.exec(text)?.[0];
  if (tag === undefined) return at + 1;
  const close = text.indexOf(tag, at + tag.length);
  return close < 0 ? -1 : close + tag.length;
}

function endOfIdentifier(text: string, at: number): number {
  while (at < text.length && isIdentifierPart(text.charCodeAt(at))) at++;
  return at;
}

// Each character can be read in one way only: otherwise an indent would take exponential time.
const continuation =
  /(?:[ \t\f\v]|--[^\n\r]*(?=[\n\r]))*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'/y;
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;

export const ampersand = 38;
export const quote = 39;
export const doubleQuote = 34;
export const dollar = 36;
export const dash = 45;
const slash = 47;
const underscore = 95;
const star = 42;
export const semicolon = 59;
export const backslash = 92;
export const openParenthesis = 40;
export const closeParenthesis = 41;

function isLetterE(char: number): boolean {
  return char === 69 || char === 101;
}

export function isSpace(char: number): boolean {
  return kindOf(char) === blank;
}

function isLineEnd(char: number): boolean {
  return char === 10 || char === 13;
}

/** Whether a character begins no longer token and says nothing: digits, commas, most operators. */
export function isOrdinary(char: number): boolean {
  return kindOf(char) === ordinary;
}

export function isIdentifierStart(char: number): boolean {
  return kindOf(char) === letter;
}

function isIdentifierPart(char: number): boolean {
  return kindOf(char) === letter || (char >= 48 && char <= 57) || char === dollar;
}

const ordinary = 0;
const blank = 1;
const letter = 2;
const telling = 3;

/** Looked up, not compared: every character of every file comes by. */
const kinds = Uint8Array.from({ length: 0x80 }, (_, char) => {
  if (char === 32 || (char >= 9 && char <= 13)) return blank;
  if (/[a-z_]/i.test(String.fromCharCode(char))) return letter;
  return /["$'();\\/-]/.test(String.fromCharCode(char)) ? telling : ordinary;
});

function kindOf(char: number): number {
  return char < 0x80 ? (kinds[char] ?? ordinary) : letter;
}
