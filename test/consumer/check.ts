/**
 * `bun run consumer`: the package as somebody gets it. It is packed, installed into a project
 * outside of the repository, type-checked there, and run by Bun, Node and Deno.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshDatabase, startServer, stopServers } from "../support/servers.ts";
import { lastLine, suite } from "../support/suite.ts";

const root = join(import.meta.dirname, "../..");
const project = realpathSync(mkdtempSync(join(tmpdir(), "lacuna-consumer-")));
const environment = {
  ...process.env,
  npm_config_fund: "false",
  npm_config_audit: "false",
  npm_config_update_notifier: "false",
};
const { check, end } = suite();
let isInstalled = false;

try {
  cpSync(join(import.meta.dirname, "project"), project, { recursive: true });
  await check("npm pack", () => run("npm", ["pack", "--pack-destination", project], root));
  const tarball = readdirSync(project).find((name) => name.endsWith(".tgz")) ?? "absent.tgz";
  await check("npm install of the tarball", () => {
    run("npm", ["install", `./${tarball}`]);
    isInstalled = true;
  });
  await check("it holds no sources and no tests", () => {
    const names = readdirSync(join(project, "node_modules/lacuna")).toSorted().join(" ");
    const wanted = "CHANGELOG.md LICENSE README.md docs lib package.json";
    if (names !== wanted) throw new Error(names);
  });
  await check("its types in a project of Node's kind", () => {
    // PGlite's own declarations lack those of Emscripten (0.5.16), which is not ours to judge.
    const said = run("node_modules/.bin/tsc", [], project, "whatever its status");
    const ours = said.split("\n").filter((line) => !/^(?:$|node_modules.@electric-sql)/.test(line));
    if (ours.length > 0) throw new Error(ours.join("\n"));
  });

  await using server = await startServer(17);
  // Without the package every one of them would fail for the same reason.
  for (const [name, command] of isInstalled ? runtimes() : []) {
    await check(`${name}: a server, a client, a PGlite, a folder, fresh databases`, async () => {
      await using empty = await freshDatabase(server);
      return run(command, [...argsOf(name), "apply.mjs", server.url(), empty.name]);
    });
    for (const closing of ["close", "using"]) {
      await check(`${name}: 50 fresh PGlites, ${closing}: median under 0.5 s, memory bounded`, () =>
        bounded(run(command, [...argsOf(name), "fifty.mjs", closing])),
      );
    }
  }
} finally {
  await stopServers();
  rmSync(project, { recursive: true, force: true });
}
end();

/** Each as it is here: the Bun that runs this, Node from the PATH, Deno from the project. */
function runtimes(): readonly (readonly [name: string, command: string])[] {
  return [
    ["Bun", process.execPath],
    ["Node", "node"],
    ["Deno", join(project, "node_modules/.bin/deno")],
  ];
}

function argsOf(name: string): readonly string[] {
  return name === "Deno" ? ["run", "--allow-all", "--node-modules-dir=manual"] : [];
}

/** What a command printed. Nothing runs longer than three minutes. */
function run(
  command: string,
  args: readonly string[],
  cwd: string = project,
  demand: "success" | "whatever its status" = "success",
): string {
  const options = { cwd, env: environment, encoding: "utf8", timeout: 180_000 } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (status === 0 || (status !== null && demand !== "success")) return stdout;
  throw new Error(`${command} ${args.join(" ")}: ${status}\n${stdout}${stderr}${error ?? ""}`);
}

interface Fifty {
  readonly firstMs: number;
  readonly medianMs: number;
  readonly slowestMs: number;
  readonly tenthMb: number;
  readonly lastMb: number;
}

function bounded(said: string): string {
  const measured = JSON.parse(lastLine(said)) as Fifty;
  // Forty more that each kept the 30 MB of its files would add more than a gigabyte.
  const isBounded = measured.lastMb < measured.tenthMb + 400;
  // On a machine that is busy with other things the first, a cluster made by initdb, says how busy.
  const isQuick = measured.medianMs < 500 || measured.medianMs < measured.firstMs / 12;
  if (isQuick && isBounded) return said;
  throw new Error(`${isBounded ? "too slow" : "memory grows"}: ${said}`);
}
