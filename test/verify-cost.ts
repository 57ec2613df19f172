/**
 * `bun run verify-cost`: what the gate costs without a database, on a history of 300 files: its time
 * as a ratio to `up` of the same files on a local server, in turns within one run, and its peak
 * memory. It prints a line a check and a last line that counts, as test/check.ts does.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { say } from "./support/say.ts";
import { freshDatabase, startServer, stopServers } from "./support/servers.ts";

const executable = join(import.meta.dirname, "../dist/lacuna");
const rounds = 5;
const files = 300;
const largestRatio = 3;
const largestMb = 600;

const folder = mkdtempSync(join(tmpdir(), "lacuna-cost-"));
let failed = 0;
try {
  writeHistory(join(folder, "sql"));
  await using server = await startServer(18);
  const onServer: number[] = [];
  const embedded: number[] = [];
  let peakMb = 0;
  for (let round = 0; round < rounds; round++) {
    await using empty = await freshDatabase(server);
    onServer.push((await run("up", "--database-url", empty.url)).elapsedMs);
    const { elapsedMs, maxMb } = await run("verify");
    embedded.push(elapsedMs);
    peakMb = Math.max(peakMb, maxMb);
  }
  // The best of each: what a machine does meanwhile only adds.
  const [best, bestOnServer] = [Math.min(...embedded), Math.min(...onServer)];
  const ratio = best / bestOnServer;
  const times = `${Math.round(best)} ms to ${Math.round(bestOnServer)} ms`;
  check(
    `verify with no database takes ${ratio.toFixed(2)} times what up takes on a server (${times})`,
    ratio < largestRatio,
  );
  check(`its peak is ${Math.round(peakMb)} MiB`, peakMb < largestMb);
} finally {
  await stopServers();
  rmSync(folder, { recursive: true });
}
say(`${2 - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function writeHistory(path: string): void {
  mkdirSync(path);
  for (let number = 1; number <= files; number++) {
    const id = String(number).padStart(3, "0");
    const text = `
create table t${id} (id bigint generated always as identity primary key, name text not null,
  amount numeric(12,2) not null default 0, parent bigint references t${id} (id));
create index t${id}_name on t${id} (name);
alter table t${id} add constraint t${id}_pos check (amount >= 0);
insert into t${id} (name) values ('a'), ('b');
comment on table t${id} is 'step ${id}';
`;
    writeFileSync(join(path, `${id}_step.up.sql`), text);
  }
}

async function run(...argv: readonly string[]): Promise<{ elapsedMs: number; maxMb: number }> {
  const startMs = performance.now();
  const child = Bun.spawn([executable, ...argv, "--migrations", "sql", "--quiet"], {
    cwd: folder,
    env: {},
    stdout: "ignore",
    stderr: "inherit",
  });
  const exitCode = await child.exited;
  const elapsedMs = performance.now() - startMs;
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}`);
  return { elapsedMs, maxMb: (child.resourceUsage()?.maxRSS ?? Infinity) / 2 ** 20 };
}

function check(title: string, holds: boolean): void {
  say(`${holds ? "pass" : "FAIL"}  ${title}`);
  if (!holds) failed++;
}
