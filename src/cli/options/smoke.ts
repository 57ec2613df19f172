import type { Command } from "./definition.ts";
import {
  connectTimeout,
  locks,
  migrations,
  requireDatabase,
  testDatabaseUrl,
  tracker,
} from "./shared.ts";

export const smoke = (): Command => ({
  name: "smoke",
  args: "",
  about: "the boot check: migrate, and prove that all of it is there; not for production",
  details: `Steps:
  up             every pending migration is applied
  applied = set  exactly: nothing pending, nothing beyond the set, nothing changed
  second up      has nothing to do
  GET /healthz   is answered with 200 and the set's digest

It really migrates, so DATABASE_URL, DATABASE_URL_FILE and PG* are not read.`,
  flags: [requireDatabase, ...locks, testDatabaseUrl, tracker, connectTimeout("60s"), migrations],
  examples: [
    ["lacuna smoke", "in an embedded Postgres: needs no server"],
    ["lacuna smoke --database-url postgres://ci@localhost/empty", "on a database for the purpose"],
  ],
});
