/** No form of a password is in anything that the executable writes, whatever goes wrong. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { startServer, type TestServer } from "../support/servers.ts";
import { buildExecutable } from "./executable.ts";

const temporary = mkdtempSync(join(tmpdir(), "lacuna-secrets-"));
let executable = process.env["LACUNA_EXECUTABLE"] ?? "";
let server: TestServer;

// A part of it stands by itself in every encoding, so that one cut in two is found too.
const parts = ["Tr0ub4dor", "correctH0rse"] as const;
const password = `${parts[0]}@/?#:%&é'"\\ ${parts[1]}`;

beforeAll(async () => {
  if (executable === "") executable = buildExecutable(temporary, "--bare");
  const hba = "host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
  server = await startServer(18, { hba });
  const sql = postgres(server.url(), { max: 1, fetch_types: false });
  await sql.unsafe(
    `create role guarded superuser login password '${password.replaceAll("'", "''")}'`,
  );
  await sql.end();
}, 120_000);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(temporary, { recursive: true });
});

interface Form {
  readonly name: string;
  readonly url?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly file?: string;
  /** Undefined: it has to be refused. */
  readonly works?: true;
}

function forms(): readonly Form[] {
  const encoded = encodeURIComponent(password);
  const place = `127.0.0.1:${server.port}`;
  const right = `postgres://guarded:${encoded}@${place}/postgres`;
  const variables = { PGHOST: "127.0.0.1", PGPORT: String(server.port), PGUSER: "guarded" };
  return [
    { name: "a URL", url: right, works: true },
    {
      name: "a parameter of the URL",
      url: `postgres://guarded@${place}/postgres?password=${encoded}`,
      works: true,
    },
    {
      name: "PGPASSWORD",
      environment: { ...variables, PGDATABASE: "postgres", PGPASSWORD: password },
      works: true,
    },
    { name: "DATABASE_URL", environment: { DATABASE_URL: right }, works: true },
    { name: "DATABASE_URL_FILE", file: right, works: true },
    { name: "a wrong one", url: right.replace("guarded:", "guarded:wrong") },
    { name: "one that is not encoded", url: `postgres://guarded:${password}@${place}/postgres` },
    { name: "no such host", url: right.replace(place, "no-such-host.invalid") },
    { name: "nobody there", url: right.replace(place, "127.0.0.1:1") },
    { name: "a bad port", url: right.replace(place, "127.0.0.1:port") },
    { name: "a bad parameter", url: `${right}?nonsense=${encoded}` },
    { name: "a bad sslmode", url: `${right}?sslmode=${encoded}` },
    { name: "TLS that is not there", url: `${right}?sslmode=require` },
    { name: "another protocol", url: right.replace("postgres:", "mysql:") },
    { name: "a file with two of them", file: `${right}\n${right}` },
  ];
}

test("in no form, by no command, in no place", () => {
  const folder = join(temporary, "sql");
  const migrations = { "1_a.sql": "create table if not exists a ()", "2_b.sql": "select nothing" };
  mkdirSync(folder);
  for (const [name, text] of Object.entries(migrations)) writeFileSync(join(folder, name), text);
  const seen = new Set<string>();
  for (const { name, url, environment, file, works } of forms()) {
    const env: Record<string, string> = { ...environment, GITHUB_ACTIONS: "true" };
    if (file !== undefined) {
      env["DATABASE_URL_FILE"] = join(temporary, "url");
      writeFileSync(join(temporary, "url"), file);
    }
    const from = url === undefined ? [] : ["--database-url", url];
    for (const command of [
      ["status", "--verbose"],
      ["up", "--json", "--verbose"],
      ["up", "--to", "1"],
      ["plan", "--json"],
      ["wait", "--timeout", "100ms"],
      ["verify", "--junit", join(temporary, "report.xml")],
    ]) {
      const limits = command[0] === "wait" ? [] : ["--connect-timeout", "300ms"];
      const argv = [...command, ...limits, "--migrations", folder, ...from];
      const ran = spawnSync(executable, argv, { cwd: temporary, env, encoding: "utf8" });
      const files = readdirSync(temporary).filter((one) => one.endsWith(".xml"));
      const written = files.map((one) => readFileSync(join(temporary, one), "utf8"));
      const said = [ran.stdout, ran.stderr, ...written].join("\n");
      for (const part of parts) {
        const hex = Buffer.from(part).toString("hex");
        const base64 = Buffer.from(part).toString("base64").slice(0, 8);
        for (const form of [part, hex, base64]) {
          expect(said.includes(form), `${name}: ${command.join(" ")}: ${said}`).toBe(false);
        }
      }
      expect(ran.status, `${name}: ${said}`).not.toBe(70);
      seen.add(`${works === true ? "works" : "refused"} ${command[0]} ${ran.status}`);
      if (works !== true) expect(ran.status, `${name}: ${command.join(" ")}`).not.toBe(0);
    }
  }
  // It was really connected with, and the failure of a migration really told.
  expect([...seen]).toContain("works status 0");
  expect([...seen]).toContain("works up 1");
  expect([...seen]).toContain("refused status 6");
}, 120_000);
