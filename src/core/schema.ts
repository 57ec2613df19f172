/** What is in a database, as values that can be compared. */
import type { Brand } from "./brand.ts";
import { createHash } from "./hash.ts";

/** One object, described so that two databases with the same one describe it in the same words. */
export interface SchemaObject {
  /** `table`, `column`, `index` … */
  readonly kind: string;
  /** Schema-qualified, with quotes where SQL needs them: public.users.email */
  readonly name: string;
  /** The relation that it stands on, for what has no name of its own in a migration: public.users */
  readonly on: string | undefined;
  readonly definition: string;
}

/** All objects of a database, by kind and name. Only schemaOf() makes one. */
export type Schema = Brand<ReadonlyMap<string, SchemaObject>, "Schema">;

/** An object that two databases do not have alike; undefined: it is not there. */
export interface SchemaDifference {
  readonly kind: string;
  readonly name: string;
  readonly on: string | undefined;
  readonly left: string | undefined;
  readonly right: string | undefined;
}

/** The order of a table's columns is an object of its own: alone, it is seldom anybody's concern. */
export const columnOrder = "column order";

export function schemaOf(objects: readonly SchemaObject[]): Schema {
  const byKey = objects.toSorted(byKindAndName).map((one) => [keyOf(one), one] as const);
  return new Map(byKey) as ReadonlyMap<string, SchemaObject> as Schema;
}

/** SHA-256, hex, over kind, name and definition of all objects in order. */
export function schemaDigest(schema: Schema): string {
  const hash = createHash("sha256");
  for (const { kind, name, definition } of schema.values()) {
    // No name and no definition holds a NUL: PostgreSQL has no text with one.
    hash.update(`${kind}\0${name}\0${definition}\0`);
  }
  return hash.digest("hex");
}

/** What differs, in the order of the schemas. */
export function schemaDifferences(left: Schema, right: Schema): readonly SchemaDifference[] {
  const all = new Map([...left, ...right]);
  return [...all.values()].toSorted(byKindAndName).flatMap((known): SchemaDifference[] => {
    const [one, other] = [left.get(keyOf(known)), right.get(keyOf(known))];
    if (one?.definition === other?.definition) return [];
    const { kind, name, on } = known;
    return [{ kind, name, on, left: one?.definition, right: other?.definition }];
  });
}

/** How many objects there are of each kind, in the order of the kinds. */
export function countKinds(schema: Schema): readonly (readonly [kind: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const { kind } of schema.values()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts];
}

/** Unique in a schema; the name alone is not: a table and a type of its own share one. */
export function keyOf({ kind, name }: Pick<SchemaObject, "kind" | "name">): string {
  return `${kind} ${name}`;
}

function byKindAndName(left: SchemaObject, right: SchemaObject): number {
  return compareUnits(left.kind, right.kind) || compareUnits(left.name, right.name);
}

/** By code units: the same order on every machine, whatever the locale. */
function compareUnits(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Whether two tables have the same columns, whatever their order. */
export function haveSameColumns(left: string | undefined, right: string | undefined): boolean {
  return sortedNames(left) === sortedNames(right);
}

function sortedNames(definition: string | undefined): string | undefined {
  return definition?.split(", ").toSorted().join(", ");
}
