/**
 * lacuna as a library: the runner without the command line. Like main.ts it puts the parts
 * together; unlike it, it knows no process, reads no environment and prints nothing.
 *
 * What it opens it closes; a client that it is given stays open.
 */
import { type Opened, openDatabase } from "./library/database.ts";
import { asMigrationError, MigrationError } from "./library/error.ts";
import { readMigrations, resolveMigrations } from "./library/migrations.ts";
import {
  type ApplyOptions,
  checkNames,
  readRunOptions,
  runOptionNames,
} from "./library/options.ts";
import { type Applied, runMigrations } from "./library/run.ts";
import { runVerify, VerifyError, type VerifyOptions } from "./library/verify.ts";
import type { VerifyReport } from "./library/verify-report.ts";

export { MigrationError, readMigrations, VerifyError };
export type { Applied, ApplyOptions };
export type { PgliteClient } from "./adapters/pglite-client.ts";
export type { ExplainedProblem } from "./library/error.ts";
export type { MigrationEvent, Note } from "./library/events.ts";
export type { MigrationFile, Migrations } from "./library/migrations.ts";
export type { MigrationName } from "./library/name.ts";
export type { PostgresClient } from "./library/postgres-client.ts";
export type { VerifyOptions } from "./library/verify.ts";
export type { OrderComparison, VerifyReport, VerifyResult } from "./library/verify-report.ts";

/**
 * Applies what is pending, lowest version first, gaps included: `lacuna up`. Any number of
 * processes may call it at the same time; they take turns.
 *
 * @throws MigrationError for whatever can be expected to go wrong.
 */
export async function applyMigrations(options: ApplyOptions): Promise<Applied> {
  let opened: Opened | undefined;
  try {
    checkNames(options, ["database", "migrations", ...runOptionNames]);
    const request = readRunOptions(options);
    const migrations = await resolveMigrations(options.migrations);
    opened = await openDatabase(options.database, request.lockWaitMs);
    await using database = opened.database;
    return await runMigrations({ ...opened, database }, migrations, request, options);
  } catch (error) {
    throw asMigrationError(error, {
      cut: opened?.cut,
      isAborted: options?.signal?.aborted === true,
    });
  }
}

/**
 * Runs what is pending where nothing can be harmed: `lacuna verify`. Without a database everything
 * runs from empty, in an embedded Postgres; on one it is rolled back.
 *
 * @throws VerifyError with findings: a gate that nobody looks at must not pass.
 * @throws MigrationError where the rehearsal could not be held.
 */
export function verifyMigrations(options: VerifyOptions): Promise<VerifyReport> {
  return runVerify(options);
}
