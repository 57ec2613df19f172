/**
 * Positions. PostgreSQL counts characters (code points) from 1, JavaScript counts UTF-16 units
 * from 0, and people count lines and columns from 1. All conversions are here.
 */
export interface Place {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** The line's text, cut to a readable width around the column, tabs as they are. */
  readonly excerpt: string;
  /** White space that puts a caret under the column of the excerpt. */
  readonly indent: string;
}

/** The place of a UTF-16 offset. An offset behind the end is the end. */
export function placeOf(text: string, offset: number): Place {
  const at = Math.max(0, Math.min(offset, text.length));
  const { line, lineStart } = lineAt(text, at);
  const head = text.slice(lineStart, at);
  const tail = text.slice(at, at + tailWidth);
  // A line of a dump can be megabytes long: a window around the column is what helps.
  const isCut = head.length > leadWidth;
  const lead = isCut ? `…${whole(head.slice(-leadWidth))}` : head;
  return {
    line,
    column: codePointsIn(head) + 1,
    excerpt: lead + whole(/^[^\n\r]*/.exec(tail)?.[0] ?? ""),
    indent: lead.replace(graphemes, (one) => (one === "\t" ? one : " ".repeat(cellsOf(one)))),
  };
}

/** Counted by hand: a pattern that looks for the last line end tries from every character. */
function lineAt(text: string, at: number): { readonly line: number; readonly lineStart: number } {
  let line = 1;
  let lineStart = 0;
  for (let index = 0; index < at; index++) {
    const char = text.charCodeAt(index);
    const isLineEnd =
      char === lineFeed || (char === carriageReturn && text.charCodeAt(index + 1) !== lineFeed);
    if (!isLineEnd) continue;
    line++;
    lineStart = index + 1;
  }
  return { line, lineStart };
}

/** Without the half of a surrogate pair that a cut can leave at either end. */
function whole(text: string): string {
  return text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
}

/**
 * The UTF-16 offset of PostgreSQL's position in a message that has `prefixLength` characters
 * in front of the text; undefined where the position lies in the prefix.
 */
export function offsetOfPosition(
  text: string,
  position: number,
  prefixLength: number,
): number | undefined {
  const codePoints = position - 1 - prefixLength;
  if (codePoints < 0) return undefined;
  let offset = 0;
  for (let count = 0; count < codePoints && offset < text.length; count++) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }
  return offset;
}

/** The UTF-16 offset of the parser's position, which counts bytes of UTF-8 from 0. */
export function offsetOfByte(text: string, bytes: number): number {
  let offset = 0;
  let left = bytes;
  for (const char of text) {
    if (left <= 0) break;
    const code = char.codePointAt(0) ?? 0;
    left -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
    offset += char.length;
  }
  return offset;
}

/** How many characters PostgreSQL counts in a text. */
export function codePointsIn(text: string): number {
  // Those beyond the first plane are two units each; most texts have none.
  if (!/[\ud800-\udbff]/.test(text)) return text.length;
  let count = 0;
  for (let offset = 0; offset < text.length; count++) {
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  }
  return count;
}

/** How many cells of a terminal a text takes. */
export function cellsIn(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  return (text.match(graphemes) ?? []).reduce((cells, one) => cells + cellsOf(one), 0);
}

/** Cells of a terminal: East Asian wide characters and pictures take two. */
function cellsOf(grapheme: string): number {
  return /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u.test(
    grapheme,
  )
    ? 2
    : 1;
}

// A character with the marks that are drawn over it.
const graphemes = /\P{M}\p{M}*/gu;
const lineFeed = 10;
const carriageReturn = 13;
const leadWidth = 120;
const tailWidth = 80;
