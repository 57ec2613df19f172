/**
 * Whether a statement's first words say what it is. Nearly all statements are of that kind, and a
 * parse tree costs a hundred times what a look at their tokens costs.
 */
import {
  ampersand,
  backslash,
  dollar,
  doubleQuote,
  isIdentifierStart,
  isWord,
  quote,
} from "./tokens.ts";

/** What was seen in a statement, as bits. */
export const nestedSemicolon = 1;
export const quotedSemicolon = 2;
/** A token whose end is not simply the next mark of its kind, or that is no plain ASCII. */
const oddToken = 4;
/** A word that changes what a statement is, wherever it stands. */
const tellingWord = 8;

/**
 * A semicolon is the only thing that ends a statement. Where there is none, or only in plain
 * strings, quoted identifiers and comments with nothing odd around, nobody can see two.
 */
export function isClear(sights: number): boolean {
  if ((sights & (nestedSemicolon | tellingWord)) !== 0) return false;
  return (sights & quotedSemicolon) === 0 || (sights & oddToken) === 0;
}

export function sightsOf(text: string, at: number, to: number, char: number): number {
  if (isIdentifierStart(char)) {
    if (char >= 0x80 || text.charCodeAt(to - 1) === quote) return oddToken;
    return isTelling(text, at, to) ? tellingWord : 0;
  }
  switch (char) {
    case dollar:
    case backslash:
      return oddToken;
    case quote:
      return text.charCodeAt(at - 1) === ampersand ? oddToken : 0;
    case doubleQuote:
      // U&"…" spells a name by numbers.
      return text.charCodeAt(at - 1) === ampersand ||
        /^"(?:lacuna|set_config)/i.test(text.slice(at, at + 12))
        ? tellingWord
        : 0;
    default:
      return 0;
  }
}

function isTelling(text: string, at: number, to: number): boolean {
  switch (to - at) {
    case 4:
      return isWord(text, at, to, "temp");
    case 6:
      return isWord(text, at, to, "lacuna");
    case 9:
      return isWord(text, at, to, "temporary");
    case 10:
      return isWord(text, at, to, "set_config");
    case 12:
      return isWord(text, at, to, "concurrently");
    default:
      return false;
  }
}
