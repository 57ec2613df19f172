/**
 * `bun build.ts [--migrations DIR] [--out FILE]` makes the executable for this machine, with the
 * migrations inside it byte for byte, and proves it. The same sources give the same executable,
 * wherever they lie; and what it made makes the same again (`lacuna build`).
 *
 * `--bare` puts no migrations inside, as in a release; `--target` and `--runtime` are those of
 * `lacuna build`.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundledCode } from "./build/code.ts";
import { parts } from "./build/parts.ts";
import { directorySource } from "./src/adapters/directory.ts";
import { executableMaker } from "./src/adapters/executable.ts";
import { buildLines } from "./src/cli/executable-text.ts";
import { build } from "./src/commands/build.ts";
import { explain } from "./src/core/explain/explain.ts";
import { type Platform, platforms } from "./src/core/platform.ts";
import type { BuildOutcome } from "./src/outcome.ts";
import { Refusal, type Source } from "./src/ports.ts";

const { values: flags } = parseArgs({
  options: {
    migrations: { type: "string" },
    out: { type: "string" },
    target: { type: "string" },
    runtime: { type: "string" },
    bare: { type: "boolean" },
  },
});
try {
  const folder = resolve(flags.migrations ?? join(import.meta.dirname, "migrations"));
  const out = resolve(flags.out ?? join(import.meta.dirname, "dist/lacuna"));
  const source = flags.bare === true ? undefined : directorySource(folder);
  for (const line of buildLines(await make(source, folder, out))) console.log(line);
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  for (const problem of error.problems) {
    const { title, hint } = explain(problem);
    console.error(`error: ${title}\n\nhint: ${hint}`);
  }
  process.exit(1);
}

async function make(
  source: Source | undefined,
  folder: string,
  out: string,
): Promise<BuildOutcome> {
  const platform = platforms.find((one) => one === flags.target);
  if (flags.target !== undefined && platform === undefined)
    throw new Error(`unknown target ${flags.target}; targets are ${platforms.join(", ")}`);
  const runtime = flags.runtime === undefined ? undefined : resolve(flags.runtime);
  const contents = { code: await bundledCode(), parts: await parts() };
  const maker = executableMaker(contents, { platform: ownPlatform(), path: process.execPath });
  mkdirSync(dirname(out), { recursive: true });
  if (source !== undefined)
    return build(
      source,
      maker,
      { report: () => undefined },
      { command: "build", folder, out, platform, runtime },
    );
  const made = await maker.make({ out, files: undefined, set: undefined, platform, runtime });
  return { kind: "build", made, set: undefined };
}

/** What this machine runs. */
function ownPlatform(): Platform {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const isMusl =
    system === "linux" && readdirSync("/lib").some((name) => name.startsWith("ld-musl-"));
  const name = `${system}-${process.arch}${isMusl ? "-musl" : ""}`;
  const platform = platforms.find((one) => one === name);
  if (platform === undefined) throw new Error(`there is no executable for ${name}`);
  return platform;
}
