import { readRows } from "../catalog/rows.ts";
import { readSchema } from "../catalog/schema.ts";
import { connectToRead } from "../connect.ts";
import type { Contents } from "../core/contents.ts";
import type { MigrationSet } from "../core/migration.ts";
import type { DatabaseRows, LeftOut } from "../core/rows.ts";
import type { World } from "../ports.ts";
import type { MigrateRequest } from "../request.ts";

/** What is in a database that a replay has filled. @param since When it was made, or before that. */
export function readContents(
  world: World,
  { tracker, connectTimeoutMs }: MigrateRequest,
  set: MigrationSet,
  since: Date,
): Promise<Contents> {
  return connectToRead(silent(world), { tracker, connectTimeoutMs }, set, async (session) => ({
    schema: await readSchema(session, { tracker, grants: true }),
    rows: await readRows(session, tracker, undefined, since),
  }));
}

/** The rows alone, without columns that are others each time. */
export function readStableRows(
  world: World,
  { tracker, connectTimeoutMs }: MigrateRequest,
  set: MigrationSet,
  since: Date,
  leftOut: LeftOut,
): Promise<DatabaseRows> {
  return connectToRead(silent(world), { tracker, connectTimeoutMs }, set, (session) =>
    readRows(session, tracker, leftOut, since),
  );
}

function silent(world: World): World {
  return { ...world, reporter: { report: (): void => undefined } };
}
