/**
 * `bun run start-cost`: what a start costs, as a ratio to `bun --version` in turns within one run,
 * and the peak memory of an `up` that has nothing to do. It prints a line a check and a last line
 * that counts, as test/check.ts does.
 */
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { say } from "./support/say.ts";
import { freshDatabase, startServer, stopServers } from "./support/servers.ts";

const executable = join(import.meta.dirname, "../dist/lacuna");
const pairs = 200;
const largestRatio = 5;
const runs = 7;
const largestMb = 48;

const cwd = tmpdir();
let failed = 0;
try {
  const own: number[] = [];
  const bun: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    own.push(elapsedMs(executable));
    bun.push(elapsedMs(process.execPath));
  }
  // The best of each: what a machine does meanwhile only adds.
  const [best, bestOfBun] = [Math.min(...own), Math.min(...bun)];
  const ratio = best / bestOfBun;
  const times = `${best.toFixed(1)} ms to ${bestOfBun.toFixed(1)} ms`;
  check(
    `--version takes ${ratio.toFixed(2)} times what it takes bun (${times})`,
    ratio < largestRatio,
  );

  await using server = await startServer(18);
  await using database = await freshDatabase(server);
  const up = ["up", "--quiet", "--database-url", database.url];
  peakMb(up);
  const peaks = Array.from({ length: runs }, () => peakMb(up)).toSorted((one, two) => one - two);
  const median = peaks[Math.floor(runs / 2)] ?? Infinity;
  check(`up with nothing pending peaks at ${median.toFixed(1)} MiB`, median < largestMb);
} finally {
  await stopServers();
}
say(`${2 - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function elapsedMs(command: string): number {
  const startMs = performance.now();
  const { status } = spawnSync(command, ["--version"], { cwd, env: {}, stdio: "ignore" });
  if (status !== 0) throw new Error(`${command} --version ended with ${status}`);
  return performance.now() - startMs;
}

/**
 * A process begins with the peak of the one that started it (Linux keeps it over exec), so that is
 * a small Bun and not this one.
 */
function peakMb(argv: readonly string[]): number {
  const starter = `
    const { exitCode, resourceUsage } = Bun.spawnSync(process.argv.slice(1), { env: {}, stderr: "inherit" });
    process.stdout.write(JSON.stringify({ exitCode, bytes: resourceUsage.maxRSS }));`;
  const command = ["-e", starter, executable, ...argv];
  const { stdout, stderr } = spawnSync(process.execPath, command, { cwd, encoding: "utf8" });
  const said = stdout === "" ? { exitCode: undefined, bytes: 0 } : (JSON.parse(stdout) as Peak);
  if (said.exitCode !== 0) throw new Error(`up ended with ${said.exitCode}: ${stderr}`);
  return said.bytes / 2 ** 20;
}

interface Peak {
  readonly exitCode: number;
  readonly bytes: number;
}

function check(title: string, holds: boolean): void {
  say(`${holds ? "pass" : "FAIL"}  ${title}`);
  if (!holds) failed++;
}
