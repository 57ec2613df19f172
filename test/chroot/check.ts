/**
 * `bun run chroot`: `lacuna build` where there is nothing else: a root folder with the executable,
 * the libraries that it names, /proc and a folder of .sql files; another user, no environment, no
 * network, no /tmp. What it makes migrates a real server there, with its maker gone.
 */
import { execFileSync, spawnSync, type SpawnSyncReturns } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildExecutable } from "../cli/executable.ts";
import { freshDatabase, startServer, stopServers } from "../support/servers.ts";
import { suite } from "../support/suite.ts";

const { check, skip, end } = suite();
const reason = whyNot();
if (reason !== undefined) {
  skip("lacuna build in a root folder of its own", reason);
  end();
}

const temporary = fs.mkdtempSync(join(tmpdir(), "lacuna-chroot-"));
const root = join(temporary, "root");
const nobody = 65_534;
// Their environment is empty, and so is that of what they run.
const [unshare, chroot] = ["unshare", "chroot"].map((name) => Bun.which(name) ?? name) as [
  string,
  string,
];
const files = history();
/** Where nothing can be made. */
const filesystems = { full: "size=50m,mode=777", noexec: "noexec,mode=777", readonly: "ro" };
try {
  layOut();
  await using server = await startServer(18);
  await using empty = await freshDatabase(server);
  const database = ["--database-url", empty.url];

  await check("it makes a migrator, as nobody, without environment and network", () =>
    inside([unshare, "--net"], "/lacuna build --migrations /work/sql --out /work/migrator"),
  );
  await check("the same again is the same, byte for byte", () => {
    inside([], "/lacuna build --migrations /work/sql --out /work/again");
    takeAway("again");
  });
  const plan = inside([], "/lacuna plan --json --migrations /work/sql", ...database);
  fs.rmSync(join(root, "lacuna"));
  await check("the migrator's --version has the digest of the folder's plan", () => {
    const { set } = JSON.parse(plan) as { readonly set: { count: number; digest: string } };
    const said = inside([], "/work/migrator --version");
    if (set.count !== files.size || !said.includes(`${set.count} migrations inside`))
      throw new Error(`${files.size} files, ${set.count} in the plan: ${said}`);
    if (!said.includes(set.digest)) throw new Error(`${set.digest} is not in ${said}`);
    return said;
  });
  await check("the migrator makes itself again", () => {
    inside([], "/work/migrator build --migrations /work/sql --out /work/again");
    takeAway("again");
  });
  await check("a full disk, and folders that may not be written, are told as what they are", () => {
    return [
      refused("full/m", "No space left on device|failed to write"),
      refused("noexec/m", "it does not run here: EACCES"),
      refused("readonly/m", '"/readonly" is on a file system that is read-only'),
      refused("m", '"/" may not be written'),
    ].join(", ");
  });
  fs.rmSync(join(root, "work/sql"), { recursive: true });
  fs.rmSync(join(root, "work/elsewhere"));
  await check("with folder and maker gone, it applies everything to a real server", () => {
    inside([], "/work/migrator up --quiet", ...database);
    return inside([], "/work/migrator status --check", ...database);
  });
  await check("every byte of every file comes out of it again", () => {
    for (const [version, bytes] of files) {
      const found = insideBytes([], `/work/migrator show ${version}`);
      if (!found.equals(bytes)) throw new Error(`${version} is not what it was`);
    }
    return `${files.size} files`;
  });
  await check("nothing else was written", () => {
    const names = fs.readdirSync(join(root, "work"));
    if (names.join() !== "migrator") throw new Error(names.join(", "));
  });
} finally {
  await stopServers();
  for (const name of ["proc", ...Object.keys(filesystems)]) spawnSync("umount", [join(root, name)]);
  // Never into a /proc that is still there.
  if (fs.readdirSync(join(root, "proc")).length === 0) fs.rmSync(temporary, { recursive: true });
}
end();

