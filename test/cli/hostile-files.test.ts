/**
 * Folders that nobody would make on purpose: nothing hangs, every line of --json is JSON, and no
 * name and no server's message commands the terminal.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "./executable.ts";

const temporary = fs.mkdtempSync(join(tmpdir(), "lacuna-hostile-files-"));
let executable = process.env["LACUNA_EXECUTABLE"] ?? "";
const sockets: Server[] = [];

beforeAll(() => {
  fs.chmodSync(temporary, 0o755);
  if (executable === "") executable = buildExecutable(temporary);
}, 60_000);
afterAll(() => {
  for (const socket of sockets) socket.close();
  fs.rmSync(temporary, { recursive: true });
});

/** What a terminal obeys, and what turns the order of letters around. */
const commanding =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

interface Said {
  readonly exitCode: number | null;
  readonly text: string;
}

/** Runs it in text and in JSON, which end alike. */
function run(
  argv: readonly string[],
  cwd: string,
  more: Readonly<Record<string, string>> = {},
  uid?: number,
): Said {
  const options = {
    cwd,
    env: { GITHUB_ACTIONS: "true", HOME: temporary, ...more },
    encoding: "utf8",
    timeout: 50_000,
    killSignal: "SIGKILL",
    maxBuffer: 100_000_000,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  } as const;
  const inText = spawnSync(executable, argv, options);
  const inJson = spawnSync(executable, [...argv, "--json"], options);
  expect({ argv, signals: [inText.signal, inJson.signal] }).toEqual({
    argv,
    signals: [null, null],
  });
  expect(inText.stdout + inText.stderr).not.toMatch(commanding);
  expect(inJson.stderr).not.toMatch(commanding);
  const lines = inJson.stdout.split("\n").slice(0, -1);
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ lacuna: 1 });
  expect(inJson.status).toBe(inText.status);
  return { exitCode: inText.status, text: inText.stdout + inText.stderr };
}

const folderFlag = ["--migrations", "migrations"];
const plan = ["plan", "--database-url", "pglite:memory", ...folderFlag];
const up = ["up", "--database-url", "pglite:memory", ...folderFlag];
const verify = ["verify", ...folderFlag];

function folder(): string {
  return fs.mkdtempSync(join(temporary, "folder-"));
}

const traps: readonly {
  readonly name: string;
  readonly set: (path: string) => unknown;
  readonly says: string;
}[] = [
  { name: "a FIFO", set: (path) => spawnSync("mkfifo", [path]), says: "is not a file" },
  { name: "a socket", set: listenAt, says: "is not a file" },
  { name: "a folder", set: (path) => fs.mkdirSync(path), says: "is not a file" },
  {
    name: "a link to a folder",
    set: (path) => fs.symlinkSync(tmpdir(), path),
    says: "is not a file",
  },
  {
    name: "a link to /dev/zero",
    set: (path) => fs.symlinkSync("/dev/zero", path),
    says: "is not a file",
  },
  {
    name: "a link to itself",
    set: (path) => fs.symlinkSync(path, path),
    says: "leads back to itself",
  },
  {
    name: "a link to nothing",
    set: (path) => fs.symlinkSync("nowhere", path),
    says: "there is no",
  },
  {
    name: "a file with a NUL byte",
    set: (path) => fs.writeFileSync(path, "select 1;\0"),
    says: "a NUL byte",
  },
  {
    name: "no text",
    set: (path) => fs.writeFileSync(path, Buffer.of(0xff, 0xfe, 0x27)),
    says: "not UTF-8",
  },
];

test.each(traps)(
  "$name in place of a migration is told, and nothing hangs",
  ({ set, says }) => {
    const cwd = folder();
    fs.mkdirSync(join(cwd, "migrations"));
    fs.writeFileSync(join(cwd, "migrations/1_first.sql"), "select 1;\n");
    set(join(cwd, "migrations/2_trap.sql"));
    for (const argv of [plan, verify, up]) {
      const { exitCode, text } = run(argv, cwd);
      expect(text).toContain(says);
      expect({ argv, exitCode }).toEqual({ argv, exitCode: 2 });
    }
  },
  180_000,
);

