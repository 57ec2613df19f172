/** An identifier as SQL text, quoted whether it needs it or not. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string literal; right only with standard_conforming_strings on, which lacuna sets. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
