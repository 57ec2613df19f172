// Real PostgreSQL servers for the tests, from the packages that test/servers/package.json names.
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { freemem, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";

export type Major = 14 | 15 | 16 | 17 | 18;

export const majors: readonly Major[] = [14, 15, 16, 17, 18];

export interface TestServer extends AsyncDisposable {
  readonly major: Major;
  readonly port: number;
  /** What the server calls itself, such as "16.14". */
  readonly version: string;
  readonly dataDirectory: string;
  /** Throws while the server is stopped: a pid that has ended may be another process by now. */
  readonly postmasterPid: number;
  /** A connection URL for user "postgres" over 127.0.0.1; no password is asked. */
  url(database?: string): string;
  /** Ends the server and keeps its data directory and its port for `start`. */
  stop(mode?: "fast" | "immediate"): Promise<void>;
  /** Starts a stopped server again, on the same port and data directory. */
  start(): Promise<void>;
  /** What the server has written to its log so far, over all its starts. */
  log(): string;
}

export interface ServerOptions {
  /** Lines for postgresql.conf; they win over the harness's own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The whole text of pg_hba.conf. */
  readonly hba?: string;
  /** Its WAL lies on a disk, so that fsync costs what it costs there. */
  readonly isWalOnDisk?: boolean;
}

export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
}

interface Installation {
  readonly version: string;
  /** Names the version and the architecture in the names of cached directories. */
  readonly key: string;
  readonly native: string;
}

interface State {
  readonly once: Map<string, Promise<string>>;
  readonly shared: Map<Major, Promise<TestServer>>;
  readonly running: Set<TestServer>;
}

// bun test may evaluate this module once a test file; the servers must still be one set a process.
const stateKey: unique symbol = Symbol.for("lacuna.test.servers");
const globals = globalThis as { [stateKey]?: State };
const state: State = (globals[stateKey] ??= {
  once: new Map(),
  shared: new Map(),
  running: new Set(),
});

const limit = 30_000;
const uid = process.getuid?.() ?? -1;

// PostgreSQL refuses to run as root, so root's servers run as the account that owns nothing.
const nobody = 65_534;
const account: SpawnOptions = uid === 0 ? { uid: nobody, gid: nobody } : {};

// Only these variables reach a server: PG* ones would steer it, and TZ and LC_* would end up in postgresql.conf.
const environment: NodeJS.ProcessEnv = {
  LC_ALL: "C",
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  TZ: "UTC",
};

const initdbArguments: readonly string[] = [
  "--auth=trust",
  "--encoding=UTF8",
  "--locale=C",
  "--no-sync",
  "--username=postgres",
];

// synchronous_commit stays on: tests that watch commits should see the order that users see.
const baseSettings: Readonly<Record<string, string>> = {
  fsync: "off",
  full_page_writes: "off",
  listen_addresses: "127.0.0.1",
  log_min_messages: "warning",
  max_connections: "50",
  max_wal_size: "256MB",
  unix_socket_directories: "",
};

