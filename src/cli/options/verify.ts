import type { Command } from "./definition.ts";
import {
  connectTimeout,
  lockWait,
  migrations,
  policy,
  pooler,
  requireDatabase,
  roles,
  stuckAfter,
  tracker,
} from "./shared.ts";

export const verify = (): Command => ({
  name: "verify",
  args: "",
  about: "the gate before deploy: run what is pending where nothing can be harmed",
  details: `Where it runs:
  no database given        an embedded Postgres, from empty, everything for real
  --database-url           on that database's data, in one transaction that is rolled back
  --database-url --isolated   the same, each migration alone in a transaction of its own
  --database-url --scratch    in a database made on that server for it, and dropped
With --applied-from an empty one is taken there first: what is applied runs in the order in which it was,
and then what is pending. Each gap is compared with a new database, where all run in numeric order.
DATABASE_URL and the PG* variables are not read. Exit 7 with findings.`,
  flags: [
    {
      name: "database-url",
      value: "URL",
      about: "a copy or a test database (default: TEST_DATABASE_URL, else none)",
    },
    {
      name: "applied-from",
      value: "FROM",
      values: "file",
      about:
        "what is applied: a database's URL (its tracker is read), a file of `status --json`, or git:REF",
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
    stuckAfter,
    roles,
    { name: "strict", about: "what cannot be verified in this way is a failure too" },
    requireDatabase,
    { name: "junit", value: "FILE", values: "file", about: "write a JUnit report too" },
    ...policy.filter((flag) => flag.name === "checksums" || flag.name === "new-here"),
    lockWait,
    pooler,
    tracker,
    connectTimeout("5s"),
    migrations,
  ],
  examples: [
    ["lacuna verify", "needs no server: everything, from empty"],
    [
      "lacuna verify --applied-from postgres://reader@production/app",
      "what these migrations will do to that database, without touching it",
    ],
    ["lacuna verify --database-url postgres://app@localhost/copy", "on a copy's data"],
  ],
});
