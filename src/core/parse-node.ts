/** Reading the parse tree that libpg-query gives: JSON, of which nothing is taken for granted. */

/** A node of the parse tree: one key, the node's type. */
export type ParseNode = Readonly<Record<string, unknown>>;

/**
 * Whether a predicate holds for any node below; each is given with the key that it stands under.
 * A sum of some thousand terms is a tree as deep: it is walked without recursion.
 */
export function anyNode(
  value: unknown,
  holds: (type: string, fields: ParseNode) => boolean,
): boolean {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one !== "object" || one === null) continue;
    for (const [type, fields] of Object.entries(one)) {
      if (typeof fields !== "object" || fields === null) continue;
      if (!Array.isArray(one) && !Array.isArray(fields) && holds(type, fields as ParseNode)) {
        return true;
      }
      left.push(fields);
    }
  }
  return false;
}

export function hasOption(options: unknown, name: string): boolean {
  return (
    Array.isArray(options) &&
    options.some((option) => asNode(asNode(option)["DefElem"])["defname"] === name)
  );
}

export function typeAndFields(node: ParseNode): [string, ParseNode] {
  const [type, fields] = Object.entries(node)[0] ?? ["", {}];
  return [type, asNode(fields)];
}

export function asNode(value: unknown): ParseNode {
  return typeof value === "object" && value !== null ? (value as ParseNode) : {};
}

export function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
