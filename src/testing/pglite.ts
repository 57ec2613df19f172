/** A fresh, migrated PGlite: made once for a set of migrations, and copied from then on. */
import {
  changed,
  type CopyOptions,
  copyOf,
  emptyCluster,
  type Extensions,
  type PgliteWith,
  type Snapshot,
} from "../adapters/pglite-snapshot.ts";
import { clientDatabase } from "../adapters/pglite-client.ts";
import { displayTracker } from "../core/tracker.ts";
import { asMigrationError } from "../library/error.ts";
import { type Migrations, resolveMigrations } from "../library/migrations.ts";
import { checkNames, readRunOptions } from "../library/options.ts";
import { runMigrations } from "../library/run.ts";
import type { MigrateRequest } from "../request.ts";
import { productVersion } from "../product.ts";

export interface MigratedPgliteOptions<
  E extends Extensions | undefined = undefined,
> extends CopyOptions<E> {
  /** A folder, as a path or a `file:` URL, or what readMigrations() gave. */
  readonly migrations: string | URL | Migrations;
  /** `table` or `schema.table`, quoted as in SQL. Default: `public.applied_migrations`. */
  readonly tracker?: string;
}

/**
 * A new PGlite in memory with all migrations applied; close it when the test is over
 * (`await using` does). The first call in a process takes seconds, since a cluster has to be made
 * and migrated; each one with the same migrations, tracker and extensions after that takes a
 * third of a second. The folder is read anew by each call, so an edited file is seen.
 *
 * Its `shared_buffers` are 16 MB, and its WAL segments 1 MB.
 *
 * @throws MigrationError as applyMigrations() does.
 */
export async function migratedPglite<E extends Extensions | undefined = undefined>(
  options: MigratedPgliteOptions<E>,
): Promise<PgliteWith<E>> {
  try {
    checkNames(options, ["migrations", "tracker", "extensions", "parsers", "serializers", "debug"]);
    const { migrations: given, tracker, ...copying } = options;
    const request = readRunOptions({ tracker });
    const migrations = await resolveMigrations(given);
    const snapshot = await once(keyOf(migrations, request, copying.extensions ?? {}), async () =>
      migratedCluster(await once("empty", emptyCluster), migrations, request, copying),
    );
    return await copyOf(snapshot, copying);
  } catch (error) {
    throw asMigrationError(error);
  }
}

function migratedCluster<E extends Extensions | undefined>(
  empty: Snapshot,
  migrations: Migrations,
  request: MigrateRequest,
  copying: CopyOptions<E>,
): Promise<Snapshot> {
  return changed(empty, copying, async (pglite) => {
    const database = clientDatabase(pglite, request.lockWaitMs);
    await runMigrations(
      { database, sibling: undefined, cut: (text) => text },
      migrations,
      request,
      {},
    );
  });
}

function keyOf(
  migrations: Migrations,
  { tracker }: MigrateRequest,
  extensions: Extensions,
): string {
  const names = Object.entries(extensions).map(([name, one]) => `${name}=${numberOf(one)}`);
  return JSON.stringify([migrations.digest, displayTracker(tracker), names.toSorted()]);
}

/** An extension may be made by a function, with options: it is the same if it is the same object. */
function numberOf(extension: object): number {
  const { numbers } = kept();
  const known = numbers.get(extension) ?? ++kept().count;
  numbers.set(extension, known);
  return known;
}

/** Calls that come while it is being made wait for it; a failure is not kept. */
async function once(key: string, make: () => Promise<Snapshot>): Promise<Snapshot> {
  const { snapshots } = kept();
  const making = snapshots.get(key) ?? make();
  // The last used is the last; a watcher that reads edited files for hours keeps a few of them.
  snapshots.delete(key);
  snapshots.set(key, making);
  for (const old of [...snapshots.keys()].slice(0, -mostKept)) snapshots.delete(old);
  try {
    return await making;
  } catch (error) {
    if (snapshots.get(key) === making) snapshots.delete(key);
    throw error;
  }
}

/** Of some 30 MB each. */
const mostKept = 6;

interface Kept {
  readonly snapshots: Map<string, Promise<Snapshot>>;
  readonly numbers: WeakMap<object, number>;
  count: number;
}

/** Of the process: a test runner may load this module anew for each test file. */
function kept(): Kept {
  const key = Symbol.for(`lacuna.testing.${productVersion}`);
  const shared = globalThis as { [key]?: Kept };
  return (shared[key] ??= { snapshots: new Map(), numbers: new WeakMap(), count: 0 });
}