const isRoot = process.getuid?.() === 0;
const unreadable = "what may not be read is told";
if (isRoot) {
  test(
    unreadable,
    () => {
      const cwd = folder();
      fs.chmodSync(cwd, 0o755);
      fs.mkdirSync(join(cwd, "closed"), { mode: 0o000 });
      fs.mkdirSync(join(cwd, "open"));
      fs.writeFileSync(join(cwd, "open/1_a.sql"), "select 1;\n", { mode: 0o000 });
      for (const name of ["closed", "open"]) {
        const { exitCode, text } = run(
          ["plan", "--database-url", "pglite:memory", "--migrations", name],
          cwd,
          {},
          65_534,
        );
        expect(exitCode).toBe(2);
        expect(text).toContain("may not be read");
      }
    },
    120_000,
  );
} else {
  test.skip(`${unreadable} [only root can run it as somebody else]`, () => undefined);
}

test("a folder that is a loop of links, a FIFO or a device is told", () => {
  const cwd = folder();
  fs.symlinkSync("loop", join(cwd, "loop"));
  spawnSync("mkfifo", [join(cwd, "fifo")]);
  for (const name of ["loop", "fifo", "/dev/zero"]) {
    const { exitCode } = run(
      ["plan", "--database-url", "pglite:memory", "--migrations", name],
      cwd,
    );
    expect(exitCode).toBe(2);
  }
}, 120_000);

const names: readonly { readonly name: string; readonly exitCode: number }[] = [
  { name: `1_it's "quoted" $$ \`x\` $(touch x).sql`, exitCode: 0 },
  { name: "1_-- ; drop table applied_migrations.sql", exitCode: 0 },
  { name: "1_é😀漢 \u202eevil.sql", exitCode: 0 },
  { name: "1_a\\u001b%0A::error::x.sql", exitCode: 0 },
  { name: "1_a..b.sql", exitCode: 0 },
  { name: "1_..sql", exitCode: 2 },
  { name: "...sql", exitCode: 2 },
  { name: "1_a\nb.sql", exitCode: 2 },
  { name: "1_\u001b[31mred.sql", exitCode: 2 },
  { name: "1_\u009b31mred.sql", exitCode: 2 },
];

test.each(names.map((one) => [JSON.stringify(one.name), one] as const))(
  "a file named %s",
  (_, { name, exitCode }) => {
    const cwd = folder();
    fs.mkdirSync(join(cwd, "migrations"));
    fs.writeFileSync(join(cwd, "migrations", name), "select 1;\n");
    for (const argv of [plan, up]) {
      expect({ argv, exitCode: run(argv, cwd).exitCode }).toEqual({ argv, exitCode });
    }
    expect(fs.readdirSync(cwd)).toEqual(["migrations"]);
  },
  180_000,
);

test("what a server says cannot command a terminal, in annotations and JUnit neither", () => {
  const cwd = folder();
  fs.mkdirSync(join(cwd, "migrations"));
  const evil = String.raw`e'\x1b]0;title\x07\x1b[2J\u202e\u009b2J'`;
  fs.writeFileSync(
    join(cwd, "migrations/1_a.sql"),
    `do $$ begin raise notice '%', ${evil}; raise exception using message = ${evil}, detail = ${evil}, hint = ${evil}; end $$;`,
  );
  for (const argv of [
    [...verify, "--junit", "report.xml"],
    [...up, "--verbose"],
  ]) {
    const { exitCode, text } = run(argv, cwd);
    expect(exitCode).not.toBe(0);
    expect(text).toContain(String.raw`\u001b]0;title`);
  }
  const report = fs.readFileSync(join(cwd, "report.xml"), "utf8");
  expect(report).toContain("]0;title");
  expect(report).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
}, 120_000);

function listenAt(path: string): void {
  // The path of a socket is short; the folder is reached by a link.
  const socket = createServer().listen(path);
  socket.unref();
  sockets.push(socket);
  const until = Date.now() + 5000;
  while (!fs.existsSync(path) && Date.now() < until) Bun.sleepSync(10);
}
