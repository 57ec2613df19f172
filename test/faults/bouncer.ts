/** PgBouncer in front of a test server: on loopback, of nobody's account, with a folder that goes away. */
import { spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whyNotThere } from "../support/packages.ts";
import { freePort, type TestServer } from "../support/servers.ts";

export interface Bouncer extends AsyncDisposable {
  url(database: string): string;
}

export interface BouncerOptions {
  readonly mode: "session" | "transaction" | "statement";
  /** Its connections to the server, for each database. */
  readonly poolSize: number;
  /** Lines of its own for the section [pgbouncer]. */
  readonly more?: readonly string[];
}

const program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"];
const nobody = 65_534;
const limitMs = 10_000;

/** Why there is no PgBouncer on this machine. */
export function whyNot(): string | undefined {
  return whyNotThere(["pgbouncer"], () => program.some(existsSync));
}

export async function startBouncer(
  server: TestServer,
  { mode, poolSize, more = [] }: BouncerOptions,
): Promise<Bouncer> {
  const folder = mkdtempSync(join(tmpdir(), "lacuna-pgbouncer-"));
  const port = await freePort();
  const users = join(folder, "users.txt");
  const file = join(folder, "pgbouncer.ini");
  writeFileSync(users, '"postgres" ""\n');
  writeFileSync(
    file,
    [
      "[databases]",
      `* = host=127.0.0.1 port=${server.port}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = trust",
      `auth_file = ${users}`,
      `pool_mode = ${mode}`,
      `default_pool_size = ${poolSize}`,
      "server_login_retry = 1",
      ...more,
      "",
    ].join("\n"),
  );
  const isRoot = process.getuid?.() === 0;
  chmodSync(folder, 0o755);
  if (isRoot) chownSync(folder, nobody, nobody);
  const account = isRoot ? { uid: nobody, gid: nobody } : {};
  const child = spawn(program.find(existsSync) ?? "pgbouncer", ["--quiet", file], {
    ...account,
    cwd: folder,
    env: {},
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk) => (said += String(chunk)));
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("exit", () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const isOver = await Promise.race([ended.then(() => true), Bun.sleep(limitMs)]);
    if (isOver !== true) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + limitMs;
  while (!(await accepts(port))) {
    if (Date.now() > deadline || child.exitCode !== null) {
      await stop();
      throw new Error(`PgBouncer did not start:\n${said}`);
    }
    await Bun.sleep(20);
  }
  return {
    url: (database) => `postgres://postgres@127.0.0.1:${port}/${database}`,
    [Symbol.asyncDispose]: stop,
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
