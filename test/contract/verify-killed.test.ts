/** A rehearsal whose process is killed in the middle: the server rolls it back. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { everyday } from "./contract.ts";
import { groundOn } from "./ground.ts";

const files = {
  "1_base.sql": "create table t (id int primary key); insert into t values (1)",
  "2_change.sql": "alter table t add column x int; update t set x = 2",
  "3_long.sql": "create table t3 (); select pg_sleep(600)",
};

for (const engine of everyday.filter(({ kind }) => kind === "server")) {
  test.concurrent(`${engine.name} > kill -9 leaves the database as it was`, async () => {
    await using fresh = await engine.fresh();
    const ground = groundOn(engine, fresh);
    await ground.up({ "1_base.sql": files["1_base.sql"] });
    const before = await ground.snapshot();
    const folder = mkdtempSync(join(tmpdir(), "lacuna-killed-"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const main = join(import.meta.dirname, "../../src/main.ts");
    const argv = [process.execPath, main, "verify", "--shared", "--migrations", folder];
    const child = Bun.spawn([...argv, "--database-url", ground.url, "--time-limit", "10min"], {
      env: {},
      stdout: "ignore",
      stderr: "ignore",
    });
    const sleeping =
      "select count(*) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid() and state = 'active'";
    await until(async () => (await ground.value(sleeping)) === "1");
    child.kill(9);
    await child.exited;
    // client_connection_check_interval lets the server notice.
    await until(async () => (await ground.value(sleeping)) === "0");
    expect(await ground.snapshot()).toBe(before);
    expect(await ground.versions()).toEqual(["1"]);
    // Nothing of it is in the way: no lock is left.
    expect((await ground.up({ ...files, "3_long.sql": "select 1" })).applied).toEqual([
      "2_change",
      "3_long",
    ]);
    rmSync(folder, { recursive: true });
  }, 60_000);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error("it did not come true within 30 s");
    await Bun.sleep(100);
  }
}
