import { describe, expect, test } from "bun:test";
import {
  type DatabaseSources,
  type Environment,
  findDatabase,
} from "../../../src/cli/database-url.ts";
import type { ServerTarget } from "../../../src/core/target.ts";
import { codesOf, valueOf } from "../made.ts";

interface World {
  readonly flag?: string;
  readonly environment?: Environment;
  readonly files?: Readonly<Record<string, string>>;
}

function sourcesOf({ flag, environment = {}, files = {} }: World): DatabaseSources {
  return { flag, environment, userName: () => "me", readFile: (path) => files[path] };
}

const find = (world: World): ReturnType<typeof findDatabase> => findDatabase(sourcesOf(world));

function serverOf(world: World): ServerTarget {
  const target = valueOf(find(world));
  if (target.engine !== "server") throw new Error("an embedded database");
  return target;
}

function messageOf(world: World): string {
  const result = find(world);
  return result.ok ? "" : JSON.stringify(result.problems);
}

describe("the first that is set is taken", () => {
  const file = { DATABASE_URL_FILE: "/run/url" };
  const url = { DATABASE_URL: "postgres://h/url" };
  const pg = { PGHOST: "h", PGDATABASE: "pg" };
  const files = { "/run/url": "postgres://h/file\n" };
  test.each([
    {
      name: "the flag",
      flag: "postgres://h/flag",
      environment: { ...file, ...url, ...pg },
      database: "flag",
    },
    {
      name: "the file of DATABASE_URL_FILE, without its line end",
      environment: { ...file, ...url, ...pg },
      database: "file",
    },
    { name: "DATABASE_URL", environment: { ...url, ...pg }, database: "url" },
    {
      name: "DATABASE_URL, where DATABASE_URL_FILE is empty",
      environment: { DATABASE_URL_FILE: "", ...url, ...pg },
      database: "url",
    },
    { name: "PG*", environment: pg, database: "pg" },
    {
      name: "PG*, where DATABASE_URL is empty",
      environment: { DATABASE_URL: "", ...pg },
      database: "pg",
    },
    { name: "PGDATABASE alone", environment: { PGDATABASE: "pg" }, database: "pg" },
    { name: "PGHOST alone: the user's database", environment: { PGHOST: "h" }, database: "me" },
  ])("$name", ({ flag, environment, database }) => {
    expect(serverOf({ ...(flag === undefined ? {} : { flag }), environment, files }).database).toBe(
      database,
    );
  });

  test.each([
    { name: "nothing", environment: {} },
    { name: "empty variables", environment: { DATABASE_URL: "", PGHOST: "", PGDATABASE: "" } },
    {
      name: "a user and a password, which name no database",
      environment: { PGUSER: "u", PGPASSWORD: "p", PGPORT: "1" },
    },
    { name: "the URL of the tests", environment: { TEST_DATABASE_URL: "postgres://h/test" } },
  ])("$name is no database, and never a silent fallback", ({ environment }) => {
    expect(codesOf(find({ environment }))).toEqual(["no-database"]);
  });

  test("a file that cannot be read is told by its name, and nothing else is tried", () => {
    expect(codesOf(find({ environment: { ...file, ...url } }))).toEqual(["bad-database"]);
    expect(messageOf({ environment: { ...file, ...url } })).toContain("/run/url");
  });

  test("PGSERVICE is refused, not passed over", () => {
    expect(messageOf({ environment: { PGSERVICE: "s", ...pg } })).toContain("PGSERVICE");
  });
});

describe("an embedded database", () => {
  test.each([
    { url: "pglite:memory", folder: undefined },
    { url: "pglite:./db", folder: "./db" },
    { url: "pglite:/a b?c", folder: "/a b?c" },
  ])("$url", ({ url, folder }) => {
    expect(valueOf(find({ flag: url }))).toEqual({ engine: "pglite", folder });
  });

  test("pglite: without a folder is refused", () => {
    expect(codesOf(find({ flag: "pglite:" }))).toEqual(["bad-database"]);
  });
});

