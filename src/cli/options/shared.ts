/** Flags that several commands have, or all of them. */
import type { PolicyRequest, PoolerMode } from "../../request.ts";
import type { Command, Flag } from "./definition.ts";

export const migrations: Flag = {
  name: "migrations",
  value: "DIR",
  values: "folder",
  about: "folder of the migrations (default: those inside the executable, else ./migrations)",
};

export const databaseUrl: Flag = {
  name: "database-url",
  value: "URL",
  about:
    "postgres://user@host/database, or pglite:./folder (default: DATABASE_URL_FILE, DATABASE_URL, PG*)",
};

export const testDatabaseUrl: Flag = {
  name: "database-url",
  value: "URL",
  about:
    "postgres://user@host/database, or pglite:./folder (default: TEST_DATABASE_URL, else an embedded Postgres in memory)",
};

export const requireDatabase: Flag = {
  name: "require-database",
  about: "fail where neither --database-url nor TEST_DATABASE_URL is set",
};

export const tracker: Flag = {
  name: "tracker",
  value: "NAME",
  about: "schema.table of the tracker (default: public.applied_migrations)",
};

export function connectTimeout(fallback: "5s" | "60s"): Flag {
  return {
    name: "connect-timeout",
    value: "TIME",
    about: `how long to wait for a database that is not there yet (default: ${fallback})`,
  };
}

/** Of a command that a person asks, and waits for the answer. */
export const database: readonly Flag[] = [databaseUrl, tracker, connectTimeout("5s")];

export const stuckAfter: Flag = {
  name: "stuck-after",
  value: "TIME",
  about: "how long the embedded Postgres may be at one migration (default: 60s)",
};

export const roles: Flag = {
  name: "roles",
  value: "NAMES",
  about: "roles the migrations take for granted, made in the embedded Postgres: app,reader",
};

/** Common flags that a command without a database accepts, for scripts that always give them. */
export const unused: readonly Flag[] = [databaseUrl, tracker];

export const checksumModes: readonly PolicyRequest["checksums"][] = ["warn", "enforce", "off"];

export const policy: readonly Flag[] = [
  { name: "to", value: "V", about: "stop at version V; gaps below it are included" },
  {
    name: "checksums",
    value: "MODE",
    values: checksumModes,
    about: "warn, enforce or off: what an edited file that is applied means (default: warn)",
  },
  { name: "strict", about: "refuse versions that are applied and not in the set" },
  { name: "new-here", about: "go on although the database has tables and no tracker" },
];

export const lockWait: Flag = {
  name: "lock-wait",
  value: "TIME",
  about: "how long to wait for another runner (default: 5min)",
};

export const poolerModes: readonly PoolerMode[] = ["auto", "session"];

export const pooler: Flag = {
  name: "pooler",
  value: "MODE",
  values: poolerModes,
  about: "auto, or session: go on where a pooler's mode cannot be found out (default: auto)",
};

export const locks: readonly Flag[] = [
  lockWait,
  pooler,
  {
    name: "lock-retry-for",
    value: "TIME",
    about: "how long to try a migration that cannot get its locks (default: 5min)",
  },
];

/** In the place of a command. */
export const standaloneFlags: readonly Flag[] = [
  { name: "help", about: "show the commands" },
  { name: "version", about: "show the version, and which migrations are inside" },
];

/** Flags of every command. */
export const commonFlags: readonly Flag[] = [
  { name: "json", about: "machine-readable output" },
  { name: "quiet", about: "say only what was asked for, and what went wrong" },
  { name: "verbose", about: "say more: the server, every statement" },
  { name: "no-color", about: "no colours (NO_COLOR does the same)" },
  { name: "help", about: "show the help of a command" },
];

export function flagsOf(command: Command): readonly Flag[] {
  return [...command.flags, ...commonFlags];
}
