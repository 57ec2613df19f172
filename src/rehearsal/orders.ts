/** The two orders in which the same migrations are run, and the databases for it. */
import type { Migration, MigrationSet } from "../core/migration.ts";
import type { Contents } from "../core/contents.ts";
import type { Base } from "../core/order.ts";
import type { Verdict } from "../core/verdict.ts";
import { compareVersions } from "../core/version.ts";
import type { Database } from "../ports.ts";
import type { Rehearsal, Rehearsed } from "./rehearse.ts";

export interface OrderOptions {
  /** Its world's database is not used. */
  readonly rehearsal: Rehearsal;
  readonly set: MigrationSet;
  readonly base: Base;
  /** What the rehearsal said of what is pending. */
  readonly pending: readonly Verdict[];
  readonly inEmpty: InEmpty;
  /** Before the first of these databases was made: what they hold of later times is "now". */
  readonly since: Date;
  /** Where the base and all that is pending ran already, if it is still there. */
  readonly rehearsed: Database | undefined;
  /** What a new database gets, begun while that ran. */
  readonly early: Early | undefined;
}

/** Gives an empty database to `work`, any number of them at the same time. */
export type InEmpty = <T>(work: (database: Database) => Promise<T>) => Promise<T>;

/** The whole set in numeric order, in a database that is there until `end`. */
export interface Early {
  readonly inOrder: Promise<Replica>;
  end(): Promise<void>;
}

/** A database, how the migrations that it was given went, and what is in it now. */
export interface Replica {
  readonly database: Database;
  readonly replayed: Rehearsed;
  readonly contents: Contents;
}

export interface Orders extends OrderOptions {
  readonly gaps: readonly Migration[];
  /** The base alone, in the order in which it was applied. */
  readonly applied: readonly Migration[];
  /** The base, then what is pending. */
  readonly late: readonly Migration[];
  /** The same in numeric order, as a new database gets them. */
  readonly inOrder: readonly Migration[];
}

export function onDatabase(
  { rehearsal }: Pick<OrderOptions, "rehearsal">,
  database: Database,
): Rehearsal {
  const running = { migration: undefined };
  return { ...rehearsal, running, world: { ...rehearsal.world, database } };
}

export function inNumericOrder(migrations: readonly Migration[]): readonly Migration[] {
  return migrations.toSorted((left, right) => compareVersions(left.version, right.version));
}
