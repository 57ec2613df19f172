/** Commands and flags, said once: cac reads them, and the help is made of them. */

export interface Flag {
  readonly name: string;
  /** The value's name in the help; undefined for a switch. */
  readonly value?: string;
  readonly about: string;
}

export interface Command {
  readonly name: string;
  /** Positional arguments, in cac's notation. */
  readonly args: string;
  readonly about: string;
  readonly details?: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly (readonly [string, string])[];
}

const migrations: Flag = {
  name: "migrations",
  value: "DIR",
  about: "folder of the migrations (default: those inside the executable, else ./migrations)",
};

const databaseUrl: Flag = {
  name: "database-url",
  value: "URL",
  about:
    "postgres://user@host/database, or pglite:./folder (default: DATABASE_URL_FILE, DATABASE_URL, PG*)",
};

const testDatabaseUrl: Flag = {
  name: "database-url",
  value: "URL",
  about:
    "postgres://user@host/database, or pglite:./folder (default: TEST_DATABASE_URL, else an embedded Postgres in memory)",
};

const requireDatabase: Flag = {
  name: "require-database",
  about: "fail where neither --database-url nor TEST_DATABASE_URL is set",
};

const tracker: Flag = {
  name: "tracker",
  value: "NAME",
  about: "schema.table of the tracker (default: public.applied_migrations)",
};

function connectTimeout(fallback: "5s" | "60s"): Flag {
  return {
    name: "connect-timeout",
    value: "TIME",
    about: `how long to wait for a database that is not there yet (default: ${fallback})`,
  };
}

/** Of a command that a person asks, and waits for the answer. */
const database: readonly Flag[] = [databaseUrl, tracker, connectTimeout("5s")];

/** Common flags that a command without a database accepts, for scripts that always give them. */
const unused: readonly Flag[] = [databaseUrl, tracker];

const policy: readonly Flag[] = [
  { name: "to", value: "V", about: "stop at version V; gaps below it are included" },
  {
    name: "checksums",
    value: "MODE",
    about: "warn, enforce or off: what an edited file that is applied means (default: warn)",
  },
  { name: "strict", about: "refuse versions that are applied and not in the set" },
  { name: "new-here", about: "go on although the database has tables and no tracker" },
];

const locks: readonly Flag[] = [
  {
    name: "lock-wait",
    value: "TIME",
    about: "how long to wait for another runner (default: 5min)",
  },
  {
    name: "lock-retry-for",
    value: "TIME",
    about: "how long to try a migration that cannot get its locks (default: 5min)",
  },
];

const [lockWait] = locks as [Flag];

/** Flags of every command. */
export const commonFlags: readonly Flag[] = [
  { name: "json", about: "machine-readable output" },
  { name: "quiet", about: "say only what was asked for, and what went wrong" },
  { name: "verbose", about: "say more: the server, every statement" },
  { name: "no-color", about: "no colours (NO_COLOR does the same)" },
  { name: "help", about: "show the help of a command" },
];

/** What of `up` can be said to `serve --up`. */
const upFlags: readonly Flag[] = [...policy.slice(1), ...locks, connectTimeout("60s")].map(
  (flag) => ({
    ...flag,
    about: `with --up: ${flag.about}`,
  }),
);

/** They mean nothing to a `serve` that does not migrate. */
export const flagsWithUp: readonly string[] = upFlags.map((flag) => flag.name);

