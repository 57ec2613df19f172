/**
 * Instructions that a command executes outside of the kernel: they hardly depend on what else the
 * machine does. `perf` reads the processor's own counter; two runs differ by less than a percent.
 * valgrind's callgrind would be another way and is none: it serialises the threads of Bun, whose
 * waiting is then counted (a third more from one run to the next), and takes half a minute a run.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { whyNotThere } from "../test/support/packages.ts";
import { median } from "./figures.ts";
import type { Launch } from "./launcher.ts";
import type { Command } from "./tool.ts";

export interface Instructions {
  /** In millions; the median of some runs. */
  readonly of: (command: Command, runs: number) => Promise<number>;
}

/** Or why they cannot be counted here. */
export async function instructions(launch: Launch, folder: string): Promise<Instructions | string> {
  const missing = whyNotThere(["linux-perf"], () => Bun.which("perf") !== null);
  if (missing !== undefined) return `perf is ${missing}`;
  const output = join(folder, "perf");
  const event = "instructions:u";
  const once = async ({ argv, ...command }: Command): Promise<number | undefined> => {
    const counting = ["perf", "stat", "-x,", "-e", event, "-o", output, "--", ...argv];
    const { exitCode, said } = await launch({ ...command, argv: counting });
    if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}\n${said}`);
    const count = /^(\d+),/m.exec(readFileSync(output, "utf8"))?.[1];
    return count === undefined ? undefined : Number(count) / 1e6;
  };
  try {
    if ((await once({ argv: ["true"] })) === undefined)
      return "perf has no counter on this machine";
  } catch (error) {
    return `perf cannot count here: ${error instanceof Error ? error.message : String(error)}`;
  }
  return {
    async of(command, runs) {
      const counts: number[] = [];
      for (let run = 0; run < runs; run++) counts.push((await once(command)) ?? Number.NaN);
      return median(counts);
    },
  };
}
