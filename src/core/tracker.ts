import { type Result, refuse, succeed } from "./result.ts";
import { quoteIdentifier, shown } from "./quote.ts";

/** Where the applied versions are recorded, as the catalog spells it (unquoted). */
export interface TrackerName {
  readonly schema: string;
  readonly table: string;
}

export const defaultTracker: TrackerName = { schema: "public", table: "applied_migrations" };

/**
 * Reads `schema.table` or `table` as SQL does: parts in double quotes are taken as they are,
 * others are folded to lower case.
 */
export function parseTracker(text: string): Result<TrackerName> {
  const parts = [
    ...text.matchAll(
      /(?:^|(?<=.)\.)(?:"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))/gy,
    ),
  ];
  const read = parts.map(
    (part) =>
      part[1]?.replaceAll('""', '"') ??
      part[2]?.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) ??
      "",
  );
  const [first, second] = read;
  const isWhole = parts.map((part) => part[0]).join("") === text;
  const isShort = read.every((name) => new TextEncoder().encode(name).length <= longestName);
  if (isWhole && isShort && first !== undefined && read.length <= 2) {
    return succeed(
      second === undefined
        ? { schema: defaultTracker.schema, table: first }
        : { schema: first, table: second },
    );
  }
  return refuse({
    code: "usage",
    message: `Cannot use ${shown(text)} as the tracker's name`,
    hint: "the form is table or schema.table, with double quotes around names that need them; at most 54 bytes each",
  });
}

// PostgreSQL cuts names to 63 bytes in silence, and `_progress` is put behind ours.
const longestName = 54;

export function quoteTracker({ schema, table }: TrackerName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
}

export function quoteProgress({ schema, table }: TrackerName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(`${table}_progress`)}`;
}

/** For messages: quotes only where SQL needs them. */
export function displayTracker({ schema, table }: TrackerName): string {
  const show = (name: string): string =>
    /^[a-z_][a-z0-9_$]*$/.test(name) ? name : quoteIdentifier(name);
  return `${show(schema)}.${show(table)}`;
}
