/** What a run takes over from a postgres.js client: read from what postgres.js itself makes of it. */
import { expect, test } from "bun:test";
import postgres from "postgres";
import { targetOfClient } from "../../src/library/postgres-client.ts";
import { Refusal } from "../../src/ports.ts";

function targetOf(url: string, options: object = {}): ReturnType<typeof targetOfClient>["target"] {
  return targetOfClient(postgres(url, options).options).target;
}

function refusalOf(url: string, options: object = {}): string {
  try {
    targetOf(url, options);
  } catch (error) {
    if (error instanceof Refusal) return JSON.stringify(error.problems);
    throw error;
  }
  return "no refusal";
}

const noFiles = { rootCertificate: undefined, certificate: undefined, key: undefined };

test("host, port, user, password and database", () => {
  expect(targetOf("postgres://app:s%40cret@db.example:6543/main")).toEqual({
    engine: "server",
    hosts: [{ host: "db.example", port: 6543 }],
    user: "app",
    password: "s@cret",
    database: "main",
    tls: { mode: "disable", ...noFiles },
    sessionAttributes: "any",
    options: undefined,
    applicationName: undefined,
  });
});

test("several hosts, each with its port", () => {
  const target = targetOf("postgres://app@one:1111,two:2222/main?target_session_attrs=primary");
  expect(target.hosts).toEqual([
    { host: "one", port: 1111 },
    { host: "two", port: 2222 },
  ]);
  expect(target.sessionAttributes).toBe("primary");
});

test("a Unix socket, by its folder or its path", () => {
  const hosts = [{ host: "/run/postgresql", port: 5433 }];
  expect(targetOf("", { host: "/run/postgresql", port: 5433, user: "a" }).hosts).toEqual(hosts);
  const path = "/run/postgresql/.s.PGSQL.5433";
  expect(targetOf("postgres://a@localhost/b", { path }).hosts).toEqual(hosts);
});

test.each([
  [false, "disable"],
  ["prefer", "prefer"],
  ["require", "require"],
  ["allow", "require"],
  ["verify-full", "verify-full"],
  ["verify-ca", "verify-full"],
  [true, "verify-full"],
] as const)("ssl: %p is sslmode %s", (ssl, mode) => {
  expect(targetOf("postgres://a@b/c", { ssl }).tls).toEqual({ mode, ...noFiles });
});

test("ssl as an object goes to tls.connect as it is", () => {
  const ssl = { ca: "PEM", cert: "PEM", key: "PEM", rejectUnauthorized: false, servername: "x" };
  const { tls } = targetOf("postgres://a@b/c", { ssl });
  expect(tls).toEqual({ mode: "verify-full", ...noFiles, connect: ssl });
});

test("start-up parameters become options, and a name of its own stays", () => {
  const connection = { search_path: "app, public", options: "-c work_mem=1MB", a: undefined };
  const target = targetOf("postgres://a@b/c?statement_timeout=5", {
    connection: { ...connection, application_name: "billing" },
  });
  expect(target.options).toBe(
    "-c work_mem=1MB -c search_path=app,\\ public -c statement_timeout=5",
  );
  expect(target.applicationName).toBe("billing");
});

test("a password may be a function, and is asked for when a session is made", async () => {
  const pass = (): string => "fresh";
  const { target, askPassword } = targetOfClient(postgres("postgres://a@b/c", { pass }).options);
  expect(target.password).toBeUndefined();
  expect(await askPassword?.()).toBe("fresh");
});

test("what cannot be taken over is refused in words", () => {
  expect(refusalOf("postgres://a@b/c", { socket: () => undefined })).toContain("a socket of its");
  expect(() => targetOfClient(new Bun.SQL("postgres://a@127.0.0.1:1/c").options)).toThrow(Refusal);
  expect(refusalOf("postgres://a@b/c", { path: "/tmp/mine" })).toContain("/tmp/mine");
  expect(refusalOf("postgres://a@b/c?target_session_attrs=standby")).toContain("has to write");
  expect(refusalOf("postgres://a@b/c?sslnegotiation=direct")).toContain("sslnegotiation");
});
