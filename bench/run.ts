/**
 * `npm run bench`: lacuna beside other tools, on a PostgreSQL of its own, in one run. Prints a
 * table, and what of the demands is met.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { say, sayAsIs } from "../test/support/say.ts";
import { suite } from "../test/support/suite.ts";
import { startDatabases } from "./databases.ts";
import { checkDemands } from "./demands.ts";
import type { Cell } from "./figures.ts";
import { compiler, launcher } from "./launcher.ts";
import { describe, machine } from "./machine.ts";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import { startProxy } from "./proxy.ts";
import { inReadme } from "./readme.ts";
import { table } from "./table.ts";
import { findTools } from "./tools.ts";
import { takeTurns } from "./turns.ts";
import { type Workload, type WorkloadName, workloads } from "./workloads.ts";

const readme = join(import.meta.dirname, "../README.md");

const options = optionsOrEnd(process.argv.slice(2));
const folder = mkdtempSync(join(tmpdir(), "lacuna-bench-"));
const checks = suite();
try {
  await run(options);
} finally {
  rmSync(folder, { recursive: true });
}
checks.end();

async function run({ isQuick, ...given }: BenchOptions): Promise<void> {
  const startMs = performance.now();
  const compile = compiler(folder);
  const { launch, leftOut: launchers } = launcher(folder, compile);
  const field = findTools({ folder, executable: given.executable, compile }, given.tools, isQuick);
  const [tools, leftOut] = [field.tools, [...field.leftOut, ...launchers]];
  await using databases = await startDatabases();
  await using proxy = await startProxy(databases.server.port);
  const found = machine(databases.server);
  const chosen = workloads.filter(({ name }) => given.workloads.includes(name));
  const bench = {
    databases,
    proxy,
    launch,
    folder,
    prepared: new Map<string, string>(),
    layouts: new Map<string, string>(),
  };
  const results = new Map<Workload, ReadonlyMap<string, Cell>>();
  for (const workload of chosen) {
    const rounds = given.rounds ?? (isQuick ? workload.quickRounds : workload.rounds);
    const fromMs = performance.now();
    process.stderr.write(`${workload.title} … `);
    const isCounted = !isQuick || workload.isCountedQuickly;
    results.set(workload, await takeTurns(bench, workload, tools, rounds, isCounted));
    process.stderr.write(`${Math.round((performance.now() - fromMs) / 1000)} s\n`);
  }

  const rows = tools.map((tool) => ({
    title: tool.title,
    cells: chosen.map((workload) => results.get(workload)?.get(tool.name)),
  }));
  const text = table(
    chosen.map(({ title }) => title),
    rows,
  );
  const date = new Date().toISOString().slice(0, 10);
  const seconds = Math.round((performance.now() - startMs) / 1000);
  say(`${describe(found)}. ${date}, ${seconds} s.`);
  say("Median wall / client's CPU time / MiB of its largest process / round trips (behind log-in)");
  sayAsIs(`\n${text}\n`);
  for (const { name, reason } of leftOut) say(`left out  ${name}: ${reason}`);
  if (given.json !== undefined) {
    const figures = tools.map((tool) => ({
      tool: tool.name,
      title: tool.title,
      workloads: Object.fromEntries(
        chosen.map((workload) => [workload.name, results.get(workload)?.get(tool.name)]),
      ),
    }));
    const document = { bench: 1, date, seconds, machine: found, tools: figures, leftOut };
    writeFileSync(given.json, `${JSON.stringify(document, undefined, 2)}\n`);
  }
  if (given.writesReadme) {
    const section = `${date}, ${describe(found)}.\n\n${text}`;
    writeFileSync(readme, inReadme(readFileSync(readme, "utf8"), section));
  }
  const byName = new Map([...results].map(([{ name }, cells]) => [name, cells]));
  const cell = (tool: string, name: WorkloadName): Cell | undefined => byName.get(name)?.get(tool);
  await checks.check("every run left in its database what it should", () => {
    const reasons = [...results].flatMap(([{ title }, cells]) =>
      [...cells].flatMap(([tool, one]) =>
        one.kind === "failed" ? [`${tool}, ${title}: ${one.reason}`] : [],
      ),
    );
    if (reasons.length > 0) throw new Error(reasons.join("\n"));
  });
  await checkDemands({ cell, leftOut }, checks);
}

function optionsOrEnd(argv: readonly string[]): BenchOptions {
  if (argv.includes("--help")) {
    sayAsIs(usage);
    process.exit(0);
  }
  try {
    return readOptions(argv);
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}
