/**
 * `bun run check`: lint, format, types, unused code and tests, and a last line that counts.
 * Everything runs even where something failed, so that one run says it all.
 *
 * The tests run in two halves at the same time, since they mostly wait. The names of files or
 * folders behind the command run these alone.
 */
import { readdirSync } from "node:fs";
import { say, sayAsIs } from "./support/say.ts";

const steps: readonly (readonly [string, ...string[]])[] = [
  ["oxlint"],
  ["oxfmt", "--check"],
  ["tsc", "--noEmit"],
  // What the package is compiled to has to run on Node 20.
  ["tsc", "--noEmit", "-p", "tsconfig.lib.json"],
  ["knip"],
];

let passed = 0;
let failed = 0;
let skipped = 0;

const chosen = process.argv.slice(2);
const halves = chosen.length > 0 ? [chosen] : halvesOf(import.meta.dirname);
await Promise.all([...halves.map(runTests), lint()]);

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

/** The suites on every engine take as long as all the rest. Nothing is left out of both. */
function halvesOf(root: string): readonly (readonly string[])[] {
  const names = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.name.endsWith(".test.ts"))
    .map((entry) => `test/${entry.name}${entry.isDirectory() ? "/" : ""}`);
  const engines = ["test/contract/", "test/support/"];
  return [engines, names.filter((name) => !engines.includes(name))];
}

async function runTests(paths: readonly string[]): Promise<void> {
  // Bun's own limit of 5 s is for a quiet machine; a test that hangs still ends.
  const child = Bun.spawn([process.execPath, "test", "--timeout=20000", ...paths], {
    stdout: "inherit",
    stderr: "pipe",
  });
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
