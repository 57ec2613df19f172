// Only type-checked: every exported name, used as its documentation says.
import { PGlite } from "@electric-sql/pglite";
import { citext } from "@electric-sql/pglite/contrib/citext";
import postgres from "postgres";
import {
  applyMigrations,
  type Applied,
  type ApplyOptions,
  MigrationError,
  type MigrationEvent,
  readMigrations,
  verifyMigrations,
  VerifyError,
  type VerifyOptions,
  type VerifyReport,
  type VerifyResult,
} from "lacuna";
import { migratedDatabase, migratedPglite } from "lacuna/testing";

export async function everything(url: string): Promise<Applied> {
  const migrations = await readMigrations(new URL("./migrations/", import.meta.url));
  const first: string | undefined = migrations.list[0]?.sql;
  const onEvent = (event: MigrationEvent): void => {
    if (event.kind === "applied") console.log(event.migration.id, event.elapsedMs, first);
  };
  const options: ApplyOptions = { database: url, migrations, onEvent };
  try {
    await applyMigrations({ database: postgres(url), migrations });
    await applyMigrations({ database: new PGlite(), migrations });
    await applyMigrations({
      database: await PGlite.create({ extensions: { citext } }),
      migrations,
    });
    // @ts-expect-error: no such word.
    await applyMigrations({ database: url, migrations, checksums: "always" });
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    for (const problem of error.problems) {
      if (problem.code === "migration-failed") console.log(problem.place?.line, problem.error.code);
    }
  }
  await using fresh = await migratedPglite({ migrations });
  const { rows } = await fresh.query<{ n: number }>("select 1 as n");
  await using extended = await migratedPglite({ migrations, extensions: { citext } });
  await extended.exec("select 1");
  await using database = await migratedDatabase({ server: url, migrations });
  console.log(database.url, rows[0]?.n);
  return await applyMigrations(options);
}

export async function rehearsed(options: VerifyOptions): Promise<readonly VerifyResult[]> {
  try {
    const report: VerifyReport = await verifyMigrations({ ...options, method: "scratch" });
    return report.results;
  } catch (error) {
    if (error instanceof VerifyError) return error.report.results;
    throw error;
  }
}
