/**
 * The composition root: argv and environment → Request → World → command → exit code. It alone
 * knows the process and every adapter. A command loads what it needs when it runs, so that
 * `--version` and `--help`, which are asked often, answer in milliseconds.
 */
import { existsSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { inside } from "./adapters/inside.ts";
import { loginName, readTextFile } from "./adapters/login.ts";
import { watchSignals } from "./adapters/signals.ts";
import { processStreams } from "./adapters/streams.ts";
import { commandLine } from "./cli/options.ts";
import { type Output, outputTo, redactor } from "./cli/output.ts";
import { allProblems } from "./cli/problem-text.ts";
import { exitCodeOfOutcome, type Renderer, rendererFor } from "./cli/render.ts";
import { readRequest } from "./cli/request.ts";
import type { ExitCode } from "./core/problem.ts";
import type { DatabaseTarget } from "./core/target.ts";
import type { Event } from "./events.ts";
import { doingOf, expectedIn, notPermitted } from "./expected.ts";
import type { Outcome } from "./outcome.ts";
import { Refusal } from "./ports.ts";
import { productVersion } from "./product.ts";
import type { CheckRequest, Request, VerifyRequest } from "./request.ts";
import {
  betweenOthers,
  developmentFolder,
  dialed,
  given,
  placesToReplay,
  sourceInside,
  sourceOf,
  type Surroundings,
  withWorld,
} from "./wiring.ts";

const streams = processStreams();
let output: Output = outputTo(streams, redactor(undefined));
process.on("uncaughtException", reportBug);
process.on("unhandledRejection", reportBug);
const interruption = watchSignals(process);
const environment = { ...process.env };
// postgres.js reads PG* by itself; here every option is read once, and passed on explicitly.
for (const name of Object.keys(environment)) if (name.startsWith("PG")) delete process.env[name];
process.exit(await main(process.argv.slice(2)));

async function main(argv: readonly string[]): Promise<ExitCode> {
  const read = readRequest(argv, { environment, userName: loginName, readFile: readTextFile });
  if (!read.ok) {
    const style = {
      talk: "normal",
      command: argv[0] ?? "",
      color: hasColor() && !argv.includes("--no-color"),
    } as const;
    const renderer = rendererFor(argv.includes("--json") ? "json" : "text", output, style);
    return finish(renderer, { kind: "refused", problems: read.problems });
  }
  const { request, talk, color } = read.value;
  output = outputTo(streams, redactor(...targetsOf(request)));
  const style = { talk, command: request.command, color: color && hasColor() };
  const renderer = rendererFor(read.value.output, output, style);
  const outcome = await outcomeOf(request, renderer);
  const exitCode = finish(renderer, outcome);
  if (request.command !== "verify" && request.command !== "check") return exitCode;
  const isReported = await reportElsewhere(request, outcome);
  return exitCode === 0 && !isReported ? 2 : exitCode;
}

/** Whose passwords must not reach an output. */
function targetsOf(request: Request): readonly (DatabaseTarget | undefined)[] {
  const from = "appliedFrom" in request ? request.appliedFrom : undefined;
  return [
    "target" in request ? request.target : undefined,
    from?.kind === "database" ? from.target : undefined,
    "scratchOn" in request ? request.scratchOn : undefined,
  ];
}

/** The JUnit file, and annotations where GitHub runs this. False: what was asked for is not there. */
async function reportElsewhere(
  request: VerifyRequest | CheckRequest,
  outcome: Outcome,
): Promise<boolean> {
  if ((environment["GITHUB_ACTIONS"] ?? "") !== "") {
    const { annotations } = await import("./cli/annotations.ts");
    const root = environment["GITHUB_WORKSPACE"] ?? "";
    // The embedded set has no files in the repository.
    const inRepository = (path: string): string | undefined =>
      existsSync(path) ? relative(root, resolve(path)) : undefined;
    for (const line of annotations(outcome, inRepository)) output.talk(line);
  }
  if (request.junit === undefined) return true;
  const { junitReport } = await import("./cli/junit.ts");
  try {
    writeFileSync(request.junit, junitReport(outcome));
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const problem = { code: "cannot-write", path: request.junit, message } as const;
    for (const line of allProblems([problem], [])) output.talk(line);
    return false;
  }
}

async function outcomeOf(request: Request, renderer: Renderer): Promise<Outcome> {
  const report = (event: Event): void => {
    renderer.event(event);
  };
  try {
    return await run(request, { interruption, reporter: { report } });
  } catch (error) {
    const problems = expectedIn(error, doingOf(request.command), interruption);
    if (problems === undefined) throw error;
    return { kind: "refused", problems };
  }
}

async function run(request: Request, around: Surroundings): Promise<Outcome> {
  switch (request.command) {
    case "help":
      return { kind: "text", text: request.text };
    case "version": {
      const { version } = await import("./commands/version.ts");
      return version(inside?.platform, await sourceInside());
    }
    case "completion": {
      const { completionScript } = await import("./cli/completion/completion.ts");
      return { kind: "text", text: completionScript(request.shell, commandLine) };
    }
    case "man": {
      const { manPage } = await import("./cli/man.ts");
      return { kind: "text", text: manPage(commandLine) };
    }
    case "show":
    case "new":
    case "build":
      return runOnFiles(request, around);
    case "check":
    case "renumber": {
      const { runInRepository } = await import("./in-repository.ts");
      return runInRepository(request, { ...around, environment });
    }
    case "up": {
      const needed = await dialed(request);
      const { up } = await import("./commands/up.ts");
      return withWorld(needed, around, (world) => up(world, request));
    }
    case "verify": {
      const { runVerify } = await import("./run-verify.ts");
      return runVerify(request, { ...around, environment });
    }
    case "plan": {
      const { planCommand } = await import("./commands/plan.ts");
      return withWorld(given(request), around, (world) => planCommand(world, request));
    }
    case "status": {
      const { status } = await import("./commands/status.ts");
      return withWorld(given(request), around, (world) => status(world, request));
    }
    case "fingerprint": {
      const { fingerprint } = await import("./commands/fingerprint.ts");
      return withWorld(given(request), around, (world) => fingerprint(world, request));
    }
    case "drift": {
      const { drift } = await import("./commands/drift.ts");
      return withWorld(given(request), around, (world) =>
        drift({ ...world, ...placesToReplay(request) }, request),
      );
    }
    case "smoke": {
      const { smoke } = await import("./commands/smoke.ts");
      const { nodeHttp } = await import("./adapters/http.ts");
      return withWorld(given(request), around, (world) => smoke(world, nodeHttp, request));
    }
    case "wait": {
      const { wait } = await import("./commands/wait.ts");
      return withWorld(betweenOthers(request), around, (world) => wait(world, request));
    }
    case "serve": {
      const { serve } = await import("./commands/serve.ts");
      const { nodeHttp } = await import("./adapters/http.ts");
      const redact = redactor(request.target);
      return withWorld(betweenOthers(request), around, (world) =>
        serve(world, nodeHttp, redact, request),
      );
    }
    case "mark": {
      const { mark } = await import("./commands/mark.ts");
      return withWorld(given(request), around, (world) => mark(world, request));
    }
  }
}

/** Commands that know no database. */
async function runOnFiles(
  request: Extract<Request, { readonly command: "show" | "new" | "build" }>,
  around: Surroundings,
): Promise<Outcome> {
  const { reporter } = around;
  switch (request.command) {
    case "show": {
      const { show } = await import("./commands/show.ts");
      return show(await sourceOf(request.folder, around), reporter, request);
    }
    case "new": {
      const { newCommand } = await import("./commands/new.ts");
      const { directorySource } = await import("./adapters/directory.ts");
      const { folderOnDisk, systemClock } = await import("./adapters/system.ts");
      const path = request.folder ?? developmentFolder;
      // The first command of a new project makes its folder; one that is named has to be there.
      const isNamed = request.folder !== undefined;
      const folder = folderOnDisk(path, isNamed ? "must exist" : "is made");
      return newCommand(
        directorySource(path, isNamed ? "must exist" : "may be absent"),
        folder,
        systemClock(interruption),
        reporter,
        request,
      );
    }
    case "build": {
      if (inside === undefined) throw new Refusal([{ code: "no-executable" }]);
      const { build } = await import("./commands/build.ts");
      const { contentsOf, executableMaker } = await import("./adapters/executable.ts");
      const maker = executableMaker(contentsOf(inside), {
        platform: inside.platform,
        path: process.execPath,
      });
      return build(await sourceOf(request.folder, around), maker, reporter, request);
    }
  }
}

function finish(renderer: Renderer, outcome: Outcome): ExitCode {
  const exitCode = exitCodeOfOutcome(outcome);
  renderer.outcome(outcome, exitCode);
  // A result that could not be written was not given: exit 0 would be a wrong success.
  return exitCode === 0 && streams.failure !== undefined ? 2 : exitCode;
}

function hasColor(): boolean {
  return (
    streams.isTerminal && (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb"
  );
}

function reportBug(error: unknown): void {
  const refusal = notPermitted(error);
  if (refusal !== undefined) {
    for (const line of allProblems([refusal], [])) output.talk(line);
    process.exit(2);
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  output.talk(
    `error: a bug in lacuna ${productVersion}\n${text}\n\nhint: please report it with the lines above`,
  );
  process.exit(70);
}