describe("a server's URL", () => {
  const defaults = { engine: "server", sessionAttributes: "any", tls: { mode: "prefer" } } as const;
  const host = (name: string, port = 5432): { host: string; port: number } => ({
    host: name,
    port,
  });
  test.each([
    {
      url: "postgres://h/d",
      target: { hosts: [host("h")], user: "me", database: "d", password: undefined },
    },
    { url: "postgresql://h/d", target: { hosts: [host("h")], database: "d" } },
    { url: "postgres://", target: { hosts: [host("localhost")], database: "me" } },
    { url: "postgres:///d", target: { hosts: [host("localhost")], database: "d" } },
    { url: "postgres://u@h", target: { user: "u", database: "u" } },
    {
      url: "postgres://u:p@h:6000/d",
      target: { user: "u", password: "p", hosts: [host("h", 6000)], database: "d" },
    },
    { url: "postgres://u:p%40s%2Fs%3A%25@h/d", target: { password: "p@s/s:%" } },
    { url: "postgres://u:a:b@h/d", target: { user: "u", password: "a:b" } },
    { url: "postgres://u:a@b@h/d", target: { password: "a@b", hosts: [host("h")] } },
    {
      url: "postgres://%C3%A9:%F0%9F%98%80@h/%C3%A9",
      target: { user: "é", password: "😀", database: "é" },
    },
    { url: "postgres://:5433/d", target: { hosts: [host("localhost", 5433)] } },
    { url: "postgres://[::1]:5433/d", target: { hosts: [host("::1", 5433)] } },
    { url: "postgres://[fe80::1]/d", target: { hosts: [host("fe80::1")] } },
    { url: "postgres://a,b:6000/d", target: { hosts: [host("a"), host("b", 6000)] } },
    { url: "postgres://%2Frun%2Fpg/d", target: { hosts: [host("/run/pg")] } },
    { url: "postgres:///d?host=/run/pg&port=6000", target: { hosts: [host("/run/pg", 6000)] } },
    { url: "postgres:///d?host=a,b&port=1,2", target: { hosts: [host("a", 1), host("b", 2)] } },
    { url: "postgres:///d?host=::1", target: { hosts: [host("::1")] } },
    { url: "postgres://h/d?user=u&password=p%26q", target: { user: "u", password: "p&q" } },
    { url: "postgres://h?dbname=d", target: { database: "d" } },
    { url: "postgres://h/d?sslmode=require", target: { tls: { mode: "require" } } },
    {
      url: "postgres://h/d?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c&sslkey=/k",
      target: {
        tls: { mode: "verify-full", rootCertificate: "/ca.pem", certificate: "/c", key: "/k" },
      },
    },
    {
      url: "postgres://h/d?sslrootcert=system",
      target: { tls: { mode: "verify-full", rootCertificate: "system" } },
    },
    {
      url: "postgres://h/d?target_session_attrs=read-write",
      target: { sessionAttributes: "read-write" },
    },
    {
      url: "postgres://h/d?application_name=a%20b&options=-c%20x%3D1",
      target: { applicationName: "a b", options: "-c x=1" },
    },
    {
      url: "postgres://h/d?channel_binding=prefer&gssencmode=disable&client_encoding=utf8",
      target: { database: "d" },
    },
    { url: "postgres://h/d?", target: { database: "d" } },
  ] satisfies readonly { url: string; target: object }[])(
    "$url",
    ({ url, target }: { url: string; target: object }) => {
      expect(serverOf({ flag: url })).toMatchObject({ ...defaults, ...target });
    },
  );

  test.each([
    { name: "another scheme", url: "mysql://h/d", says: "postgres://" },
    { name: "no scheme", url: "h/d", says: "postgres://" },
    { name: "nothing", url: "", says: "postgres://" },
    { name: "words of libpq", url: "host=h dbname=d", says: "postgres://" },
    {
      name: "an unknown parameter",
      url: "postgres://h/d?pool=5",
      says: "the parameter pool is not known",
    },
    { name: "two unknown ones", url: "postgres://h/d?pool=5&x=1", says: "pool, x" },
    { name: "one of another case", url: "postgres://h/d?SSLMODE=require", says: "SSLMODE" },
    { name: "one that every object has", url: "postgres://h/d?toString=1", says: "toString" },
    {
      name: "another one that every object has",
      url: "postgres://h/d?constructor=1",
      says: "constructor",
    },
    {
      name: "a parameter twice",
      url: "postgres://h/d?sslmode=require&sslmode=disable",
      says: "sslmode is there twice",
    },
    { name: "an unknown sslmode", url: "postgres://h/d?sslmode=on", says: "verify-full" },
    {
      name: "a session that only reads",
      url: "postgres://h/d?target_session_attrs=standby",
      says: "read-write",
    },
    {
      name: "a channel binding that is not to be had",
      url: "postgres://h/d?channel_binding=require",
      says: "channel_binding=require",
    },
    {
      name: "another encoding",
      url: "postgres://h/d?client_encoding=latin1",
      says: "client_encoding=latin1",
    },
    { name: "port 0", url: "postgres://h:0/d", says: "65535" },
    { name: "port 65536", url: "postgres://h:65536/d", says: "65535" },
    { name: "a port that is no number", url: "postgres://h:x/d", says: "65535" },
    { name: "a port parameter that is no number", url: "postgres://h/d?port=5e3", says: "65535" },
    { name: "a bare IPv6 address", url: "postgres://::1/d", says: "65535" },
    { name: "half an escape", url: "postgres://u:100%@h/d", says: "% in it" },
    { name: "half an escape in a parameter", url: "postgres://h/d?options=%zz", says: "% in it" },
    { name: "half an escape in a host", url: "postgres://h%/d", says: "% in it" },
    { name: "a host in two places", url: "postgres://h/d?host=/run/pg", says: "host" },
    { name: "a port in two places", url: "postgres://h:1/d?port=2", says: "port" },
    { name: "a user in two places", url: "postgres://u@h/d?user=v", says: "user" },
    { name: "a database in two places", url: "postgres://h/d?dbname=e", says: "dbname" },
  ])("$name is refused", ({ url, says }) => {
    expect(codesOf(find({ flag: url }))).toEqual(["bad-database"]);
    expect(messageOf({ flag: url })).toContain(says);
  });
});

