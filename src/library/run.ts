/** One run of migrations on a database that is open: the World around migrate(). */
import { postgresParser } from "../adapters/parser.ts";
import { hostName, systemClock } from "../adapters/system.ts";
import { migrate } from "../migrate.ts";
import type { Database, Interruption, Reporter, World } from "../ports.ts";
import type { MigrateRequest } from "../request.ts";
import { MigrationError } from "./error.ts";
import { publicEvent } from "./events.ts";
import type { Opened } from "./database.ts";
import { type Migrations, sourceOf } from "./migrations.ts";
import { type MigrationName, nameOf } from "./name.ts";
import type { RunOptions } from "./options.ts";

/** What a run did. */
export interface Applied {
  /** What this run applied, in order. */
  readonly applied: readonly MigrationName[];
  /** What is pending still: versions above `to`. */
  readonly left: readonly MigrationName[];
  /** The set digest. */
  readonly digest: string;
}

/** @throws MigrationError where a migration failed; what comes from deeper is thrown as it is. */
export async function runMigrations(
  { database, cut }: Opened,
  migrations: Migrations,
  request: MigrateRequest,
  { onEvent, signal }: Pick<RunOptions, "onEvent" | "signal">,
): Promise<Applied> {
  const interruption = interruptionOf(signal);
  if (interruption.signal !== undefined) {
    const problem = { code: "interrupted", signal: interruption.signal } as const;
    throw new MigrationError([problem], { cause: signal?.reason });
  }
  const listener = listenerOf(onEvent);
  const world = worldOf(database, migrations, listener, interruption);
  const outcome = await migrate(world, request);
  const applied = outcome.applied.map(nameOf);
  const [first, ...rest] = outcome.problems;
  if (first !== undefined) {
    const cause: unknown = first.code === "interrupted" ? signal?.reason : undefined;
    const ids = applied.map((one) => one.id);
    throw new MigrationError([first, ...rest], { applied: ids, cause, cut });
  }
  listener.throwFailure();
  return { applied, left: outcome.left.map(nameOf), digest: migrations.digest };
}

export function worldOf(
  database: Database,
  migrations: Migrations,
  reporter: Reporter,
  interruption: Interruption,
): World {
  return {
    source: sourceOf(migrations),
    database,
    parser: postgresParser,
    reporter,
    clock: systemClock(interruption),
    interruption,
    hostName: hostName(),
  };
}

export function interruptionOf(signal: AbortSignal | undefined): Interruption {
  return {
    get signal() {
      return signal?.aborted === true ? "AbortSignal" : undefined;
    },
    onSignal(callback) {
      const onAbort = (): void => {
        callback();
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      return () => signal?.removeEventListener("abort", onAbort);
    },
  };
}

/** A listener that throws in the middle of a message from the server must not break its reading. */
export function listenerOf(onEvent: RunOptions["onEvent"]): Reporter & { throwFailure(): void } {
  let failure: { readonly error: unknown } | undefined;
  return {
    report(event) {
      try {
        const told = publicEvent(event);
        if (told !== undefined) onEvent?.(told);
      } catch (error) {
        failure ??= { error };
      }
    },
    throwFailure() {
      if (failure !== undefined) throw failure.error;
    },
  };
}
