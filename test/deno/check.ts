/**
 * `bun run deno`: src/main.ts under Deno, with the permissions that README.md has for each command
 * and nothing more, on a server and on PGlite. No registry can be reached, and Deno's cache is empty.
 */
import { spawn } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { freshDatabase, startServer, stopServers, type TestServer } from "../support/servers.ts";
import { suite } from "../support/suite.ts";

const root = join(import.meta.dirname, "../..");
const deno = join(root, "node_modules/.bin/deno");
const temporary = realpathSync(mkdtempSync(join(tmpdir(), "lacuna-deno-")));
const readme = readFileSync(join(root, "README.md"), "utf8");
const { check, end } = suite();

interface Run {
  /** What is run, and whose line of the README gives the permissions. */
  readonly command: string;
  readonly like?: "status" | "up" | "verify";
  readonly flags?: readonly string[];
  readonly migrations?: string;
  readonly url?: string;
  /** For a folder of PGlite, as the README says it. */
  readonly folder?: string;
  /** SIGTERM comes a moment after this is said. */
  readonly endAfter?: string;
}

try {
  const before = everyPath();
  await check("deno check src/main.ts", () => start(["check", "src/main.ts"], {}).then(exits(0)));
  await check("without a permission it says which, exit 2", async () => {
    const { stderr } = await start(["run", "--no-prompt", "src/main.ts", "up"], {}).then(exits(2));
    holds(stderr, "Deno does not permit it: Requires env access");
  });
  await onServer();
  await onPglite();
  await check("no lock file, and nothing else was written", () => {
    const written = everyPath().filter((path) => !before.includes(path));
    if (written.length > 0) throw new Error(written.join("\n"));
  });
} finally {
  await stopServers();
  rmSync(temporary, { recursive: true, force: true });
}
end();

async function onServer(): Promise<void> {
  const own = "host all postgres 127.0.0.1/32 trust\n";
  const hba = `${own}host all all 127.0.0.1/32 scram-sha-256\n`;
  await using server = await startServer(17, { hba });
  await withRole(server);
  await using database = await freshDatabase(server);
  const { url } = database;
  await check("plan on a server", () => run({ command: "plan", like: "up", url }).then(exits(0)));
  await check("up", () => run({ command: "up", url }).then(exits(0)));
  await check("status --check", () =>
    run({ command: "status", flags: ["--check"], url }).then(exits(0)),
  );
  await check("a second up", async () => {
    const { stdout } = await run({ command: "up", url }).then(exits(0));
    holds(stdout, "nothing to do");
  });
  await check("a password by SCRAM", () =>
    run({ command: "status", url: urlOf(server, "right") }).then(exits(0)),
  );
  await check("a wrong password, exit 6", async () => {
    const { stderr } = await run({ command: "status", url: urlOf(server, "wrong") }).then(exits(6));
    holds(stderr, "password authentication failed");
  });
  await check("a server that --allow-net does not name, exit 6 at once", async () => {
    const { stderr } = await run({ command: "up", url: "postgres://a@127.0.0.1:1/a" }).then(
      exits(6),
    );
    holds(stderr, 'Requires net access to "127.0.0.1:1"');
  });
  await check("SIGTERM cancels the statement, exit 143", async () => {
    await using empty = await freshDatabase(server);
    const migrations = folderOf({
      "1_quick.sql": "create table quick (id int);",
      "2_slow.sql": "select pg_sleep(60);",
    });
    const { stderr } = await run({
      command: "up",
      url: empty.url,
      migrations,
      endAfter: "applied 1_quick",
    }).then(exits(143));
    holds(stderr, "Interrupted by SIGTERM");
  });
}

async function onPglite(): Promise<void> {
  await check("verify in an embedded Postgres", () => run({ command: "verify" }).then(exits(0)));
  await check("verify finds what is broken, exit 7", async () => {
    const migrations = folderOf({ "1_broken.sql": "alter table nowhere add x int;" });
    const { stderr } = await run({ command: "verify", migrations }).then(exits(7));
    holds(stderr, 'relation "nowhere" does not exist');
  });
  const like = "verify";
  const folder = join(temporary, "embedded");
  const url = `pglite:${folder}/database`;
  const flags = ["--database-url", url];
  await check("up, status and a second up in a folder of PGlite", async () => {
    await run({ command: "up", like, flags, folder }).then(exits(0));
    await run({ command: "status", like, flags: [...flags, "--check"], folder }).then(exits(0));
    const { stdout } = await run({ command: "up", like, flags, folder }).then(exits(0));
    holds(stdout, "nothing to do");
  });
  await check("a folder that another process has is left to it, exit 6", async () => {
    const lock = join(folder, "database.lock");
    writeFileSync(lock, `${process.pid}\n`);
    const impatient = [...flags, "--connect-timeout", "1s"];
    const { stderr } = await run({ command: "up", like, flags: impatient, folder }).then(exits(6));
    holds(stderr, `process ${process.pid} is at work on it`);
    rmSync(lock);
  });
}

