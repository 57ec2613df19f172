/** What the man page says beside the commands. The README says it too; a test compares the two. */
import type { ExitCode } from "../core/problem.ts";

/** In the notation of the help: code between backticks. */
type Entries = readonly (readonly [term: string, about: string])[];

export const exitCodes: Readonly<Record<ExitCode, string>> = {
  0: "done, or nothing to do",
  1: "a migration failed: a transactional one was rolled back, a `no-transaction` one stopped at the statement that is named",
  2: "usage, configuration, or a file that may not run",
  3: "not in sync (`status --check`, `smoke`, `wait` timed out)",
  4: "the history contradicts itself: duplicate, renamed, renumbered, a dirty old tracker, a full database without a tracker",
  5: "the lock was not to be had, or an outcome is unknown",
  6: "cannot connect, or only through a pooler in transaction mode",
  7: "`verify`, `check` or `drift` found something, or `verify`'s time limit was reached",
  70: "a bug in lacuna",
  130: "interrupted by SIGINT",
  143: "interrupted by SIGTERM",
};

export const directives: Entries = [
  [
    "-- lacuna: no-transaction",
    "runs the file statement by statement, for `CREATE INDEX CONCURRENTLY` and the like; a file with one such statement alone needs no directive",
  ],
  [
    "-- lacuna: lock-timeout 10s",
    "how long each attempt waits for locks, instead of 1, 2, 5, 5 … s",
  ],
  ["-- lacuna: statement-timeout 5min", "how long each statement may take"],
  [
    "-- lacuna: rerunnable",
    "`CALL` and `DO` of a `no-transaction` file may run again after a kill",
  ],
];

export const fileNames: Entries = [
  ["<version>_<name>.up.sql", "what `up` runs; a version is digits of any length"],
  ["<version>_<name>.sql", "the same"],
  ["<version>_<name>.down.sql", "what takes it back, for `lacuna show --down`; it is never run"],
];

/** Those that database-url.ts reads; a test compares. */
const pgVariables = [
  "PGHOST",
  "PGPORT",
  "PGUSER",
  "PGPASSWORD",
  "PGDATABASE",
  "PGPASSFILE",
  "PGSSLMODE",
  "PGSSLROOTCERT",
  "PGSSLCERT",
  "PGSSLKEY",
  "PGTARGETSESSIONATTRS",
  "PGOPTIONS",
  "PGAPPNAME",
  "PGCHANNELBINDING",
  "PGGSSENCMODE",
  "PGSSLNEGOTIATION",
];

export const environmentVariables: Entries = [
  [
    "DATABASE_URL_FILE",
    "a file that holds the URL of the database, where no --database-url is given",
  ],
  ["DATABASE_URL", "the URL itself, where there is no such file"],
  [
    pgVariables.join(", "),
    "the database, where there is no URL, and what a URL does not say, as for psql",
  ],
  [
    "TEST_DATABASE_URL",
    "the database of `verify` and `smoke`, which read none of the variables above",
  ],
  ["HOME", "where .pgpass is looked for"],
  ["GIT_DIR", "the repository of `check` and `renumber`; what else git reads is passed on to it"],
  ["NO_COLOR", "no colours; the same goes for a `TERM` that is dumb"],
  [
    "GITHUB_ACTIONS",
    "`verify` and `check` write annotations too, with paths below `GITHUB_WORKSPACE`",
  ],
];
