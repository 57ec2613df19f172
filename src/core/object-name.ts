/** What stands in an object's name: `public."My table".id` → public, My table, id. */
export function partsOfName(name: string): readonly string[] {
  const parts: string[] = [];
  // The arguments of a routine and what follows a blank belong to no name.
  for (const [whole, quoted, bare] of name.matchAll(/"((?:[^"]|"")*)"\.?|([^."(\s]+)\.?|[(\s]/g)) {
    if (quoted !== undefined) parts.push(quoted.replaceAll('""', '"'));
    else if (bare !== undefined) parts.push(bare);
    else break;
    if (!whole.endsWith(".")) break;
  }
  return parts;
}
