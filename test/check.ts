/**
 * `bun run check`: lint, format, types, unused code and tests, and a last line that counts.
 * Everything runs even where something failed, so that one run says it all.
 *
 * The names of files or folders behind the command run these alone; `--thorough` runs what takes
 * too long for every day (`npm run thorough`).
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "./cli/executable.ts";
import { say, sayAsIs } from "./support/say.ts";

const steps: readonly (readonly [string, ...string[]])[] = [
  ["oxlint"],
  ["oxfmt", "--check"],
  ["tsc", "--noEmit"],
  // What the package is compiled to has to run on Node 20.
  ["tsc", "--noEmit", "-p", "tsconfig.lib.json"],
  ["knip"],
];

/** Hundreds of starts, builds and engines, for what the transcripts and their neighbours ask in brief. */
const thorough: readonly string[] = [
  "cli/build.test.ts",
  "cli/hostile-files.test.ts",
  "cli/hostile.test.ts",
  "cli/pglite-folder.test.ts",
  "rehearsal/order-edges.test.ts",
];

let passed = 0;
let failed = 0;
let skipped = 0;

const running = new Set<Bun.Subprocess>();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    for (const child of running) child.kill();
    process.exit(signal === "SIGINT" ? 130 : 143);
  });

const chosen = process.argv.slice(2);
if (chosen[0] === "--thorough") await runWithExecutable(thorough);
else if (chosen.length > 0) await runTests(chosen, {});
else await Promise.all([lint(), runWithExecutable(everyday())]);

const skips = skipped === 0 ? "" : `, ${skipped} skipped`;
say(`${passed} passed, ${failed} failed${skips}`);
process.exit(failed === 0 ? 0 : 1);

async function lint(): Promise<void> {
  for (const step of steps) {
    const { name, status, output } = await runStep(step);
    sayAsIs(`${output}${status === 0 ? "pass" : "FAIL"}  ${name}\n`);
    if (status === 0) passed++;
    else failed++;
  }
}

async function runStep([command, ...args]: readonly [string, ...string[]]): Promise<{
  name: string;
  status: number;
  output: string;
}> {
  const child = Bun.spawn([`node_modules/.bin/${command}`, ...args], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { name: [command, ...args].join(" "), status, output: out + err };
}

function everyday(): readonly string[] {
  return readdirSync(import.meta.dirname, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith(".test.ts") && !/(?:^|\/)node_modules\//.test(path))
    .filter((path) => !thorough.includes(path));
}

/** A build takes seconds: those tests that run any executable share one. */
async function runWithExecutable(files: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lacuna-check-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  // Tests run it as another user, too.
  chmodSync(folder, 0o755);
  const paths = files.map((path) => `./test/${path}`);
  try {
    await runTests(paths, { LACUNA_EXECUTABLE: buildExecutable(folder) });
  } catch (error) {
    sayAsIs(`FAIL  ${String(error)}\n`);
    failed++;
  }
}

/**
 * Files run side by side, one more than there are cores since some mostly wait. Those that a
 * worker runs one after the other share its servers.
 */
async function runTests(
  paths: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const workers = `--parallel=${availableParallelism() + 1}`;
  // Bun's own limit of 5 s is for a quiet machine; a test that hangs still ends.
  const argv = ["test", "--timeout=20000", workers, "--no-isolate", ...paths];
  const child = Bun.spawn([process.execPath, ...argv], {
    env: { ...environment, ...process.env },
    stdout: "inherit",
    stderr: "pipe",
  });
  running.add(child);
  // bun writes its report to stderr; it is shown in whole pieces, and read for the counts.
  const report = await new Response(child.stderr).text();
  sayAsIs(report);
  const plain = report.replaceAll(/\u001b\[[0-9;]*m/g, "");
  const count = (word: string): number =>
    Number(new RegExp(`^ *([0-9]+) ${word}$`, "m").exec(plain)?.[1] ?? 0);
  const exitCode = await child.exited;
  passed += count("pass");
  skipped += count("skip");
  failed += count("fail");
  // A runner that ran nothing, or died behind its last test, has not passed.
  if (count("pass") === 0 || (exitCode !== 0 && count("fail") === 0)) failed++;
}