/** Starts a server of the caller's own, for a test that stops or breaks it. */
export async function startServer(major: Major, options: ServerOptions = {}): Promise<TestServer> {
  const installation = await install(major);
  const template = await cachedTemplate(installation);
  const home = mkdtempSync(join(ownDirectory(dataParent()), "server-"));
  chmodSync(home, 0o755);
  const wal = options.isWalOnDisk === true ? newWalFolder() : undefined;
  const guard = startGuard(home, ...(wal === undefined ? [] : [wal]));
  const dataDirectory = join(home, "data");
  const logFile = join(home, "server.log");
  let port = 0;
  let child: ChildProcess | undefined;

  const server: TestServer = {
    major,
    version: /^\d+\.\d+/.exec(installation.version)?.[0] ?? installation.version,
    dataDirectory,
    get port() {
      return port;
    },
    get postmasterPid() {
      if (child?.pid === undefined) {
        throw new Error(`The PostgreSQL ${major} test server is not running.`);
      }
      return child.pid;
    },
    url: (database = "postgres") =>
      `postgres://postgres@127.0.0.1:${port}/${encodeURIComponent(database)}`,
    log: () => (existsSync(logFile) ? readFileSync(logFile, "utf8") : ""),
    async stop(mode = "fast") {
      const stopping = child;
      if (stopping === undefined) return;
      stopping.ref();
      stopping.kill(mode === "fast" ? "SIGINT" : "SIGQUIT");
      if (!(await within(limit, ended(stopping)))) {
        throw failure(`did not stop within ${limit / 1000} s`);
      }
    },
    async start() {
      if (child !== undefined) throw failure("is running already");
      const deadline = Date.now() + limit;
      const fixedPort = port;
      for (;;) {
        port = fixedPort === 0 ? await freePort() : fixedPort;
        const logged = server.log().length;
        if (await launch(deadline)) return;
        // Between the search for a free port and its use, another process may have taken it; after a
        // crash, the last backends may still hold the shared memory. Both pass.
        const passes = /Address already in use|pre-existing shared memory block/;
        if (Date.now() > deadline || !passes.test(server.log().slice(logged))) {
          throw failure("did not start");
        }
        await sleep(50);
      }
    },
    async [Symbol.asyncDispose]() {
      try {
        await server.stop("immediate");
      } finally {
        state.running.delete(server);
        guard.ref();
        guard.stdin?.end();
        await ended(guard);
      }
    },
  };

  function failure(what: string): Error {
    return new Error(`The PostgreSQL ${major} test server ${what}. Its log:\n${server.log()}`);
  }

  // Resolves to whether the server accepts connections; false means that it has ended.
  async function launch(deadline: number): Promise<boolean> {
    const log = openSync(logFile, "a");
    const started = spawn(
      join(installation.native, "bin", "postgres"),
      ["-D", dataDirectory, "-p", String(port)],
      // In a session of its own it hears neither Ctrl-C nor the end of a process group, either of
      // which could end it without the clean-up that the guard and PostgreSQL itself do.
      { ...account, cwd: home, detached: true, env: environment, stdio: ["ignore", log, log] },
    );
    closeSync(log);
    started.once("error", (error) => appendFileSync(logFile, `${error.message}\n`));
    guard.stdin?.write(`${started.pid ?? ""}\n`);
    child = started;
    const end = ended(started).then((): void => {
      child = undefined;
      guard.stdin?.write("\n");
      return undefined;
    });
    while (child !== undefined) {
      if (Date.now() > deadline) {
        started.kill("SIGQUIT");
        await end;
        throw failure(`accepted no connection within ${limit / 1000} s`);
      }
      if (isReady(dataDirectory, started.pid)) {
        // The test process may end while a server runs: the guard ends that server.
        started.unref();
        return true;
      }
      await Promise.race([end, sleep(10)]);
    }
    return false;
  }

  state.running.add(server);
  try {
    await run("cp", ["-a", join(template, "data"), dataDirectory]);
    if (wal !== undefined) {
      await run("mv", [join(dataDirectory, "pg_wal"), join(wal, "pg_wal")]);
      symlinkSync(join(wal, "pg_wal"), join(dataDirectory, "pg_wal"));
    }
    appendFileSync(
      join(dataDirectory, "postgresql.conf"),
      Object.entries({ ...baseSettings, ...options.settings })
        .map(([name, value]) => `${name} = '${value.replaceAll(/['\\]/g, "$&$&")}'\n`)
        .join(""),
    );
    if (options.hba !== undefined) writeFileSync(join(dataDirectory, "pg_hba.conf"), options.hba);
    await server.start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** The server that all tests of this process share, started at its first use. */
export function sharedServer(major: Major): Promise<TestServer> {
  const started = state.shared.get(major) ?? startServer(major);
  state.shared.set(major, started);
  return started;
}

/** Creates an empty database that no other test uses; `await using` drops it at the end of its scope. */
export async function freshDatabase(server: TestServer): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString("hex")}`;
  await execute(server, `create database ${name} template template0`);
  return {
    name,
    url: server.url(name),
    [Symbol.asyncDispose]: () => execute(server, `drop database ${name} with (force)`),
  };
}

async function execute(server: TestServer, command: string): Promise<void> {
  const sql = postgres(server.url(), { max: 1, fetch_types: false });
  try {
    await sql.unsafe(command);
  } finally {
    await sql.end();
  }
}

/** Ends every server of this process and removes its files. */
export async function stopServers(): Promise<void> {
  // Disposing of a server that is still starting would only make its start fail later.
  await Promise.allSettled(state.shared.values());
  state.shared.clear();
  await Promise.all([...state.running].map((server) => server[Symbol.asyncDispose]()));
}

// The guard is a shell that outlives a test process killed without warning. It reads the pid of the
// running postmaster (an empty line means none) until its input ends, which the kernel does for a
// dead process as well; then it ends that server and removes its files. It has a session of its own
// and ignores signals, so that Ctrl-C and the end of a process group leave it to its work.
const guardScript = `
trap '' HUP INT QUIT TERM
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -QUIT "$pid" 2>/dev/null
  tries=0
  while [ -e "$1/data/postmaster.pid" ] && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
fi
rm -rf "$@"
`;

function newWalFolder(): string {
  const folder = mkdtempSync(join(ownDirectory(programParent()), "wal-"));
  chmodSync(folder, 0o755);
  return folder;
}

/** The first of the folders is the server's home; it removes all of them. */
function startGuard(...folders: readonly string[]): ChildProcess {
  const guard = spawn("sh", ["-c", guardScript, "sh", ...folders], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Nothing to do if the guard is gone: only the clean-up after a killed test process is lost.
  guard.stdin?.on("error", () => {});
  guard.unref();
  return guard;
}

function isReady(dataDirectory: string, pid: number | undefined): boolean {
  // pg_ctl -w reads the same file: its lines begin with the pid and end with the status.
  const file = join(dataDirectory, "postmaster.pid");
  if (!existsSync(file)) return false;
  const lines = readFileSync(file, "utf8").split("\n");
  return lines[0] === String(pid) && lines[7]?.trim() === "ready";
}

async function install(major: Major): Promise<Installation> {
  const directory = locate(major);
  const { version } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    version: string;
  };
  const key = `${process.arch}-${version}`;
  // Root's servers run as another account, which may not be able to reach this clone; and npm may
  // have been told not to run the package's script. Either way a copy elsewhere is made usable,
  // so that node_modules stays as npm left it.
  const root =
    uid !== 0 && isLinked(directory)
      ? directory
      : join(await cached(`postgres-${key}`, (path) => stage(directory, path)), "package");
  return { version, key, native: join(root, "native") };
}

function locate(major: Major): string {
  const name = `pg${major}-${process.platform}-${process.arch}`;
  const servers = new URL("../servers/package.json", import.meta.url);
  try {
    // The packages export only dist/index.js, two levels below their root.
    return dirname(dirname(createRequire(servers).resolve(name)));
  } catch {
    const { optionalDependencies: known } = JSON.parse(readFileSync(servers, "utf8")) as {
      optionalDependencies: Record<string, string>;
    };
    throw new Error(
      name in known
        ? `PostgreSQL ${major} for the tests is not installed. Run \`npm ci\`, without --workspaces=false and without --omit=optional.`
        : `The tests have no PostgreSQL ${major} for ${process.platform} ${process.arch}: test/servers/package.json names no ${name}.`,
    );
  }
}