export const commands: readonly Command[] = [
  {
    name: "up",
    args: "",
    about: "apply what is pending, lowest version first, gaps included",
    flags: [
      ...policy,
      { name: "dry-run", about: "only show what would be done, as `plan` does" },
      ...locks,
      databaseUrl,
      tracker,
      connectTimeout("60s"),
      migrations,
    ],
    examples: [
      ["lacuna up --database-url postgres://app@localhost/app", "apply everything that is pending"],
      ["lacuna up --to 42", "apply every pending version up to 42"],
    ],
  },
  {
    name: "verify",
    args: "",
    about: "the gate before deploy: run what is pending where nothing can be harmed",
    details: `Where it runs:
  no database given        an embedded Postgres, from empty, everything for real
  --database-url           on that database's data, in one transaction that is rolled back
  --database-url --isolated   the same, each migration alone in a transaction of its own
  --database-url --scratch    in a database made on that server for it, and dropped
DATABASE_URL and the PG* variables are not read. Exit 7 with findings.`,
    flags: [
      {
        name: "database-url",
        value: "URL",
        about: "a copy or a test database (default: TEST_DATABASE_URL, else none)",
      },
      { name: "isolated", about: "roll back behind each migration, not at the end" },
      { name: "scratch", about: "make a database on that server, run everything, drop it" },
      {
        name: "scratch-owns-server",
        about: "with --scratch: run CREATE ROLE and the like too; the server is there for tests",
      },
      { name: "shared", about: "go on although other clients are connected" },
      {
        name: "time-limit",
        value: "TIME",
        about: "end the whole, rolled back, after this time (default: none; with --shared 30s)",
      },
      {
        name: "stuck-after",
        value: "TIME",
        about: "how long the embedded Postgres may be at one migration (default: 60s)",
      },
      {
        name: "roles",
        value: "NAMES",
        about: "roles the migrations take for granted, made in the embedded Postgres: app,reader",
      },
      { name: "strict", about: "what cannot be verified in this way is a failure too" },
      requireDatabase,
      { name: "junit", value: "FILE", about: "write a JUnit report too" },
      ...policy.filter((flag) => flag.name === "checksums" || flag.name === "new-here"),
      lockWait,
      tracker,
      connectTimeout("5s"),
      migrations,
    ],
    examples: [
      ["lacuna verify", "needs no server: everything, from empty"],
      ["lacuna verify --database-url postgres://app@localhost/copy", "on a copy's data"],
    ],
  },
  {
    name: "plan",
    args: "",
    about: "show what `up` would do, in order; writes nothing",
    flags: [...policy, ...database, migrations],
    examples: [["lacuna plan --json", "for a program to read"]],
  },
  {
    name: "status",
    args: "",
    about: "show every version with its state; writes nothing",
    flags: [
      { name: "check", about: "exit 3 unless everything is applied and nothing was changed" },
      ...database,
      migrations,
    ],
    examples: [["lacuna status --check", "a gate for scripts"]],
  },
  {
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
      [
        "lacuna smoke --database-url postgres://ci@localhost/empty",
        "on a database for the purpose",
      ],
    ],
  },
  {
    name: "wait",
    args: "",
    about: "wait until the database has every migration of the set; writes nothing",
    details: `It exits 0 when all are applied, 3 when the time is over, and 4 at once where one is renamed or
renumbered. A database that is not there yet is waited for.`,
    flags: [
      { name: "timeout", value: "TIME", about: "how long to wait (default: 5min)" },
      databaseUrl,
      tracker,
      migrations,
    ],
    examples: [
      ["lacuna wait --timeout 10min", "an init container, while a Job runs `lacuna up`"],
      ["lacuna wait --json", "one JSON object a line, each time when something changes"],
    ],
  },
  {
    name: "serve",
    args: "",
    about: "answer /healthz, /readyz and /metrics until it is stopped",
    details: `Paths:
  /healthz  200: it is alive; its version and the set's digest; asks no database
  /readyz   200 if every migration of the set is applied and none renamed or renumbered, else 503
  /metrics  the same in numbers, for Prometheus`,
    flags: [
      {
        name: "port",
        value: "PORT",
        about: "where to listen; 0 is any that is free (default: 8080)",
      },
      {
        name: "host",
        value: "HOST",
        about: "the address to listen on (default: all of this machine)",
      },
      {
        name: "up",
        about: "migrate first, not ready meanwhile; end with its exit code if it fails",
      },
      ...upFlags,
      databaseUrl,
      tracker,
      migrations,
    ],
    examples: [
      ["lacuna serve", "a sidecar; curl localhost:8080/readyz"],
      ["lacuna serve --up --host 127.0.0.1 --port 9090", "migrate, then stay and tell"],
    ],
  },
  {
    name: "show",
    args: "<V>",
    about: "print the SQL of version V, byte for byte; needs no database",
    flags: [
      { name: "down", about: "its down file; what to delete from the tracker goes to stderr" },
      ...unused,
      migrations,
    ],
    examples: [["lacuna show 103 --down | psql", "take version 103 back"]],
  },
  {
    name: "new",
    args: "<NAME>",
    about: "write the next NNN_name.up.sql and .down.sql",
    flags: [
      { name: "timestamp", about: "number it by the time of day (UTC) instead" },
      ...unused,
      migrations,
    ],
    examples: [["lacuna new add_users", "writes migrations/008_add_users.up.sql and .down.sql"]],
  },
  {
    name: "mark",
    args: "<STATE> [...V]",
    about: "record or forget versions without running them",
    details: `States:
  applied V…          the versions are recorded as applied, with their files' checksums
  applied --up-to V   the same for every version up to V: a baseline
  pending V…          the versions, and how far they came, are forgotten
  renamed V…          the files' names are accepted
  changed V…          the files' contents are accepted (--all-adopted: of all adopted versions)
  renumbered OLD NEW  what was applied as OLD is the file NEW`,
    flags: [
      { name: "up-to", value: "V", about: "with applied: every version up to V" },
      { name: "all-adopted", about: "with changed: every version taken over without a checksum" },
      lockWait,
      ...database,
      migrations,
    ],
    examples: [
      ["lacuna mark applied --up-to 42", "this database was migrated up to 42 by other means"],
      ["lacuna mark pending 43", "let 43 run again"],
    ],
  },
];

export function flagsOf(command: Command): readonly Flag[] {
  return [...command.flags, ...commonFlags];
}
