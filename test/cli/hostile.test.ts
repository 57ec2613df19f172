/**
 * A working directory in which everything is a trap. The executable says there, to the byte, what it
 * says in an empty folder, and springs none of them. What Bun does with the same traps is tried
 * first: a trap that cannot fire proves nothing.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildExecutable } from "./executable.ts";

const temporary = fs.mkdtempSync(join(tmpdir(), "lacuna-hostile-"));
const hostile = join(temporary, "hostile");
const own = join(temporary, "own");

/** Each runs in both folders. Another command is one line more. */
const commands: readonly (readonly string[])[] = [
  ["--version"],
  ["--help"],
  ["show", "1"],
  // Of .env and its like they would take a database.
  ["status"],
  ["up"],
  ["plan", "--database-url", "pglite:memory"],
  ["up", "--database-url", "pglite:memory"],
  ["verify"],
  ["smoke"],
  ["completion", "bash"],
  ["man"],
  ["build", "--migrations", own, "--out", join(temporary, "migrator")],
];

/** A line for each trap that was sprung. */
const sprung = join(temporary, "sprung");

const armed: string[] = [];
const packages = ["postgres", "cac", "@electric-sql/pglite", "libpg-query", "lacuna.config"];
const modules = ["lacuna.config.js", "lacuna.config.ts", "main.js", "main.ts", "start.js"];
const threads = ["pglite-worker.js", "pglite-worker.ts"];
const unreachable = "postgres://trap@127.0.0.1:1/trap";

const traps: Readonly<Record<string, string>> = {
  ".env": `DATABASE_URL=${unreachable}\nTEST_DATABASE_URL=${unreachable}\nPGHOST=127.0.0.1\nTRAP_ENV=1\n`,
  ".env.local": `DATABASE_URL=${unreachable}\nTRAP_ENV_LOCAL=1\n`,
  ".env.production": `DATABASE_URL=${unreachable}\nGITHUB_ACTIONS=true\nTRAP_ENV_PRODUCTION=1\n`,
  ".npmrc": "node-options=--require ./preload.js\n",
  ".pgpass": "*:*:*:*:trap\n",
  "bunfig.toml": `preload = ["./preload.js"]\nlogLevel = "debug"\n[run]\nbun = true\n`,
  "preload.js": springs("bunfig.toml"),
  "package.json": JSON.stringify({
    name: "lacuna",
    main: "./main.js",
    exports: { ".": "./exports.js" },
    imports: { "#trap": "./imports.js" },
    bun: { preload: ["./preload.js"] },
    scripts: { up: "echo trap", verify: "echo trap" },
  }),
  "exports.js": springs("package.json exports"),
  "imports.js": springs("package.json imports"),
  "tsconfig.json": JSON.stringify({ compilerOptions: { paths: { redirected: ["./paths.js"] } } }),
  "paths.js": springs("tsconfig.json paths"),
  ...Object.fromEntries([...modules, ...threads].map((name) => [name, springs(name)])),
  "pglite.wasm": "no WebAssembly",
  "initdb.wasm": "no WebAssembly",
  "libpg-query.wasm": "no WebAssembly",
  "pglite.data": "no data",
  ...Object.fromEntries(
    packages.flatMap((name) => [
      [`node_modules/${name}/package.json`, JSON.stringify({ name, main: "index.js" })],
      [`node_modules/${name}/index.js`, springs(`node_modules/${name}`)],
    ]),
  ),
};

/** Asks for everything by the names that the sources ask for. */
const victim = `
const names = ${JSON.stringify([...packages, "lacuna", "#trap", "redirected"])};
const modules = ${JSON.stringify(modules)}.map((name) => "./" + name);
for (const name of [...names, ...modules]) await import(name);
for (const name of ${JSON.stringify(threads)}) {
  const worker = new Worker(new URL(name, import.meta.url));
  await new Promise((resolve) => worker.addEventListener("close", resolve));
}
console.log(Object.keys(process.env).filter((name) => name.startsWith("TRAP_")).sort().join(" "));
`;

let executable = process.env["LACUNA_EXECUTABLE"] ?? "";

beforeAll(() => {
  for (const [name, text] of Object.entries(traps)) {
    fs.mkdirSync(dirname(join(hostile, name)), { recursive: true });
    fs.writeFileSync(join(hostile, name), text);
  }
  fs.mkdirSync(own);
  fs.writeFileSync(join(own, "1_own.sql"), "select 1;\n");
  if (executable === "") executable = buildExecutable(temporary);
}, 60_000);
afterAll(() => {
  fs.rmSync(temporary, { recursive: true });
});

test("every trap is sprung by Bun itself", () => {
  const path = join(hostile, "victim.ts");
  fs.writeFileSync(path, victim);
  const { stdout, stderr } = run(process.execPath, ["run", path], hostile);
  fs.rmSync(path);
  expect(stderr).toBe("");
  expect(stdout).toBe("TRAP_ENV TRAP_ENV_LOCAL TRAP_ENV_PRODUCTION\n");
  const names = fs.readFileSync(sprung, "utf8").trim().split("\n");
  fs.rmSync(sprung);
  expect(names.toSorted()).toEqual(armed.toSorted());
});

test.each(commands.map((argv) => [argv.join(" "), argv] as const))(
  "lacuna %s is the same there",
  (_, argv) => {
    const empty = fs.mkdtempSync(join(temporary, "empty-"));
    const before = contentsOf(hostile);
    const wanted = run(executable, argv, empty);
    expect(run(executable, argv, hostile)).toEqual(wanted);
    // What would have run in both folders would be the same in both.
    expect(wanted.status).not.toBe(70);
    expect(fs.existsSync(sprung)).toBe(false);
    expect(contentsOf(hostile)).toEqual(before);
    expect(fs.readdirSync(empty)).toEqual([]);
  },
  60_000,
);

interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** NODE_ENV, so that .env.production is one of those that Bun reads. */
function run(command: string, argv: readonly string[], cwd: string): Said {
  const env = { NODE_ENV: "production" };
  const { stdout, stderr, status } = spawnSync(command, argv, {
    cwd,
    env,
    encoding: "utf8",
    timeout: 60_000,
  });
  // Nothing but times may differ.
  const timeless = (text: string): string => text.replaceAll(/\([0-9.]+ m?s\)/g, "(time)");
  return { stdout: timeless(stdout), stderr: timeless(stderr), status };
}

function contentsOf(folder: string): Readonly<Record<string, string>> {
  const files = fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(files.map((path) => [path, fs.readFileSync(path, "utf8")]));
}

/** A program that leaves a trace. */
function springs(name: string): string {
  armed.push(name);
  const [path, line] = [sprung, `${name}\n`].map((text) => JSON.stringify(text));
  return `require("node:fs").appendFileSync(${path}, ${line});\n`;
}