function isLinked(directory: string): boolean {
  // npm packages hold no symbolic links: the package's script makes those that this file lists.
  const list = join(directory, "native", "pg-symlinks.json");
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, "utf8")) as readonly { readonly target: string }[];
  return links.every(({ target }) => existsSync(join(directory, target)));
}

async function stage(directory: string, path: string): Promise<void> {
  const staged = join(path, "package");
  linkTree(directory, staged);
  if (isLinked(staged)) return;
  await run(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: staged });
  if (!isLinked(staged)) throw new Error(`scripts/hydrate-symlinks.js did not link ${staged}.`);
}

function linkTree(from: string, to: string): void {
  mkdirSync(to);
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) linkTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else linkFile(source, target);
  }
}

function linkFile(source: string, target: string): void {
  // A hard link shares its mode with the original, which must not change for our sake.
  const { mode } = statSync(source);
  const readable = mode & 0o100 ? 0o755 : 0o644;
  if ((mode & readable & 0o555) === (readable & 0o555)) {
    try {
      linkSync(source, target);
      return;
    } catch {
      // Another file system, or a kernel that protects files of other users: a copy will do.
    }
  }
  copyFileSync(source, target);
  chmodSync(target, readable);
}

function cachedTemplate(installation: Installation): Promise<string> {
  const hash = createHash("sha256").update(initdbArguments.join("\n")).digest("hex").slice(0, 8);
  return cached(`template-${installation.key}-${hash}`, async (path) => {
    const data = join(path, "data");
    mkdirSync(data, { mode: 0o700 });
    if (uid === 0) chownSync(data, nobody, nobody);
    const initdb = join(installation.native, "bin", "initdb");
    await run(initdb, [...initdbArguments, "-D", data], {
      ...account,
      cwd: path,
      env: environment,
    });
  });
}

