/** The runs of a workload: tools take turns, each run has a database of its own and is looked at. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Databases } from "./databases.ts";
import { type Cell, type GapFound, measured } from "./figures.ts";
import { madeBy } from "./history.ts";
import type { Launch, Taken } from "./launcher.ts";
import type { Counts, CountingProxy } from "./proxy.ts";
import type { Tool } from "./tool.ts";
import type { FileSet, Workload } from "./workloads.ts";

export interface Bench {
  readonly databases: Databases;
  readonly proxy: CountingProxy;
  readonly launch: Launch;
  /** Where the layouts go. */
  readonly folder: string;
  /** Databases in which a tool has applied a set, by both names. */
  readonly prepared: Map<string, string>;
  readonly layouts: Map<string, string>;
}

export async function takeTurns(
  bench: Bench,
  workload: Workload,
  tools: readonly Tool[],
  rounds: number,
  isCounted: boolean,
): Promise<ReadonlyMap<string, Cell>> {
  const cells = new Map<string, Cell>();
  const runs = new Map<string, Taken[]>();
  const counts = new Map<string, Counts>();
  const partakers = tools.filter((tool) => takesPart(tool, workload));
  const attempt = async (tool: Tool, work: () => Promise<void>): Promise<void> => {
    if (cells.has(tool.name)) return;
    try {
      await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      cells.set(tool.name, { kind: "failed", reason });
    }
  };
  for (const tool of partakers) {
    await attempt(tool, async () => {
      if (workload.name === "gap") cells.set(tool.name, await gap(bench, workload, tool));
      // Untimed: it warms the caches, and the proxy is in the way.
      else if (isCounted) counts.set(tool.name, (await once(bench, workload, tool, true)).counts);
    });
  }
  for (let round = 0; round < rounds; round++) {
    for (const tool of partakers) {
      await attempt(tool, async () => {
        const { taken } = await once(bench, workload, tool, false);
        runs.set(tool.name, [...(runs.get(tool.name) ?? []), taken]);
      });
    }
  }
  for (const [name, taken] of runs) {
    const counted = workload.files === undefined ? undefined : counts.get(name);
    if (!cells.has(name)) cells.set(name, measured(taken, counted));
  }
  return cells;
}

function takesPart(tool: Tool, workload: Workload): boolean {
  if (tool.only !== undefined && !tool.only.includes(workload.name)) return false;
  return workload.files !== undefined || tool.start !== undefined;
}

async function once(
  bench: Bench,
  workload: Workload,
  tool: Tool,
  isCounted: boolean,
): Promise<{ taken: Taken; counts: Counts }> {
  const { databases, proxy, launch } = bench;
  if (workload.files === undefined) {
    const taken = await launch(tool.start ?? { argv: ["false"] });
    if (taken.exitCode !== 0) throw new Error(failure(tool, taken));
    return { taken, counts: proxy.take() };
  }
  const prepared = await preparedFor(bench, workload, tool);
  // Where there is nothing to do, nothing changes.
  const isReused = workload.files === workload.applied && prepared !== undefined;
  const url = isReused ? prepared : await databases.create(prepared);
  const folder = laidOut(bench, tool, workload.files);
  proxy.take();
  const command = tool.up(folder, isCounted ? proxy.url(url) : url);
  const taken = await (isCounted ? launch(command) : databases.durably(() => launch(command)));
  const counts = proxy.take();
  await demandContents(bench, tool, taken, url, workload.files);
  if (!isReused) await databases.drop(url);
  return { taken, counts };
}

async function gap(bench: Bench, workload: Workload, tool: Tool): Promise<GapFound> {
  const { files, applied } = workload;
  if (files === undefined || applied === undefined) throw new Error("a gap needs files");
  const url = await bench.databases.create(await preparedFor(bench, workload, tool));
  const taken = await bench.launch(tool.up(laidOut(bench, tool, files), url));
  const contents = await bench.databases.contents(url);
  await bench.databases.drop(url);
  if (Bun.deepEquals(contents, madeBy(files.files))) {
    if (taken.exitCode !== 0) throw new Error(failure(tool, taken));
    return { kind: "gap", outcome: "applied" };
  }
  if (!Bun.deepEquals(contents, madeBy(applied.files))) throw new Error(failure(tool, taken));
  return { kind: "gap", outcome: taken.exitCode === 0 ? "skipped, exit 0" : "refused" };
}

/** The database that a workload's runs begin with, made by the tool itself. */
async function preparedFor(
  bench: Bench,
  { applied }: Workload,
  tool: Tool,
): Promise<string | undefined> {
  if (applied === undefined) return undefined;
  const key = `${tool.name} ${applied.name}`;
  const known = bench.prepared.get(key);
  if (known !== undefined) return known;
  const url = await bench.databases.create();
  const taken = await bench.launch(tool.up(laidOut(bench, tool, applied), url));
  await demandContents(bench, tool, taken, url, applied);
  bench.prepared.set(key, url);
  return url;
}

/** Where files are in a tool's own layout. */
function laidOut(bench: Bench, tool: Tool, set: FileSet): string {
  const key = `${tool.name}-${set.name}`;
  const known = bench.layouts.get(key);
  if (known !== undefined) return known;
  const folder = join(bench.folder, key);
  mkdirSync(folder);
  tool.layOut(folder, set.files);
  bench.layouts.set(key, folder);
  return folder;
}

async function demandContents(
  bench: Bench,
  tool: Tool,
  taken: Taken,
  url: string,
  set: FileSet,
): Promise<void> {
  if (taken.exitCode !== 0) throw new Error(failure(tool, taken));
  const [found, wanted] = [await bench.databases.contents(url), madeBy(set.files)];
  if (Bun.deepEquals(found, wanted)) return;
  const made = `${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`;
  throw new Error(`${tool.name}, ${set.name}: ${made}\n${taken.said.slice(-1000)}`);
}

function failure(tool: Tool, taken: Taken): string {
  return `${tool.name} ended with ${taken.exitCode}\n${taken.said.slice(-1000)}`;
}
