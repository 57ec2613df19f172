/**
 * `npm run speed-gate`: what lacuna's speed may not fall behind. Counts, and ratios within one run:
 * none of them is a time, since the machine is shared with others.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshDatabase, startServer, stopServers } from "../test/support/servers.ts";
import { suite } from "../test/support/suite.ts";
import { bigFile, history } from "./history.ts";
import { instructions } from "./instructions.ts";
import { compiler, launcher } from "./launcher.ts";
import { type Counts, startProxy } from "./proxy.ts";
import { type Command, isLeftOut } from "./tool.ts";
import { lacuna } from "./tools/lacuna.ts";

/** At most this. To be lowered with what is gained. */
const limits = {
  // Log-in included, over one connection.
  roundTripsWithNothing: 4, // 4
  roundTripsWithOneNew: 6, // 6: one of them names the session, and is not waited for
  roundTripsAFile: 0.05, // 0.005, of 1,000: many are on their way at a time
  // Millions of instructions, outside of the kernel.
  instructionsOfVersion: 6.5, // 5.8
  instructionsWithNothing: 33, // 29.5, of 500
  instructionsAFile: 0.55, // 0.453, of 1,000
  instructionsOfBigFile: 1800, // 1,380 to 1,610: the collector runs when it likes
  // `up` with nothing to do on 500, to an executable of Bun that does nothing.
  cpuRatio: 6, // 3.9
  bigFileMib: 160, // 133
};
const cpuTurns = 40;
const memoryRuns = 3;

const executable = join(import.meta.dirname, "../dist/lacuna");
const folder = mkdtempSync(join(tmpdir(), "lacuna-speed-"));
const { check, skip, end } = suite();
try {
  const compile = compiler(folder);
  const { launch } = launcher(folder, compile);
  const tool = lacuna({ folder, executable, compile });
  if (isLeftOut(tool)) throw new Error(tool.reason);
  const layOut = (name: string, files: Parameters<typeof tool.layOut>[1]): string => {
    const path = join(folder, name);
    mkdirSync(path);
    tool.layOut(path, files);
    return path;
  };
  const succeed = async (command: Command): Promise<{ cpuMs: number; peakMib: number }> => {
    const taken = await launch(command);
    if (taken.exitCode === 0) return taken;
    throw new Error(`${command.argv.join(" ")} ended with ${taken.exitCode}\n${taken.said}`);
  };
  const [some, many, more, big] = [
    layOut("some", history(500)),
    layOut("many", history(1000)),
    layOut("more", history(1001)),
    layOut("big", bigFile()),
  ];
  await using server = await startServer(18);
  const create = async () => {
    const database = await freshDatabase(server);
    const url = `${database.url}?sslmode=disable`;
    return { url, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
  };

  {
    await using proxy = await startProxy(server.port);
    await using database = await create();
    const counted = async (path: string): Promise<Counts> => {
      proxy.take();
      await succeed(tool.up(path, proxy.url(database.url)));
      return proxy.take();
    };
    const [fresh, nothing, oneNew] = [
      await counted(many),
      await counted(many),
      await counted(more),
    ];
    await check("up with nothing to do: round trips", () =>
      atMost(nothing.all, limits.roundTripsWithNothing),
    );
    await check("up with one new file on 1,000: round trips", () =>
      atMost(oneNew.all, limits.roundTripsWithOneNew),
    );
    await check("1,000 fresh files: round trips a file", () =>
      atMost((fresh.all - nothing.all) / 1000, limits.roundTripsAFile),
    );
    await check("each of them over one connection", () =>
      atMost(Math.max(nothing.connections, oneNew.connections, fresh.connections), 1),
    );
  }

  await using applied = await create();
  const nothingToDo = tool.up(some, applied.url);
  await succeed(nothingToDo);

  const counter = await instructions(launch, folder);
  const titles = {
    version: "--version: millions of instructions",
    nothing: "up with nothing to do on 500: millions of instructions",
    file: "1,000 fresh files: millions of instructions a file",
    big: "a file of 20 MB: millions of instructions",
  };
  if (typeof counter === "string") {
    for (const title of Object.values(titles)) skip(title, counter);
  } else {
    const fresh = async (path: string): Promise<number> => {
      await using database = await create();
      return await counter.of(tool.up(path, database.url), 1);
    };
    await check(titles.version, async () =>
      atMost(
        await counter.of({ argv: [executable, "--version"] }, 3),
        limits.instructionsOfVersion,
      ),
    );
    const nothing = await counter.of(nothingToDo, 5);
    await check(titles.nothing, () => atMost(nothing, limits.instructionsWithNothing));
    await check(titles.file, async () =>
      atMost(((await fresh(many)) - nothing) / 1000, limits.instructionsAFile),
    );
    await check(titles.big, async () => atMost(await fresh(big), limits.instructionsOfBigFile));
  }

  await check("up with nothing to do: CPU time, in times that of an empty executable", async () => {
    const empty = { argv: [emptyExecutable()] };
    const [own, emptys]: [number[], number[]] = [[], []];
    for (let turn = 0; turn < cpuTurns; turn++) {
      own.push((await succeed(nothingToDo)).cpuMs);
      emptys.push((await succeed(empty)).cpuMs);
    }
    // The least of each: what a machine does meanwhile only adds.
    return atMost(Math.min(...own) / Math.min(...emptys), limits.cpuRatio);
  });

  await check("a file of 20 MB: peak memory in MiB", async () => {
    let peakMib = Number.POSITIVE_INFINITY;
    for (let run = 0; run < memoryRuns; run++) {
      await using database = await create();
      peakMib = Math.min(peakMib, (await succeed(tool.up(big, database.url))).peakMib);
    }
    return atMost(peakMib, limits.bigFileMib);
  });
} finally {
  await stopServers();
  rmSync(folder, { recursive: true });
}
end();

function atMost(found: number, limit: number): string {
  const said = `${Number(found.toPrecision(3))}, at most ${limit}`;
  // A count that was not to be had is none that passes.
  if (!(found <= limit)) throw new Error(said);
  return said;
}

function emptyExecutable(): string {
  const [source, program] = [join(folder, "empty.js"), join(folder, "empty")];
  writeFileSync(source, "");
  const argv = ["build", "--compile", source, "--outfile", program];
  const { status, stderr } = spawnSync(process.execPath, argv, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return program;
}
