/**
 * Which errors of PGlite say that this engine, or an empty cluster, lacks something that the
 * real one may have, and not that the SQL is wrong. A migration that fails for a lack is not
 * proven wrong; it is not proven right either.
 *
 * What could be a slip of the pen is no lack: a language or a wrapper has to be known by name,
 * and a collation has to look like a system's. What is left open on purpose are names that only
 * the cluster can know: its extensions, roles, tablespaces, databases and files.
 */
import { namesAfter } from "./extensions.ts";
import type { MigrationSet } from "./migration.ts";
import type { ServerMessage } from "./problem.ts";

/** What the set makes by itself: where that is missing, its order is wrong. */
export interface MadeBySet {
  readonly extensions: readonly string[];
  readonly roles: readonly string[];
}

/** What is lacking, to be read behind "PGlite lacks": `the extension postgis`. */
export function lackOf(error: ServerMessage, made: MadeBySet): string | undefined {
  for (const { code, message, lack } of lacks) {
    if (!code.includes(error.code)) continue;
    const found = message.exec([error.message, error.detail ?? ""].join("\n"));
    const words = found && lack(found[1] ?? "", made);
    if (words !== null && words !== undefined) return words;
  }
  return undefined;
}

export function madeBy(set: MigrationSet): MadeBySet {
  return {
    extensions: namesAfter("create extension", set),
    roles: ["create role", "create user", "create group"].flatMap((words) =>
      namesAfter(words, set),
    ),
  };
}

interface Lack {
  readonly code: readonly string[];
  readonly message: RegExp;
  /** Undefined: it is the author's fault. */
  readonly lack: (name: string, made: MadeBySet) => string | undefined;
}

const undefinedObject = "42704";
const notSupported = "0A000";
const invalidValue = "22023";
const undefinedFile = "58P01";

const lacks: readonly Lack[] = [
  {
    code: [notSupported],
    message: /^extension "(.+)" is not available$/m,
    lack: (name) => `the extension ${name}`,
  },
  {
    code: [undefinedObject],
    message: /^collation "(.+)" for encoding "\w+" does not exist$/m,
    lack: (name) => (isSystemCollation.test(name) ? `the collation ${name}` : undefined),
  },
  {
    code: [undefinedObject],
    message: /^language "(.+)" does not exist$/m,
    lack: (name, made) =>
      languages.has(name) || made.extensions.includes(name) ? `the language ${name}` : undefined,
  },
  {
    code: [undefinedObject],
    message: /^foreign-data wrapper "(.+)" does not exist$/m,
    lack: (name, made) =>
      wrappers.has(name) || made.extensions.includes(name)
        ? `the foreign-data wrapper ${name}`
        : undefined,
  },
  {
    // SET ROLE and SET SESSION AUTHORIZATION have the second code.
    code: [undefinedObject, invalidValue],
    message: /^role "(.+)" does not exist$/m,
    lack: (name, made) => (made.roles.includes(name) ? undefined : `the role ${name}`),
  },
  {
    // SET default_tablespace says it in the detail.
    code: [undefinedObject, invalidValue],
    message: /^tablespace "(.+)" does not exist\.?$/im,
    lack: (name) => `the tablespace ${name}`,
  },
  {
    code: ["3D000"],
    message: /^database "(.+)" does not exist$/m,
    lack: (name) => `the database ${name}`,
  },
  {
    code: [undefinedFile],
    message: /^could not (?:access|open)(?: server)? (?:file|directory) "(.+?)"/m,
    lack: (name) => `the file ${name} on its machine`,
  },
  {
    code: [undefinedFile],
    message: /^directory "(.+)" does not exist$/m,
    lack: (name) => `the folder ${name} on its machine`,
  },
  {
    // A library that could not be loaded is found, and found broken, the second time.
    code: [undefinedFile, "XX000"],
    message: /^(?:could not load|incompatible) library ".*?([^/"]+?)(?:\.so)?"/m,
    lack: (name) => `the library ${name}`,
  },
  {
    // config_file_error: a dictionary, a thesaurus, stop words.
    code: ["F0000"],
    message: /^could not open (?:[\w-]+) file ".*?([^/"]+)"/m,
    lack: (name) => `the text search file ${name}`,
  },
  {
    code: [undefinedObject],
    message: /^unrecognized configuration parameter "([^".]+)\..+"$/m,
    lack: (name, made) =>
      made.extensions.includes(name) || settingsOwners.has(name)
        ? `the settings of ${name}`
        : undefined,
  },
  {
    code: [notSupported],
    message: /^compression method (\w+) not supported$/m,
    lack: (name) => `the compression method ${name}`,
  },
  {
    code: [invalidValue],
    message: /^invalid value for parameter "\w+_compression": "(lz4|zstd)"$/m,
    lack: (name) => `the compression method ${name}`,
  },
  {
    code: ["55000"],
    message: /^logical decoding requires "?wal_level"? >= "?(logical)"?$/m,
    lack: () => "logical replication",
  },
  {
    code: [invalidValue],
    message:
      /^(?:no security label providers have been|security label provider ".+" is not) loaded$/m,
    lack: () => "a provider of security labels",
  },
  {
    // The engine is dead. One that is merely stuck (PGLITE_STUCK) may be in an endless loop.
    code: ["PGLITE_DIED"],
    message: /^/,
    lack: () => "the means to run it: the statement broke the engine itself",
  },
];

/** As libc and ICU call theirs: `de_DE`, `de_DE.utf8`, `sr_RS@latin`, `de-x-icu`. */
const isSystemCollation =
  /^(?:[a-z]{2,3}_[A-Z]{2}(?:\.[\w-]+)?(?:@\w+)?|[a-z]{2,3}(?:-\w+)*-x-icu)$/;

const languages: ReadonlySet<string> = new Set([
  "plperl",
  "plperlu",
  "plpython2u",
  "plpython3u",
  "plpythonu",
  "pltcl",
  "pltclu",
  "plv8",
  "plcoffee",
  "plls",
  "plr",
  "pljava",
  "java",
  "javau",
  "plrust",
  "pllua",
  "plluau",
  "plsh",
]);

const wrappers: ReadonlySet<string> = new Set([
  "postgres_fdw",
  "dblink_fdw",
  "file_fdw",
  "mysql_fdw",
  "oracle_fdw",
  "tds_fdw",
  "mongo_fdw",
  "redis_fdw",
  "sqlite_fdw",
  "multicorn",
  "clickhouse_fdw",
  "parquet_fdw",
  "jdbc_fdw",
  "odbc_fdw",
  "ogr_fdw",
  "hdfs_fdw",
]);

/** Those whose settings are looked at without a CREATE EXTENSION: they come with a library. */
const settingsOwners: ReadonlySet<string> = new Set([
  "auto_explain",
  "cron",
  "pg_hint_plan",
  "pg_stat_statements",
  "pgaudit",
  "plperl",
  "plpython",
  "pltcl",
  "plv8",
  "postgis",
  "sepgsql",
  "timescaledb",
]);
