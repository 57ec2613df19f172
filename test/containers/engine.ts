/**
 * buildah and podman with a store of their own in a temporary folder, and a configuration that
 * asks little of the machine: no network of their own, no limits that take CAP_SYS_RESOURCE, and
 * files that are copied, where an overlay may not be mounted.
 */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whyNotThere } from "../support/packages.ts";

export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Container {
  readonly image: string;
  /** Of `podman run`. */
  readonly flags: readonly string[];
  readonly args: readonly string[];
}

export interface Running {
  readonly name: string;
  /** Of the container's first process, as this machine sees it; once it is there. */
  pid(): Promise<number>;
  readonly ended: Promise<Ended>;
}

export interface Engine extends AsyncDisposable {
  /** For files of the suite. Gone with the engine. */
  readonly folder: string;
  build(tag: string, dockerfile: string, context: string, ...flags: string[]): Promise<void>;
  /** What podman said, whatever its status. */
  podman(...args: readonly string[]): Promise<Ended>;
  /** What it printed; throws unless it succeeded. */
  ask(...args: readonly string[]): Promise<string>;
  start(container: Container): Running;
}

/** Their packages have the same names. */
const programs = ["buildah", "podman", "runc"];
const limitMs = 180_000;

/** The reason if there are to be no containers on this machine. */
export function whyNot(): string | undefined {
  if (process.platform !== "linux") return "the images are Linux's";
  if (process.getuid?.() !== 0) return "only root can limit memory";
  return whyNotThere(programs, () => programs.every((name) => Bun.which(name) !== null));
}

export function startEngine(): Engine {
  const folder = fs.mkdtempSync(join(tmpdir(), "lacuna-containers-"));
  fs.chmodSync(folder, 0o755);
  const environment = configure(folder);
  const run = (program: string, args: readonly string[]): Promise<Ended> =>
    ended(program, args, folder, environment);
  const ask = async (program: string, args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await run(program, args);
    if (exitCode === 0) return stdout.trim();
    throw new Error(`${program} ${args.join(" ")}: ${exitCode}\n${stdout}${stderr}`);
  };
  let count = 0;
  return {
    folder,
    async build(tag, dockerfile, context, ...flags) {
      // A fixed time makes digests of contents. Without --layers a stage is deleted behind the
      // build, and with it an image that is the same (buildah 1.28).
      const same = ["--pull-never", "--no-cache", "--layers", "--timestamp", "0"];
      await ask("buildah", ["bud", ...same, ...flags, "-f", dockerfile, "-t", tag, context]);
    },
    podman: (...args) => run("podman", args),
    ask: (...args) => ask("podman", args),
    start({ image, flags, args }) {
      const name = `lacuna-${process.pid}-${++count}`;
      const pidFile = join(folder, `${name}.pid`);
      const own = ["--name", name, "--pidfile", pidFile];
      return {
        name,
        pid: () => written(pidFile),
        ended: run("podman", ["run", "--rm", ...own, ...flags, image, ...args]),
      };
    },
    async [Symbol.asyncDispose]() {
      await run("podman", ["rm", "--all", "--force", "--time", "0"]);
      fs.rmSync(folder, { recursive: true });
    },
  };
}

function configure(folder: string): NodeJS.ProcessEnv {
  const text = (name: string, lines: readonly string[]): string => {
    fs.writeFileSync(join(folder, name), `${lines.join("\n")}\n`);
    return join(folder, name);
  };
  return {
    PATH: process.env["PATH"],
    HOME: folder,
    TMPDIR: folder,
    BUILDAH_ISOLATION: "chroot",
    CONTAINERS_STORAGE_CONF: text("storage.conf", [
      "[storage]",
      'driver = "vfs"',
      `graphroot = "${join(folder, "store")}"`,
      `runroot = "${join(folder, "run")}"`,
    ]),
    CONTAINERS_CONF: text("containers.conf", [
      "[containers]",
      'netns = "host"',
      'log_driver = "k8s-file"',
      'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
      "[engine]",
      'runtime = "runc"',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "none"',
      // The other kind is one for all stores of the machine.
      'lock_type = "file"',
      `tmp_dir = "${join(folder, "tmp")}"`,
      `volume_path = "${join(folder, "volumes")}"`,
    ]),
  };
}

async function ended(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<Ended> {
  const child = Bun.spawn([program, ...args], {
    // conmon leaves a file `oom` behind where it was started.
    cwd,
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: limitMs,
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

async function written(path: string): Promise<number> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += 5) {
    const pid = fs.existsSync(path) ? Number(fs.readFileSync(path, "utf8")) : 0;
    if (pid > 0) return pid;
    await Bun.sleep(5);
  }
  throw new Error(`there is no ${path}`);
}
