/**
 * `bun build.ts [--migrations DIR] [--out FILE]` makes the executable for this machine, with the
 * migrations inside it byte for byte, and proves it. The same sources give the same executable,
 * wherever they lie; and what it made makes the same again (`lacuna build`).
 *
 * `--bare` puts no migrations inside, as in a release; `--target` and `--runtime` are those of
 * `lacuna build`.
 *
 * `--all [--target T] [--out DIR]` makes a release: for every platform, or that one.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundledCode } from "./build/code.ts";
import { Failure } from "./build/failure.ts";
import { parts } from "./build/parts.ts";
import { release } from "./build/release.ts";
import { directorySource } from "./src/adapters/directory.ts";
import { type Contents, executableMaker } from "./src/adapters/executable.ts";
import type { Own } from "./src/adapters/runtime.ts";
import { buildLines } from "./src/cli/executable-text.ts";
import { build } from "./src/commands/build.ts";
import { explain } from "./src/core/explain/explain.ts";
import { type Platform, platformOf, platforms } from "./src/core/platform.ts";
import type { BuildOutcome } from "./src/outcome.ts";
import { Refusal, type Source } from "./src/ports.ts";

const { values: flags } = parseArgs({
  options: {
    migrations: { type: "string" },
    out: { type: "string" },
    target: { type: "string" },
    runtime: { type: "string" },
    bare: { type: "boolean" },
    all: { type: "boolean" },
  },
});
try {
  const platform = platforms.find((one) => one === flags.target);
  if (flags.target !== undefined && platform === undefined)
    throw new Failure(`There is no target ${flags.target}`, `targets are ${platforms.join(", ")}`);
  for (const line of await (flags.all === true ? releaseLines(platform) : madeLines(platform)))
    console.log(line);
} catch (error) {
  if (error instanceof Failure) fail(error.message, error.hint);
  else if (error instanceof Refusal) {
    for (const { title, hint } of error.problems.map(explain)) fail(title, hint);
  } else throw error;
}

async function madeLines(platform: Platform | undefined): Promise<readonly string[]> {
  const folder = resolve(flags.migrations ?? join(import.meta.dirname, "migrations"));
  const out = resolve(flags.out ?? join(import.meta.dirname, "dist/lacuna"));
  const source = flags.bare === true ? undefined : directorySource(folder);
  return buildLines(await make(source, folder, out, platform));
}

async function releaseLines(platform: Platform | undefined): Promise<readonly string[]> {
  if (flags.migrations !== undefined || flags.runtime !== undefined)
    throw new Failure(
      "A release has no migrations inside, and its runtimes are those of package-lock.json",
      "leave out --migrations and --runtime",
    );
  const out = resolve(flags.out ?? join(import.meta.dirname, "dist/release"));
  const wanted = platform === undefined ? platforms : [platform];
  const files = await release(out, wanted, await contents(), own());
  return files.map(
    ({ name, bytes, sha256 }) => `${sha256}  ${(bytes / 1e6).toFixed(1)} MB  ${name}`,
  );
}

async function make(
  source: Source | undefined,
  folder: string,
  out: string,
  platform: Platform | undefined,
): Promise<BuildOutcome> {
  const runtime = flags.runtime === undefined ? undefined : resolve(flags.runtime);
  const maker = executableMaker(await contents(), own());
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

async function contents(): Promise<Contents> {
  return { code: await bundledCode(), parts: await parts() };
}

function own(): Own {
  return { platform: ownPlatform(), path: process.execPath };
}

function fail(title: string, hint: string): void {
  console.error(`error: ${title}\n\nhint: ${hint}`);
  process.exitCode = 1;
}

/** What this machine runs: Bun itself tells, by its loader. */
function ownPlatform(): Platform {
  const found = platformOf(readFileSync(process.execPath));
  if (found === undefined || found === "other")
    throw new Failure(
      "There is no executable for this machine",
      `targets are ${platforms.join(", ")}`,
    );
  return found;
}
