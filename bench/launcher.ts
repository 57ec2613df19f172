/** Runs a command and says what it took, without this process in the figures. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command, LeftOut } from "./tool.ts";

export interface Taken {
  readonly wallMs: number;
  /** User and system time of the command and its children. */
  readonly cpuMs: number;
  /** Of the largest process. */
  readonly peakMib: number;
  readonly exitCode: number;
  /** What it wrote to stdout and stderr. */
  readonly said: string;
}

export type Launch = (command: Command) => Promise<Taken>;

/** Compiles a C file of this folder into another one. */
export function compiler(folder: string): (source: string) => string | LeftOut {
  return (source) => {
    const name = source.replace(/\.c$/, "");
    const program = join(folder, name);
    const cc = Bun.which("cc");
    if (cc === null) return { name, reason: "there is no `cc` to compile it" };
    const argv = ["-O2", "-o", program, join(import.meta.dirname, source)];
    const { status, stderr } = spawnSync(cc, argv, { encoding: "utf8" });
    return status === 0 ? program : { name, reason: `cc: ${stderr.trim()}` };
  };
}

/** launch.c, or where there is no compiler a small Bun, whose own memory is then the least of all. */
export function launcher(
  folder: string,
  compile: (source: string) => string | LeftOut,
): { readonly launch: Launch; readonly leftOut: readonly LeftOut[] } {
  const program = compile("launch.c");
  if (typeof program !== "string") writeFileSync(join(folder, "launch.mjs"), bunLauncher);
  const start =
    typeof program === "string" ? [program] : [process.execPath, join(folder, "launch.mjs")];
  const log = join(folder, "log");
  const launch: Launch = async ({ argv, env = {} }) => {
    const said = await outputOf([...start, log, ...argv], {
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
      HOME: folder,
      ...env,
    });
    const [wallUs = 0, userUs = 0, systemUs = 0, peakKib = 0, exitCode = 2] = said
      .trim()
      .split(" ")
      .map(Number);
    return {
      wallMs: wallUs / 1000,
      cpuMs: (userUs + systemUs) / 1000,
      peakMib: peakKib / 1024,
      exitCode,
      said: readFileSync(log, "utf8"),
    };
  };
  if (typeof program === "string") return { launch, leftOut: [] };
  const reason = `${program.reason}; a Bun starts each command, and no memory is told below its own`;
  return { launch, leftOut: [{ name: "launch", reason }] };
}

function outputOf(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const [command = "", ...rest] = argv;
  const child = spawn(command, rest, { env, stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(said) : reject(new Error(`${command} ended with ${code}`)),
    );
  });
}

const bunLauncher = `
import { closeSync, openSync } from "node:fs";
const [log, ...argv] = process.argv.slice(2);
const output = openSync(log, "w");
const startMs = performance.now();
const { exitCode, resourceUsage } = Bun.spawnSync(argv, { stdin: "ignore", stdout: output, stderr: output, timeout: 180_000 });
const wallUs = Math.round((performance.now() - startMs) * 1000);
const { cpuTime, maxRSS } = resourceUsage;
process.stdout.write([wallUs, cpuTime.user, cpuTime.system, Math.round(maxRSS / 1024), exitCode ?? 137].join(" "));
closeSync(output);
`;
