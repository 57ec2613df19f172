/**
 * The executable is process 1 of its container. The kernel ignores a signal to process 1 for
 * which it has no handler, and leaves it the orphans.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { demandEqual } from "../support/demand.ts";
import { freePort, freshDatabase } from "../support/servers.ts";
import type { Running } from "./engine.ts";
import { demand, type Ground, hardened, until, variable } from "./ground.ts";

export async function checkStopping(ground: Ground): Promise<void> {
  const { check } = ground.suite;
  for (const [signal, exitCode] of [
    ["TERM", 143],
    ["INT", 130],
  ] as const)
    await check(`SIG${signal} to up, in a migration: exit ${exitCode}, rolled back, and said`, () =>
      interrupted(ground, signal, exitCode),
    );
  await check("serve --up: no rights, one process, nothing in memory files", () => served(ground));
}

async function interrupted(ground: Ground, signal: string, exitCode: number): Promise<string> {
  const { engine, server, image } = ground;
  await using empty = await freshDatabase(server);
  const folder = join(engine.folder, `slow-${signal}`);
  fs.mkdirSync(folder);
  fs.writeFileSync(join(folder, "1_quick.sql"), "create table quick ();");
  fs.writeFileSync(join(folder, "2_slow.sql"), "create table slow (); select pg_sleep(60);");
  const sql = postgres(empty.url, { max: 1, fetch_types: false });
  try {
    const volume = ["--volume", `${folder}:/migrations:ro`];
    const flags = [...hardened, ...volume, ...variable("DATABASE_URL", empty.url)];
    const running = engine.start({ image, flags, args: ["up", "--migrations", "/migrations"] });
    const others = (): Promise<{ query: string }[]> => sql`
      select query from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`;
    await until(running, async () =>
      (await others()).some(({ query }) => query.includes("pg_sleep")),
    );
    const { elapsedMs, ended } = await stopping(running, () =>
      engine.ask("kill", "--signal", signal, running.name),
    );
    demand(
      ended,
      exitCode,
      "applied 1_quick",
      `Interrupted by SIG${signal}; 2_slow was rolled back`,
    );
    demandEqual(await others(), []);
    const [left] = await sql`
      select to_regclass('quick') is not null as quick, to_regclass('slow') is not null as slow,
        (select string_agg(version::text, ',') from applied_migrations) as applied`;
    demandEqual(left, { quick: true, slow: false, applied: "1" });
    return `${elapsedMs.toFixed(0)} ms`;
  } finally {
    await sql.end();
  }
}

async function served({ engine, server, image }: Ground): Promise<string> {
  await using empty = await freshDatabase(server);
  const flags = [...hardened, ...variable("DATABASE_URL", empty.url)];
  const port = await freePort();
  const args = ["serve", "--up", "--host", "127.0.0.1", "--port", String(port)];
  const running = engine.start({ image, flags, args });
  await until(running, () => isReady(port));
  const pid = await running.pid();
  demandEqual(rightsOf(pid), {
    Uid: "65532 65532 65532 65532",
    CapEff: "0000000000000000",
    CapBnd: "0000000000000000",
    NoNewPrivs: "1",
  });
  demandEqual(fs.readdirSync(`/proc/${pid}/root/dev/shm`), []);
  // What a probe runs in the container has to be gone, too, and not be left to process 1.
  await engine.ask("exec", running.name, "/lacuna", "status", "--check");
  demandEqual(childrenOf(pid), []);
  demandEqual(processesWith(pid), [pid]);
  const { elapsedMs, ended } = await stopping(running, () =>
    // Kills after ten seconds, with 137.
    engine.ask("stop", "--time", "10", running.name),
  );
  demand(ended, 143);
  if (elapsedMs > 2000) throw new Error(`it took ${elapsedMs.toFixed(0)} ms to stop`);
  return `stopped in ${elapsedMs.toFixed(0)} ms`;
}

async function stopping(
  running: Running,
  stop: () => Promise<unknown>,
): Promise<{ readonly elapsedMs: number; readonly ended: Awaited<Running["ended"]> }> {
  const startMs = performance.now();
  await stop();
  const ended = await running.ended;
  return { elapsedMs: performance.now() - startMs, ended };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}

function rightsOf(pid: number): Record<string, string | undefined> {
  const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
  const names = ["Uid", "CapEff", "CapBnd", "NoNewPrivs"];
  return Object.fromEntries(
    names.map((name) => {
      const value = new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1];
      return [name, value?.replaceAll("\t", " ")];
    }),
  );
}

/** Zombies among them. */
function childrenOf(pid: number): readonly string[] {
  return fs
    .readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => fs.readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" "))
    .filter((child) => child !== "");
}

/** All that share its name space of processes. */
function processesWith(pid: number): readonly number[] {
  const spaceOf = (one: string): string | undefined => {
    try {
      return fs.readlinkSync(`/proc/${one}/ns/pid`);
    } catch {
      // Gone since it was listed.
      return undefined;
    }
  };
  const space = spaceOf(String(pid));
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && spaceOf(name) === space)
    .map(Number);
}
