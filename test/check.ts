/**
 * `bun run check`: lint, format, types, unused code and tests, one after the other, and a last
 * line that counts. Everything runs even where something failed, so that one run says it all.
 */
import { spawnSync } from "node:child_process";

const steps: readonly (readonly [string, ...string[]])[] = [
  ["oxlint"],
  ["oxfmt", "--check"],
  ["tsc", "--noEmit"],
  // What the package is compiled to has to run on Node 20.
  ["tsc", "--noEmit", "-p", "tsconfig.lib.json"],
  ["knip"],
];

const escapes = /\u001b\[[0-9;]*m/g;
let passedSteps = 0;
let failed = 0;
for (const [name, ...args] of steps) {
  const { status } = spawnSync(`node_modules/.bin/${name}`, args, { stdio: "inherit" });
  console.log(`${status === 0 ? "pass" : "FAIL"}  ${name} ${args.join(" ")}`);
  if (status === 0) passedSteps++;
  else failed++;
}

// bun writes its report to stderr; it is shown as it comes, and read for the counts.
const tests = Bun.spawn([process.execPath, "test", ...process.argv.slice(2)], {
  stdout: "inherit",
  stderr: "pipe",
});
let report = "";
const decoder = new TextDecoder();
for await (const chunk of tests.stderr) {
  const text = decoder.decode(chunk, { stream: true });
  report += text;
  process.stderr.write(text);
}
const count = (word: string): number =>
  Number(new RegExp(`^ *([0-9]+) ${word}$`, "m").exec(report.replaceAll(escapes, ""))?.[1] ?? 0);
const exitCode = await tests.exited;
const [passed, broken, skipped] = [count("pass"), count("fail"), count("skip")];
// A runner that ran nothing, or died behind its last test, has not passed.
if (passed === 0 || (exitCode !== 0 && broken === 0)) failed++;

const skips = skipped === 0 ? "" : `, ${skipped} skipped`;
console.log(`${passedSteps + passed} passed, ${failed + broken} failed${skips}`);
process.exit(failed + broken === 0 ? 0 : 1);
