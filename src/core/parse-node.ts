/** Reading the parse tree that libpg-query gives: JSON, of which nothing is taken for granted. */

/** A node of the parse tree: one key, the node's type. */
export type ParseNode = Readonly<Record<string, unknown>>;

/** Whether a predicate holds for any node below; each is given with the key that it stands under. */
export function anyNode(
  value: unknown,
  holds: (type: string, fields: ParseNode) => boolean,
): boolean {
  if (Array.isArray(value)) return value.some((item) => anyNode(item, holds));
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(
    ([type, fields]) =>
      typeof fields === "object" &&
      fields !== null &&
      ((!Array.isArray(fields) && holds(type, fields as ParseNode)) || anyNode(fields, holds)),
  );
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