function whyNot(): string | undefined {
  if (process.platform !== "linux") return "it is made for Linux";
  if (process.getuid?.() !== 0) return "only root can change the root folder";
  const { status, stderr } = spawnSync("unshare", [
    "--mount",
    "--net",
    "mount",
    "-t",
    "tmpfs",
    "tmpfs",
    "/mnt",
  ]);
  return status === 0 ? undefined : String(stderr).trim();
}

/** By version: 300 files, among them a byte order mark, other line ends, a link, and one of 5 MB. */
function history(): ReadonlyMap<string, Buffer> {
  const texts = Array.from({ length: 300 }, (_, index) => `create table t${index} (id int);\n`);
  texts[1] = "\ufeffcreate table marked (id int);\n";
  texts[2] = "create table lines (id int);\r\n\r\ncreate table ends (id int);\r\n";
  const row = `insert into big values ('${"x".repeat(1000)}');\n`;
  texts[3] = `create table big (line text);\n${row.repeat(5_000_000 / row.length)}`;
  return new Map(texts.map((text, index) => [String(index + 1), Buffer.from(text)]));
}

function layOut(): void {
  for (const folder of ["proc", "work/sql"]) fs.mkdirSync(join(root, folder), { recursive: true });
  for (const [version, bytes] of files)
    fs.writeFileSync(join(root, `work/sql/${version}_step.up.sql`), bytes);
  const linked = join(root, "work/sql/300_step.up.sql");
  fs.renameSync(linked, join(root, "work/elsewhere"));
  fs.symlinkSync("../elsewhere", linked);
  const executable = buildExecutable(root, "--bare");
  // The loader and what it loads, as it says itself.
  const named = execFileSync("ldd", [executable], { encoding: "utf8" });
  for (const [, library = ""] of named.matchAll(/(\/\S+) \(0x/g)) {
    fs.mkdirSync(join(root, dirname(library)), { recursive: true });
    fs.copyFileSync(library, join(root, library));
  }
  execFileSync("chown", ["-R", `${nobody}:${nobody}`, join(root, "work")]);
  execFileSync("mount", ["-t", "proc", "proc", join(root, "proc")]);
  for (const [name, options] of Object.entries(filesystems)) {
    fs.mkdirSync(join(root, name));
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", join(root, name)]);
  }
}

/** What a command wrote, run as nobody inside the root folder. No argument has a blank in it. */
function inside(wrapper: readonly string[], command: string, ...args: readonly string[]): string {
  return String(insideBytes(wrapper, command, ...args));
}

function insideBytes(
  wrapper: readonly string[],
  command: string,
  ...args: readonly string[]
): Buffer {
  const { status, stdout, stderr } = run(wrapper, command, args);
  if (status !== 0) throw new Error(`${command}: ${status}\n${String(stdout)}${String(stderr)}`);
  return stdout;
}

function run(
  wrapper: readonly string[],
  command: string,
  args: readonly string[] = [],
): SpawnSyncReturns<Buffer> {
  const user = `--userspec=${nobody}:${nobody}`;
  const words = [...wrapper, chroot, user, root, ...command.split(" "), ...args];
  const [program = "", ...argv] = words;
  return spawnSync(program, argv, { env: {}, maxBuffer: 100_000_000, timeout: 120_000 });
}

/** A path under the root folder where no executable can be made. */
function refused(path: string, why: string): string {
  const command = `/work/migrator build --migrations /work/sql --out /${path}`;
  const before = fs.readdirSync(join(root, dirname(path)));
  const { status, stderr } = run([], command);
  const after = fs.readdirSync(join(root, dirname(path)));
  if (status !== 2 || !new RegExp(why).test(String(stderr)) || String(before) !== String(after))
    throw new Error(`${path}: ${status}, ${after.join(" ")}\n${String(stderr)}`);
  return path;
}

/** It has to be the migrator again. */
function takeAway(name: string): void {
  const [one, other] = [name, "migrator"].map((file) => fs.readFileSync(join(root, "work", file)));
  if (one === undefined || other === undefined || !one.equals(other))
    throw new Error(`${name} is not the same as the migrator`);
  fs.rmSync(join(root, "work", name));
}
