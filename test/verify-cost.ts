/**
 * `bun run verify-cost`: what the gate costs without a database, on a history of 300 files: its time
 * as a ratio to `up` of the same files on a local server, in turns within one run, and its peak
 * memory. The same with 5 of them late, and both orders compared.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshDatabase, startServer, stopServers } from "./support/servers.ts";
import { suite } from "./support/suite.ts";

const executable = join(import.meta.dirname, "../dist/lacuna");
const rounds = 5;
const files = 300;
/** It was 3, and 2.65 measured, before `up` sent migrations without waiting for each other: it takes half the time since. */
const largestRatio = 5;
const largestMb = 600;
/** The comparison makes another database, and replays what is applied in both. */
const largestLateRatio = 4;
const late: readonly number[] = [50, 120, 200, 260, 280];

const folder = mkdtempSync(join(tmpdir(), "lacuna-cost-"));
const { check, end } = suite();
try {
  writeHistory(join(folder, "sql"));
  await using server = await startServer(18);
  writeStatus(join(folder, "status.json"));
  const compared: number[] = [];
  const onServer: number[] = [];
  const embedded: number[] = [];
  let peakMb = 0;
  for (let round = 0; round < rounds; round++) {
    await using empty = await freshDatabase(server);
    onServer.push((await run("up", "--database-url", empty.url)).elapsedMs);
    const { elapsedMs, maxMb } = await run("verify");
    embedded.push(elapsedMs);
    peakMb = Math.max(peakMb, maxMb);
    compared.push((await run("verify", "--applied-from", "status.json")).elapsedMs);
  }
  // The best of each: what a machine does meanwhile only adds.
  const [best, bestOnServer] = [Math.min(...embedded), Math.min(...onServer)];
  const ratio = best / bestOnServer;
  const times = `${Math.round(best)} ms to ${Math.round(bestOnServer)} ms`;
  await check(
    `verify without a database takes less than ${largestRatio} times what up takes on a server`,
    () => {
      const said = `${ratio.toFixed(2)} times: ${times}`;
      if (ratio >= largestRatio) throw new Error(said);
      return said;
    },
  );
  await check(`its peak is below ${largestMb} MiB`, () => {
    const said = `${Math.round(peakMb)} MiB`;
    if (peakMb >= largestMb) throw new Error(said);
    return said;
  });
  const bestLate = Math.min(...compared);
  const lateRatio = bestLate / best;
  await check(
    `with ${late.length} of them late, both orders are compared in less than ${largestLateRatio} times that`,
    () => {
      const said = `${lateRatio.toFixed(2)} times: ${Math.round(bestLate)} ms`;
      if (lateRatio >= largestLateRatio) throw new Error(said);
      return said;
    },
  );
} finally {
  await stopServers();
  rmSync(folder, { recursive: true });
}
end();

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

/** As `lacuna status --json` writes it: all is applied, but for those that are late. */
function writeStatus(path: string): void {
  const migrations = Array.from({ length: files }, (_, index) => index + 1)
    .filter((number) => !late.includes(number))
    .map((number) => {
      const id = String(number).padStart(3, "0");
      const bytes = readFileSync(join(folder, "sql", `${id}_step.up.sql`));
      const appliedChecksum = createHash("sha256").update(bytes).digest("hex");
      const appliedAt = new Date(Date.UTC(2026, 0, 1, 0, 0, number)).toISOString();
      return { version: String(number), appliedAs: "step", appliedAt, appliedChecksum };
    });
  writeFileSync(path, JSON.stringify({ lacuna: 1, command: "status", migrations, problems: [] }));
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
