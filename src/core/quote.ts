/** An identifier as SQL text, quoted whether it needs it or not. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal; right only with standard_conforming_strings on, which lacuna sets. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A word as a message may repeat it: one that could be a URL has a password in it. */
export function shown(word: string): string {
  return /:\/\/|password/i.test(word) ? "a URL that is not shown" : `"${word}"`;
}
