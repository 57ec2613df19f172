/**
 * What the built executable promises beside its words: the bytes inside it, that it needs nothing
 * around it, and how it ends when somebody goes away, says stop or pulls the plug.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import net from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { directorySource } from "../../src/adapters/directory.ts";
import { completionScript } from "../../src/cli/completion/completion.ts";
import { manPage } from "../../src/cli/man.ts";
import { commandLine } from "../../src/cli/options.ts";
import { shells } from "../../src/cli/options/completion.ts";
import { setDigest } from "../../src/core/digest.ts";
import { scan } from "../../src/core/scan.ts";
import { freshDatabase, sharedServer, startServer, type TestDatabase } from "../support/servers.ts";
import { buildExecutable } from "./executable.ts";

const temporary = fs.mkdtempSync(join(tmpdir(), "lacuna-executable-"));
const empty = join(temporary, "empty");
const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const big = `-- ${"x".repeat(97)}\n`.repeat(30_000);

/** Every byte of these has to come out again; Bun's own embedding changes several. */
const hostile: Readonly<Record<string, Buffer>> = {
  "001_byte_order_mark.up.sql": bytes("\xef\xbb\xbfselect 1;\n"),
  "001_byte_order_mark.down.sql": bytes("a NUL \0 and no UTF-8: \xff\xfe\xc3(\n"),
  "002_line_ends.up.sql": bytes("select 1;\r\n\r\nselect 2;\r"),
  "003_nul_in_history.up.sql": bytes("\0select 1;\0"),
  "004_latin_1.up.sql": bytes("select 'gr\xfc\xdfe';\n"),
  "005_utf_16.up.sql": bytes("\xff\xfes\0e\0l\0e\0c\0t\0 \x001\0;\0"),
  "006_empty.up.sql": bytes(""),
  "007_größe mit Leerzeichen.up.sql": bytes("select 1;"),
  "007_größe mit Leerzeichen.down.sql": bytes(""),
  "008_big.up.sql": bytes(big),
  "12345678901234567890_long.sql": bytes("-- lacuna: no-transaction\nvacuum;\n"),
};

