/** What a database holds, schema and rows, and what two of them do not have alike. */
import { type DatabaseRows, rowDifferences } from "./rows.ts";
import {
  columnOrder,
  haveSameColumns,
  keyOf,
  type Schema,
  schemaDifferences,
  schemaOf,
} from "./schema.ts";

export interface Contents {
  readonly schema: Schema;
  readonly rows: DatabaseRows;
}

export const emptyContents: Contents = {
  schema: schemaOf([]),
  rows: { tables: [], sequences: [] },
};

/** One object, or the rows of one table. */
export interface ContentDifference {
  /** What it is called, and told apart by: `index public.users_email_idx`, `rows of public.users`. */
  readonly what: string;
  readonly kind: "object" | "rows" | "column order" | "numbering";
  /** Names that a migration that touches it may have in its text. */
  readonly words: readonly string[];
  /** Undefined: it is not there. */
  readonly left: string | undefined;
  readonly right: string | undefined;
}

export function contentDifferences(left: Contents, right: Contents): readonly ContentDifference[] {
  const objects = schemaDifferences(left.schema, right.schema).flatMap(
    ({ left: one, right: other, ...object }): ContentDifference[] => {
      const words = [...wordsOf(object.name), ...wordsOf(object.on ?? "")];
      const found = { what: keyOf(object), words, left: one, right: other };
      if (object.kind !== columnOrder) return [{ kind: "object", ...found }];
      // With other columns the order says nothing that the columns themselves do not say.
      const hasSameColumns = haveSameColumns(one, other);
      return hasSameColumns ? [{ kind: "column order", ...found }] : [];
    },
  );
  const rows = rowDifferences(left.rows, right.rows).map(
    ({ what, left: one, right: other, isNumberingOnly }): ContentDifference => ({
      what,
      kind: isNumberingOnly ? "numbering" : "rows",
      words: wordsOf(what.replace(/^rows of |^sequence /, "")),
      left: one,
      right: other,
    }),
  );
  return [...objects, ...rows];
}

/** A name without its schema, its arguments and quotes: `public.f(integer)` is f. */
function wordsOf(name: string): readonly string[] {
  const parts = name.replace(/\(.*$/s, "").match(/"(?:[^"]|"")+"|[^."\s]+/g) ?? [];
  // The schema says nothing: public stands in many files.
  return parts
    .slice(parts.length > 2 ? -2 : -1)
    .map((part) => part.replace(/^"|"$/g, "").toLowerCase());
}