describe("what a URL leaves out comes from PG*", () => {
  const environment = {
    PGHOST: "ph",
    PGPORT: "6000",
    PGUSER: "pu",
    PGPASSWORD: "pp",
    PGDATABASE: "pd",
    PGSSLMODE: "require",
    PGSSLROOTCERT: "/ca",
    PGTARGETSESSIONATTRS: "primary",
    PGAPPNAME: "pa",
    PGOPTIONS: "-c x=1",
  };
  test("everything, where there is no URL", () => {
    expect(serverOf({ environment })).toEqual({
      engine: "server",
      hosts: [{ host: "ph", port: 6000 }],
      user: "pu",
      password: "pp",
      database: "pd",
      tls: { mode: "require", rootCertificate: "/ca", certificate: undefined, key: undefined },
      sessionAttributes: "primary",
      options: "-c x=1",
      applicationName: "pa",
    });
  });

  test("nothing of what the URL says", () => {
    const flag =
      "postgres://u:p@h:1/d?sslmode=disable&target_session_attrs=any&application_name=a&options=o&sslrootcert=/r";
    expect(serverOf({ flag, environment })).toMatchObject({
      hosts: [{ host: "h", port: 1 }],
      user: "u",
      password: "p",
      database: "d",
      tls: { mode: "disable", rootCertificate: "/r" },
      sessionAttributes: "any",
      options: "o",
      applicationName: "a",
    });
  });

  test.each([
    {
      name: "a list of hosts and ports",
      PGHOST: "a,b",
      PGPORT: "1,2",
      hosts: [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
      ],
    },
    {
      name: "one port for all",
      PGHOST: "a,b",
      PGPORT: "1",
      hosts: [
        { host: "a", port: 1 },
        { host: "b", port: 1 },
      ],
    },
    { name: "a socket's folder", PGHOST: "/run/pg", hosts: [{ host: "/run/pg", port: 5432 }] },
    {
      name: "a folder with a per cent sign, which escapes nothing here",
      PGHOST: "/run/100%",
      hosts: [{ host: "/run/100%", port: 5432 }],
    },
    { name: "a bare IPv6 address", PGHOST: "::1", hosts: [{ host: "::1", port: 5432 }] },
  ])("$name", ({ hosts, PGHOST, PGPORT }) => {
    expect(serverOf({ environment: { PGHOST, PGPORT, PGDATABASE: "d" } }).hosts).toEqual(hosts);
  });

  test.each([
    { name: "a port that is no number", variables: { PGPORT: "x" } },
    { name: "an unknown mode of TLS", variables: { PGSSLMODE: "on" } },
    { name: "a channel binding that is not to be had", variables: { PGCHANNELBINDING: "require" } },
  ])("$name is refused there too", ({ variables }) => {
    expect(codesOf(find({ environment: { PGHOST: "h", ...variables } }))).toEqual(["bad-database"]);
  });
});

