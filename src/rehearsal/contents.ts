import { readRows } from "../catalog/rows.ts";
import { readSchema } from "../catalog/schema.ts";
import { connectToRead } from "../connect.ts";
import type { Contents } from "../core/contents.ts";
import type { MigrationSet } from "../core/migration.ts";
import type { LeftOut } from "../core/rows.ts";
import type { World } from "../ports.ts";
import type { MigrateRequest } from "../request.ts";

/** What is in a database that a replay has filled. */
export function readContents(
  world: World,
  request: MigrateRequest,
  set: MigrationSet,
  leftOut?: LeftOut,
): Promise<Contents> {
  const { tracker } = request;
  const silent = { ...world, reporter: { report: (): void => undefined } };
  return connectToRead(silent, request, set, async (session) => ({
    schema: await readSchema(session, { tracker, grants: false }),
    rows: await readRows(session, tracker, leftOut),
  }));
}
