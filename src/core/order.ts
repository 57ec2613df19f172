/**
 * Whether a migration that comes late leaves what a fresh database gets, where all run in numeric
 * order: the words of the comparison. `rehearsal/order.ts` makes it.
 */
import { differsInLineEndsOnly } from "./checksum.ts";
import {
  type AppliedSet,
  appliedSetOf,
  type Migration,
  type MigrationSet,
  type ProgressRow,
} from "./migration.ts";
import type { Problem } from "./problem.ts";
import { compareVersions, type Version } from "./version.ts";

/** What is applied already, wherever that was read, and what to call the place. Never a password. */
export interface Base {
  /** `localhost/app`, `status.json`, `git:main`. */
  readonly label: string;
  readonly applied: AppliedSet;
  /** Versions of `no-transaction` files that stopped at a statement. */
  readonly inPart?: ReadonlySet<Version>;
  /** How far they came, where that is known. */
  readonly progress?: readonly ProgressRow[];
}

/**
 * Its migrations in the order in which they were applied, as far as the set has them. A run that
 * recorded several at once (an adoption, `mark applied --up-to`) counts as one in numeric order.
 */
export function appliedOrder({ applied }: Base, set: MigrationSet): readonly Migration[] {
  const time = (version: Version): number => applied.get(version)?.appliedAt?.getTime() || 0;
  return [...set.values()]
    .filter(({ version }) => applied.has(version))
    .toSorted(
      (left, right) =>
        time(left.version) - time(right.version) || compareVersions(left.version, right.version),
    );
}

/** Where all of them are applied, in numeric order. */
export function baseOfMigrations(label: string, migrations: Iterable<Migration>): Base {
  const appliedAt = new Date(0);
  const rows = [...migrations].map(({ version, name, up: { checksum } }) => ({
    version,
    name,
    appliedAt,
    checksum,
  }));
  return { label, applied: appliedSetOf(rows) };
}

/** What of a base its files do not tell: they were edited since, or are not in the set. */
export function caveatsOf({ applied }: Base, set: MigrationSet): readonly string[] {
  return [...applied.values()].flatMap(({ version, name, checksum }): string[] => {
    const migration = set.get(version);
    if (migration === undefined) return [`${version}_${name} is applied, and not in this set`];
    const { id, up } = migration;
    const isEdited =
      checksum !== null && checksum !== up.checksum && !differsInLineEndsOnly(up.bytes, checksum);
    return isEdited ? [`${id} was edited after it was applied`] : [];
  });
}

export interface OrderReport {
  /** The pending migrations that are late. */
  readonly gaps: readonly Migration[];
  /** `same`: but for what the notes say, which harms nobody. */
  readonly result: "same" | "different" | "not compared";
  readonly findings: readonly OrderFinding[];
  /** Where the base is not what its files say today: a comparison can only be as true. */
  readonly caveats: readonly string[];
  /** What differs and harms nobody: the order of columns, the numbers that a sequence gave. */
  readonly notes: readonly string[];
  /** Why it was not compared, and how it can be. */
  readonly unverified: { readonly reason: string; readonly way: string } | undefined;
}

/** One thing that comes out otherwise because a migration is late. */
export interface OrderFinding {
  /**
   * `fails late`: it cannot be applied after those that are applied already. `fails in order`: a
   * fresh database cannot be made. `object`, `rows`: both end, and not alike.
   */
  readonly kind: "fails late" | "fails in order" | "object" | "rows";
  /** `index public.users_email_idx`, `rows of public.settings`. */
  readonly what: string;
  /** Undefined: it is not there. */
  readonly inOrder: string | undefined;
  readonly late: string | undefined;
  /** The late migrations that touch it. */
  readonly gaps: readonly Migration[];
  /** The migrations with higher numbers, applied already, that touch it as well. */
  readonly others: readonly Migration[];
  /** Why it fails. */
  readonly problem: Problem | undefined;
}