// Makes a directory once a machine. Test processes that make it at the same time each build their
// own, and the first to rename it into place wins; nobody sees an unfinished one.
function cached(name: string, build: (path: string) => Promise<void>): Promise<string> {
  const known = state.once.get(name);
  if (known !== undefined) return known;
  const made = make();
  state.once.set(name, made);
  return made;

  async function make(): Promise<string> {
    const path = join(ownDirectory(programParent()), name);
    if (isComplete(path)) return path;
    const building = mkdtempSync(`${path}.`);
    const broken = `${building}.broken`;
    try {
      chmodSync(building, 0o755);
      await build(building);
      writeFileSync(join(building, "entries"), String(countEntries(building)));
      if (isComplete(path)) return path;
      if (existsSync(path)) renameSync(path, broken);
      try {
        renameSync(building, path);
      } catch (error) {
        if (!isComplete(path)) throw error;
      }
      return path;
    } finally {
      rmSync(building, { recursive: true, force: true });
      rmSync(broken, { recursive: true, force: true });
    }
  }
}

// Systems that clean their temporary directory take files one by one, so a cached directory counts
// what it should hold.
function isComplete(path: string): boolean {
  const entries = join(path, "entries");
  return existsSync(entries) && readFileSync(entries, "utf8") === String(countEntries(path) - 1);
}

function countEntries(path: string): number {
  return readdirSync(path, { recursive: true }).length;
}

function programParent(): string {
  const parent = [tmpdir(), "/tmp"].find((path) => existsSync(path) && isReachable(path));
  if (parent === undefined) throw new Error("No temporary directory is open to other users.");
  return parent;
}

// A data directory is a thousand small files, and a database three hundred more: in memory they take
// a fraction of the time. Small machines, and containers with little shared memory, use the disk.
function dataParent(): string {
  const memory = "/dev/shm";
  if (!existsSync(memory)) return programParent();
  const { bavail, bsize } = statfsSync(memory);
  return Math.min(bavail * bsize, freemem()) >= 8 * 2 ** 30 ? memory : programParent();
}

function ownDirectory(parent: string): string {
  const directory = join(parent, `lacuna-test-servers-${uid}`);
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  // Others can write to the temporary directory too, and we are about to run programs from it.
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o022) !== 0) {
    throw new Error(`${directory} must be a directory that only this user can write to.`);
  }
  chmodSync(directory, 0o755);
  return directory;
}

function isReachable(path: string): boolean {
  if (uid !== 0) return true;
  for (let at = realpathSync(path); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** Nobody listens there now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    // A program that could not be started reports an error and never an exit.
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
}

async function within(milliseconds: number, work: Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  const tooLate = sleep(milliseconds, false, { signal: timer.signal }).catch(() => false);
  const done = await Promise.race([work.then(() => true), tooLate]);
  timer.abort();
  return done;
}

function run(program: string, args: readonly string[], options: SpawnOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout?.on("data", (chunk) => (output += String(chunk)));
    child.stderr?.on("data", (chunk) => (output += String(chunk)));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ${args.join(" ")} failed:\n${output}`));
    });
  });
}