describe("a password that is not said comes from the password file", () => {
  const files = { "/home/me/.pgpass": "h:5432:d:u:home\n", "/run/pgpass": "h:5432:d:u:named\n" };
  test.each([
    {
      name: "~/.pgpass",
      environment: { HOME: "/home/me" },
      flag: "postgres://u@h/d",
      password: "home",
    },
    {
      name: "PGPASSFILE",
      environment: { HOME: "/home/me", PGPASSFILE: "/run/pgpass" },
      flag: "postgres://u@h/d",
      password: "named",
    },
    {
      name: "passfile",
      environment: { HOME: "/home/me" },
      flag: "postgres://u@h/d?passfile=/run/pgpass",
      password: "named",
    },
    {
      name: "the URL first",
      environment: { HOME: "/home/me" },
      flag: "postgres://u:p@h/d",
      password: "p",
    },
    {
      name: "PGPASSWORD first",
      environment: { HOME: "/home/me", PGPASSWORD: "e" },
      flag: "postgres://u@h/d",
      password: "e",
    },
    {
      name: "none for another database",
      environment: { HOME: "/home/me" },
      flag: "postgres://u@h/e",
      password: undefined,
    },
    {
      name: "none where there is no file",
      environment: { HOME: "/nobody" },
      flag: "postgres://u@h/d",
      password: undefined,
    },
  ])("$name", ({ environment, flag, password }) => {
    expect(serverOf({ flag, environment, files }).password).toBe(password);
  });
});

describe("a password never gets into a problem", () => {
  const secret = "s3cr3tword";
  test.each([
    { name: "behind another scheme", url: `mysql://u:${secret}@h/d` },
    { name: "before a bad port", url: `postgres://u:${secret}@h:x/d` },
    { name: "before an unknown parameter", url: `postgres://u:${secret}@h/d?pool=1` },
    {
      name: "as a parameter beside an unknown one",
      url: `postgres://h/d?password=${secret}&pool=1`,
    },
    { name: "twice as a parameter", url: `postgres://h/d?password=${secret}&password=${secret}` },
    { name: "before a bad mode", url: `postgres://u:${secret}@h/d?sslmode=x` },
    { name: "with half an escape", url: `postgres://u:${secret}%@h/d` },
    { name: "with a blank in front", url: ` postgres://u:${secret}@h/d` },
    { name: "with a slash that is not escaped", url: `postgres://u:a/${secret}@h/d` },
    { name: "with a question mark that is not escaped", url: `postgres://u:a?${secret}@h/d` },
    { name: "with a question mark and an equals sign", url: `postgres://u:a?${secret}=b@h/d` },
  ])("$name", ({ url }) => {
    expect(find({ flag: url }).ok).toBe(false);
    expect(messageOf({ flag: url })).not.toContain(secret);
    expect(messageOf({ environment: { DATABASE_URL: url } })).not.toContain(secret);
    expect(
      messageOf({ environment: { DATABASE_URL_FILE: "/f" }, files: { "/f": url } }),
    ).not.toContain(secret);
  });
});
