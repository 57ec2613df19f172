// Run by Bun, Node and Deno alike: `apply.mjs <server's URL> <name of an empty database>`.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import postgres from "postgres";
import {
  applyMigrations,
  MigrationError,
  readMigrations,
  verifyMigrations,
  VerifyError,
} from "lacuna";
import { migratedDatabase } from "lacuna/testing";

const [server, name] = process.argv.slice(2);
const url = new URL(server);
url.pathname = `/${name}`;
const folder = new URL("./migrations/", import.meta.url);
const migrations = await readMigrations(folder);
const ids = (list) => list.map((one) => one.id);

// A server, by URL and by a client that is open.
const first = await applyMigrations({ database: url, migrations: folder, to: 1 });
assert.deepEqual([ids(first.applied), ids(first.left)], [["1_users"], ["2_index", "3_names"]]);
const sql = postgres(url.href, { max: 2 });
const rest = await applyMigrations({ database: sql, migrations });
assert.deepEqual(ids(rest.applied), ["2_index", "3_names"]);
assert.equal(rest.digest, migrations.digest);
assert.equal((await sql`select count(*)::int as n from applied_migrations`)[0].n, 3);
await sql.end();

// An error with a code.
const failure = await applyMigrations({
  database: url,
  migrations: new URL("./broken/", import.meta.url),
}).catch((error) => error);
assert.ok(failure instanceof MigrationError);
assert.equal(failure.code, "migration-failed");
assert.equal(failure.problems[0].error.code, "42703");

// The gate: in a thread of its own, and on the server, where nothing is changed.
const report = await verifyMigrations({ migrations });
assert.deepEqual(
  report.results.map((one) => one.result),
  ["passed", "passed", "passed"],
);
const broken = { database: url, migrations: new URL("./broken/", import.meta.url) };
const found = await verifyMigrations({ ...broken, method: "scratch" }).catch((error) => error);
assert.ok(found instanceof VerifyError);
assert.equal(found.report.results.at(-1).result, "failed");

// A PGlite that is open, and a folder of one.
const pglite = await PGlite.create();
assert.equal((await applyMigrations({ database: pglite, migrations })).applied.length, 3);
assert.equal((await applyMigrations({ database: pglite, migrations })).applied.length, 0);
await pglite.close();
const data = `./data-${name}`;
assert.equal((await applyMigrations({ database: `pglite:${data}`, migrations })).applied.length, 3);
assert.equal((await applyMigrations({ database: `pglite:${data}`, migrations })).applied.length, 0);
rmSync(data, { recursive: true });

// Fresh databases on the server.
const made = await Promise.all([1, 2, 3].map(() => migratedDatabase({ server, migrations })));
for (const one of made) {
  const client = postgres(one.url, { max: 1 });
  assert.equal((await client`select count(*)::int as n from users`)[0].n, 0);
  await client.end();
  await one.drop();
}
console.log("applied everywhere");