interface Ended {
  readonly stdout: Buffer;
  readonly stderr: string;
  /** What a shell would say: 128 and the signal where one ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves when this is on stdout. */
  said(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

let executable = "";
let proven = { count: 0, digest: "" };

beforeAll(async () => {
  fs.mkdirSync(empty);
  const folder = join(temporary, "hostile");
  fs.mkdirSync(folder);
  for (const [name, content] of Object.entries(hostile))
    fs.writeFileSync(join(folder, name), content);
  fs.writeFileSync(join(temporary, "elsewhere"), "select 'linked';\n");
  fs.symlinkSync("../elsewhere", join(folder, "009_link.up.sql"));
  const scanned = scan(await directorySource(folder).list());
  if (!scanned.ok) throw new Error("the hostile folder is no valid set");
  proven = { count: scanned.value.set.size, digest: setDigest(scanned.value.set) };
  executable = buildExecutable(temporary, "--migrations", folder);
  fs.rmSync(folder, { recursive: true });
  fs.rmSync(join(temporary, "elsewhere"));
}, 60_000);

afterAll(() => {
  fs.rmSync(temporary, { recursive: true });
});

describe("what is inside", () => {
  test("--version says count and digest of the folder, which is gone", async () => {
    const { version } = (await Bun.file(
      join(import.meta.dirname, "../../package.json"),
    ).json()) as {
      version: string;
    };
    const { stdout, exitCode } = await run(["--version"]);
    expect(String(stdout)).toBe(
      `lacuna ${version}\n${proven.count} migrations inside, set digest ${proven.digest}\n`,
    );
    expect(proven.count).toBe(10);
    expect(exitCode).toBe(0);
  });

  test("show gives every byte", async () => {
    for (const [name, content] of Object.entries(hostile)) {
      const down = name.endsWith(".down.sql") ? ["--down"] : [];
      const { stdout, exitCode } = await run(["show", name.split("_")[0] ?? "", ...down]);
      expect(stdout.equals(content), name).toBe(true);
      expect(exitCode).toBe(0);
    }
    expect(String((await run(["show", "9"])).stdout)).toBe("select 'linked';\n");
  });

  test("a byte that was changed in it is told, though checksums were noted", async () => {
    const digestOf = async (path: string, argv: readonly string[]): Promise<unknown> => {
      const { stdout } = await start(argv, path).ended;
      const said = JSON.parse(String(stdout)) as { embedded?: object; set?: object };
      return (said.embedded ?? said.set) satisfies object | undefined;
    };
    const status = ["status", "--json", "--database-url", "pglite:memory"];
    expect(await digestOf(executable, status)).toMatchObject(proven);

    const changed = fs.readFileSync(executable);
    changed[changed.indexOf(big.slice(0, 100)) + 50] = "y".charCodeAt(0);
    const path = join(temporary, "changed");
    fs.writeFileSync(path, changed, { mode: 0o755 });
    const read = await digestOf(path, ["--version", "--json"]);
    expect(read).not.toMatchObject({ digest: proven.digest });
    expect(await digestOf(path, status)).toMatchObject(read as object);
    fs.rmSync(path);
  }, 30_000);

  test("nothing is written where it runs, and nothing around it is needed", async () => {
    const { stdout, exitCode } = await run(["plan", "--json", "--database-url", "pglite:memory"]);
    const { problems } = JSON.parse(String(stdout)) as { problems: { path: string }[] };
    expect(problems.map((problem) => problem.path)).toEqual([
      "003_nul_in_history.up.sql",
      "004_latin_1.up.sql",
      "005_utf_16.up.sql",
    ]);
    expect(exitCode).toBe(2);
    expect(fs.readdirSync(empty)).toEqual([]);
  });
});

test("completions and man page leave as they are made, whatever is said of the talk", async () => {
  const flags = ["--quiet", "--no-color"];
  for (const shell of shells) {
    const { stdout, stderr, exitCode } = await run(["completion", shell, ...flags]);
    expect(String(stdout)).toBe(completionScript(shell, commandLine));
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  }
  const { stdout, stderr, exitCode } = await run(["man", "--verbose"]);
  expect(String(stdout)).toBe(manPage(commandLine));
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  const page = JSON.parse(String((await run(["man", "--json"])).stdout)) as unknown;
  expect(page).toMatchObject({
    lacuna: 1,
    command: "man",
    exitCode: 0,
    text: manPage(commandLine),
  });
});

test("the extensions of PGlite are inside, also for a database that has them already", async () => {
  const folder = fs.mkdtempSync(join(temporary, "extensions-"));
  const flags = ["--migrations", folder, "--database-url", `pglite:${join(temporary, "extended")}`];
  const texts = [
    `create extension pgcrypto; create extension "uuid-ossp"; create table ids (id uuid default uuid_generate_v4());`,
    `insert into ids default values; select digest('a', 'md5');`,
  ];
  for (const [index, text] of texts.entries()) {
    fs.writeFileSync(join(folder, `00${index + 1}_a.up.sql`), text);
    const { stderr, exitCode } = await run(["up", ...flags]);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
  }
}, 30_000);

describe("streams", () => {
  test("a reader that goes away ends it in peace", async () => {
    const child = spawn(executable, ["show", "8"], { cwd: empty, env: {} });
    let stderr = "";
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.stdout.once("data", () => child.stdout.destroy());
    const exitCode = await new Promise((resolve) => child.once("close", resolve));
    expect(exitCode).toBe(0);
    expect(stderr).not.toContain("bug");
  });

  test("a slow reader gets everything", async () => {
    const child = spawn(executable, ["show", "8"], { cwd: empty, env: {} });
    await sleep(300);
    let length = 0;
    child.stdout.on("data", (chunk: Buffer) => (length += chunk.length));
    await new Promise((resolve) => child.once("close", resolve));
    expect(length).toBe(big.length);
  });

  const fullDisk = "a full disk is no success";
  if (!fs.existsSync("/dev/full")) {
    test.skip(`${fullDisk} [there is no /dev/full]`, () => undefined);
  } else {
    test(fullDisk, async () => {
      const full = fs.openSync("/dev/full", "w");
      for (const argv of [["show", "8"], ["--version"], ["--help"]]) {
        const child = spawn(executable, argv, {
          cwd: empty,
          env: {},
          stdio: ["ignore", full, "pipe"],
        });
        const exitCode = await new Promise((resolve) => child.once("close", resolve));
        expect(exitCode, argv.join(" ")).toBe(2);
      }
      fs.closeSync(full);
    });
  }

  test("colours are for terminals, unless they are not wanted", async () => {
    const terminal = { TERM: "xterm" };
    // One is refused before there is a request, the other by the command.
    for (const argv of [
      ["up", "--nonsense"],
      ["show", "99"],
    ]) {
      expect(await onTerminal(argv, terminal)).toContain("\u001b[31merror\u001b[0m");
      expect(await onTerminal(argv, { ...terminal, NO_COLOR: "" })).toContain("\u001b[31m");
      expect(await onTerminal(argv, { ...terminal, NO_COLOR: "1" })).not.toContain("\u001b");
      expect(await onTerminal(argv, { TERM: "dumb" })).not.toContain("\u001b");
      expect((await run(argv)).stderr).not.toContain("\u001b");
    }
    expect(await onTerminal(["show", "99", "--no-color"], terminal)).not.toContain("\u001b");
    expect(await onTerminal(["up", "--nonsense", "--no-color"], terminal)).not.toContain("\u001b");
  });
});

/** One migration that is quick, one that takes as long as the database's settings say, one more. */
const slow: Readonly<Record<string, string>> = {
  "001_quick.up.sql": "create table quick (id int);",
  "002_slow.up.sql":
    "create table slow (id int);\nselect pg_sleep(current_setting('test.seconds')::int);",
  "003_last.up.sql": "create table last (id int);",
};

describe("the end of a run", () => {
  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)(
    "%s cancels the statement, says what was applied and exits %i",
    async (name, code) => {
      await using stage = await slowStage();
      const up = start(["up", ...stage.flags]);
      await stage.untilAsleep(up);
      const sentMs = performance.now();
      up.kill(name);
      const { stdout, stderr, exitCode } = await up.ended;
      expect(performance.now() - sentMs).toBeLessThan(3000);
      expect(exitCode).toBe(code);
      expect(String(stdout)).toMatch(/^applied 001_quick \([^)]+\)\n$/);
      expect(stderr).toContain(`Interrupted by ${name}`);
      expect(stderr).toContain("001_quick");
      expect(await stage.sleepers()).toBe(0);
      expect(await stage.locks()).toBe(0);
      expect(await stage.applied()).toEqual(["1"]);
      // Nothing of the second is left, or this could not create its table.
      await stage.sleepFor(0);
      expect((await run(["up", ...stage.flags])).exitCode).toBe(0);
      expect(await stage.applied()).toEqual(["1", "2", "3"]);
    },
    30_000,
  );

  test("a signal ends a connect that nobody answers", async () => {
    // It takes the connection, and says nothing.
    const silent = net.createServer();
    const taken = new Promise((resolve) => silent.once("connection", resolve));
    await new Promise<void>((resolve) => {
      silent.listen(0, "127.0.0.1", resolve);
    });
    try {
      const { port } = silent.address() as net.AddressInfo;
      const up = start(["up", "--database-url", `postgres://app@127.0.0.1:${port}/app`]);
      await taken;
      // It is dialed before the rest is loaded; who is interrupted then has begun nothing, and says nothing.
      await Bun.sleep(200);
      const sentMs = performance.now();
      up.kill("SIGTERM");
      const { stderr, exitCode } = await up.ended;
      expect(performance.now() - sentMs).toBeLessThan(2000);
      expect(exitCode).toBe(143);
      expect(stderr).toContain("Interrupted by SIGTERM");
    } finally {
      silent.close();
    }
  });

  test("kill -9 leaves no row, and the next run goes on", async () => {
    await using stage = await slowStage();
    const up = start(["up", ...stage.flags]);
    await stage.untilAsleep(up);

    const second = await run(["up", "--lock-wait", "500ms", ...stage.flags]);
    expect(second.exitCode).toBe(5);
    expect(second.stderr).toMatch(/held by pid [0-9]+, lacuna\//);

    up.kill("SIGKILL");
    expect((await up.ended).signal).toBe("SIGKILL");
    expect(await stage.applied()).toEqual(["1"]);
    await stage.sleepFor(0);
    const startMs = performance.now();
    const next = await run(["up", ...stage.flags]);
    expect(next.exitCode).toBe(0);
    // The server lets go of a dead client's lock long before the statement would have ended.
    expect(performance.now() - startMs).toBeLessThan(15_000);
    expect(String(next.stdout)).toMatch(
      /^applied 002_slow .*\napplied 003_last .*\n2 migrations applied\n$/,
    );
    expect(await stage.applied()).toEqual(["1", "2", "3"]);
  }, 60_000);

  test("a reader that goes away does not stop what it reads of", async () => {
    await using stage = await slowStage();
    await stage.sleepFor(1);
    const child = spawn(executable, ["up", ...stage.flags], { cwd: empty, env: {} });
    child.stdout.destroy();
    child.stderr.destroy();
    expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
    expect(await stage.applied()).toEqual(["1", "2", "3"]);
  }, 30_000);

  test("a signal ends the wait for a database", async () => {
    const up = start(["up", "--database-url", "postgres://app@127.0.0.1:1/app"]);
    await up.said("waiting for");
    up.kill("SIGTERM");
    expect((await up.ended).exitCode).toBe(143);
  });
});

test("a password is proven by SCRAM or MD5; a wrong one is refused at once, and never shown", async () => {
  const hba =
    "host all trusted 127.0.0.1/32 trust\nhost all old 127.0.0.1/32 md5\nhost all all 127.0.0.1/32 scram-sha-256\n";
  await using server = await startServer(17, {
    hba: `host all postgres 127.0.0.1/32 trust\n${hba}`,
  });
  const sql = postgres(server.url(), { max: 1 });
  await sql.unsafe("create role app login password 'right horse'");
  await sql.unsafe("set password_encryption = md5; create role old login password 'right horse'");
  await sql.end();
  const url = (password: string): string =>
    `postgres://app:${password}@127.0.0.1:${server.port}/postgres`;
  const startMs = performance.now();
  const wrong = await run(["status", "--database-url", url("wr%C3%B6ng%20horse")]);
  expect(wrong.exitCode).toBe(6);
  expect(wrong.stderr).toContain("password authentication failed");
  expect(String(wrong.stdout) + wrong.stderr).not.toContain("horse");
  const none = await run([
    "up",
    "--database-url",
    `postgres://app@127.0.0.1:${server.port}/postgres`,
  ]);
  expect(none.exitCode).toBe(6);
  expect(performance.now() - startMs).toBeLessThan(4000);
  expect((await run(["status", "--database-url", url("right%20horse")])).exitCode).toBe(0);
  // An older kind of password, which PostgreSQL 18 still knows.
  const old = url("right%20horse").replace("app:", "old:");
  expect((await run(["status", "--database-url", old])).exitCode).toBe(0);
}, 30_000);

// ---- running it ----

function run(argv: readonly string[]): Promise<Ended> {
  return start(argv).ended;
}

/** In an empty directory, with an empty environment. */
function start(argv: readonly string[], path = executable): Running {
  const child = spawn(path, argv, { cwd: empty, env: {} });
  const chunks: Buffer[] = [];
  let stderr = "";
  let onText = (): void => undefined;
  child.stdout.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    onText();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += String(chunk);
    onText();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (exitCode, signal) => {
      resolve({ stdout: Buffer.concat(chunks), stderr, exitCode, signal });
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    async said(text) {
      const heard = new Promise<void>((resolve) => {
        onText = () => {
          if ((String(Buffer.concat(chunks)) + stderr).includes(text)) resolve();
        };
        onText();
      });
      const early = ended.then((end) => {
        throw new Error(`it ended with ${end.exitCode}: ${String(end.stdout)}${end.stderr}`);
      });
      await Promise.race([heard, early]);
    },
    kill: (signal) => child.kill(signal),
  };
}

async function onTerminal(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  let text = "";
  const child = Bun.spawn([executable, ...argv], {
    cwd: empty,
    env: environment,
    terminal: {
      data: (_terminal, data) => {
        text += new TextDecoder().decode(data);
      },
    },
  });
  expect(await child.exited).toBe(2);
  // What the terminal holds arrives a moment after the end.
  for (let wait = 0; wait < 50 && !text.includes("hint"); wait++) await sleep(10);
  return text;
}

interface SlowStage extends AsyncDisposable {
  readonly flags: readonly string[];
  untilAsleep(up: Running): Promise<void>;
  sleepFor(seconds: number): Promise<void>;
  sleepers(): Promise<number>;
  locks(): Promise<number>;
  applied(): Promise<readonly string[]>;
}

async function slowStage(): Promise<SlowStage> {
  const database: TestDatabase = await freshDatabase(await sharedServer(17));
  const folder = fs.mkdtempSync(join(temporary, "slow-"));
  for (const [name, text] of Object.entries(slow)) fs.writeFileSync(join(folder, name), text);
  const sql = postgres(database.url, { max: 1 });
  const count = async (query: string): Promise<number> =>
    Number((await sql.unsafe(`select count(*) ${query}`))[0]?.["count"]);
  const stage: SlowStage = {
    flags: ["--migrations", folder, "--database-url", database.url],
    async untilAsleep(up) {
      await up.said("applied 001_quick");
      while ((await stage.sleepers()) === 0) await sleep(20);
    },
    async sleepFor(seconds) {
      await sql.unsafe(`alter database ${database.name} set test.seconds = ${seconds}`);
    },
    sleepers: () =>
      count(`from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`),
    locks: () =>
      count(
        `from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
      ),
    applied: async () =>
      (await sql.unsafe("select version::text from applied_migrations order by version")).map(
        (row) => String(row["version"]),
      ),
    async [Symbol.asyncDispose]() {
      await sql.end();
      await database[Symbol.asyncDispose]();
    },
  };
  await stage.sleepFor(30);
  return stage;
}
