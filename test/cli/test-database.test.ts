import { expect, test } from "bun:test";
import { findTestDatabase } from "../../src/cli/database-url.ts";

const production = {
  DATABASE_URL: "postgres://prod@prod/prod",
  DATABASE_URL_FILE: "/prod",
  PGHOST: "prod",
  PGPORT: "9999",
  PGUSER: "prod",
  PGPASSWORD: "prod",
  PGDATABASE: "prod",
  PGOPTIONS: "prod",
  PGSERVICE: "prod",
  PGSSLMODE: "verify-full",
  PGSSLROOTCERT: "/prod",
  PGPASSFILE: "/prod",
  PGTARGETSESSIONATTRS: "primary",
  PGAPPNAME: "prod",
};

function find(flag: string | undefined, environment: Readonly<Record<string, string>>) {
  const read: string[] = [];
  const found = findTestDatabase({
    flag,
    environment: { ...production, HOME: "/home", ...environment },
    userName: () => "me",
    readFile: (path) => {
      read.push(path);
      return undefined;
    },
  });
  return { found, read };
}

test("nothing of production's environment reaches a rehearsal", () => {
  const { found, read } = find(undefined, { TEST_DATABASE_URL: "postgres://" });
  expect(found).toMatchObject({
    ok: true,
    value: { hosts: [{ host: "localhost", port: 5432 }], user: "me", database: "me" },
  });
  expect(JSON.stringify(found)).not.toMatch(/prod|9999|verify|primary/);
  expect(read).toEqual(["/home/.pgpass"]);
});

test.each([
  { about: "neither", flag: undefined, environment: {}, database: undefined },
  {
    about: "what is empty is not set",
    flag: undefined,
    environment: { TEST_DATABASE_URL: "" },
    database: undefined,
  },
  {
    about: "the variable",
    flag: undefined,
    environment: { TEST_DATABASE_URL: "postgres://h/variable" },
    database: "variable",
  },
  {
    about: "the flag goes first",
    flag: "postgres://h/flag",
    environment: { TEST_DATABASE_URL: "postgres://h/variable" },
    database: "flag",
  },
])("$about", ({ flag, environment, database }) => {
  const { found } = find(flag, environment);
  if (!found.ok) throw new Error("refused");
  expect(found.value?.engine === "server" ? found.value.database : undefined).toBe(database);
});

test("a bad one is refused, never passed over", () => {
  expect(find(undefined, { TEST_DATABASE_URL: "mysql://x" }).found).toMatchObject({
    ok: false,
    problems: [{ code: "bad-database", source: "TEST_DATABASE_URL" }],
  });
});