function run(wish: Run): Promise<Ended> {
  const { command, flags = [], migrations, url, folder } = wish;
  const port = /@127\.0\.0\.1:([0-9]{2,})/.exec(url ?? "")?.[1] ?? "5432";
  const permissions = permissionsOf(wish.like ?? command).map((flag) =>
    flag
      .replace("127.0.0.1:5432", `127.0.0.1:${port}`)
      .replace("=migrations", `=${migrations ?? "migrations"}`)
      .replace(/^--allow-read=.*/, (read) => (folder === undefined ? read : `${read},${folder}`)),
  );
  const more = folder === undefined ? [] : [`--allow-write=${folder}`];
  const named = migrations === undefined ? [] : ["--migrations", migrations];
  return start(
    ["run", "--no-prompt", ...permissions, ...more, "src/main.ts", command, ...flags, ...named],
    url === undefined ? {} : { DATABASE_URL: url },
    wish.endAfter,
  );
}

/** `deno run PERMISSIONS src/main.ts COMMAND`, as it stands in the README. */
function permissionsOf(command: string): readonly string[] {
  const line = new RegExp(`^deno run (--.*) src/main\\.ts ${command}$`, "m").exec(readme)?.[1];
  if (line === undefined) throw new Error(`the README has no permissions for ${command}`);
  const flags = line.split(" ");
  // Anything else would be more than it says that is needed.
  const known =
    /^--(?:ignore-env$|allow-env=DATABASE_URL$|allow-net=127\.0\.0\.1:5432$|allow-read=)/;
  const stray = flags.find((flag) => !known.test(flag));
  if (stray !== undefined) throw new Error(`${stray} is not known to be needed`);
  return flags;
}

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | null;
}

function start(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  endAfter?: string,
): Promise<Ended> {
  const nowhere = "http://127.0.0.1:1/";
  const env = {
    ...environment,
    NO_COLOR: "1",
    DENO_DIR: join(temporary, "cache"),
    DENO_NO_UPDATE_CHECK: "1",
    npm_config_registry: nowhere,
    NPM_CONFIG_REGISTRY: nowhere,
    JSR_URL: nowhere,
  };
  const child = spawn(deno, args, { cwd: root, env, timeout: 120_000, killSignal: "SIGKILL" });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    const isSaid = endAfter === undefined || stdout.includes(endAfter);
    stdout += String(chunk);
    if (!isSaid && stdout.includes(endAfter)) setTimeout(() => child.kill("SIGTERM"), 500);
  });
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => {
      resolve({ stdout, stderr, exitCode });
    });
  });
}

function exits(wanted: number): (ended: Ended) => Ended {
  return (ended) => {
    if (ended.exitCode === wanted) return ended;
    throw new Error(`exit ${ended.exitCode}, not ${wanted}\n${ended.stdout}${ended.stderr}`);
  };
}

function holds(text: string, words: string): void {
  if (!text.includes(words)) throw new Error(`no ${words} in\n${text}`);
}

async function withRole(server: TestServer): Promise<void> {
  const sql = postgres(server.url(), { max: 1 });
  await sql.unsafe("create role app login password 'right'");
  await sql.end();
}

function urlOf(server: TestServer, password: string): string {
  return `postgres://app:${password}@127.0.0.1:${server.port}/postgres`;
}

function folderOf(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(temporary, "sql-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

/** Of the repository, without what its other programs write. */
/** Every file with its size and its last change, below node_modules its top: there Deno would write. */
function everyPath(): readonly string[] {
  const others = /^(?:node_modules|dist|\.git|\.lacuna)$|\.bun-build$/;
  const places = readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    const isFolder = entry.isDirectory() && !others.test(entry.name);
    const inside = isFolder ? readdirSync(join(root, entry.name), { recursive: true }) : [];
    return [entry.name, ...inside.map((path) => join(entry.name, String(path)))];
  });
  const modules = readdirSync(join(root, "node_modules")).map((name) => `node_modules/${name}`);
  return [...places, ...modules].map((path) => {
    const stats = statSync(join(root, path), { throwIfNoEntry: false });
    return stats?.isFile() === true ? `${path} ${stats.size} ${stats.mtimeMs}` : path;
  });
}
