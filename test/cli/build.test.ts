/** What `lacuna build` promises beside its words: the same bytes, nothing left behind, nothing lost. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildExecutable } from "./executable.ts";

const temporary = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "lacuna-build-test-")));
const sql = join(temporary, "sql");
let executable = "";

beforeAll(() => {
  fs.mkdirSync(sql);
  fs.writeFileSync(join(sql, "001_marked.up.sql"), "\ufeffcreate table marked (id int);\r\n");
  fs.writeFileSync(join(sql, "001_marked.down.sql"), Buffer.from([0xff, 0xfe, 0x00, 0x0a]));
  fs.writeFileSync(join(temporary, "elsewhere"), "select 1;");
  fs.symlinkSync("../elsewhere", join(sql, "002_link.sql"));
  executable = buildExecutable(temporary, "--bare");
}, 60_000);

afterAll(() => {
  fs.rmSync(temporary, { recursive: true });
});

describe("the same input, the same bytes", () => {
  test("whoever makes it, wherever, under whatever name", () => {
    const [one, other] = [folder(), folder()];
    build(["--migrations", sql, "--out", join(one, "migrator")]);
    // Another working directory, a relative path, and a folder that says what a project is.
    fs.writeFileSync(join(other, "package.json"), '{"sideEffects": false, "type": "commonjs"}');
    fs.writeFileSync(
      join(other, "tsconfig.json"),
      '{"compilerOptions": {"paths": {"*": ["./x"]}}}',
    );
    fs.writeFileSync(join(other, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
    fs.writeFileSync(join(other, "preload.ts"), "await Bun.write('preloaded', '');\n");
    fs.mkdirSync(join(other, "node_modules"));
    build(["--migrations", "../sql", "--out", "named otherwise"], other);
    const third = folder();
    const fromSources = buildExecutable(third, "--migrations", sql);
    const made = [join(one, "migrator"), join(other, "named otherwise"), fromSources];
    expect(new Set(made.map(digestOf)).size).toBe(1);
    expect(fs.readdirSync(one)).toEqual(["migrator"]);
    expect(fs.existsSync(join(other, "preloaded"))).toBe(false);
    const mode = fs.statSync(join(one, "migrator")).mode & 0o777;
    expect(mode.toString(8)).toBe("755");
  }, 60_000);

  test("a changed byte in a down file, which the set digest does not know, changes it", () => {
    const copy = folder();
    fs.cpSync(sql, copy, { recursive: true });
    const [before, after] = [join(folder(), "m"), join(folder(), "m")];
    build(["--migrations", copy, "--out", before]);
    fs.writeFileSync(join(copy, "001_marked.down.sql"), "drop table marked;\n");
    build(["--migrations", copy, "--out", after]);
    expect(digestOf(before)).not.toBe(digestOf(after));
    const shown = spawnSync(after, ["show", "1", "--down"], { encoding: "utf8" });
    expect(shown.stdout).toBe("drop table marked;\n");
  }, 60_000);
});

describe("nothing is lost", () => {
  test("what a link points to is replaced, and the link stays", () => {
    const place = folder();
    fs.mkdirSync(join(place, "versions"));
    fs.copyFileSync(executable, join(place, "versions/one"));
    fs.symlinkSync("versions/one", join(place, "current"));
    build(["--migrations", sql, "--out", "current"], place);
    expect(fs.readlinkSync(join(place, "current"))).toBe("versions/one");
    expect(said(join(place, "versions/one"), "--version")).toContain("2 migrations inside");
    expect(fs.readdirSync(join(place, "versions"))).toEqual(["one"]);
  }, 60_000);

  test("an executable can replace itself", () => {
    const place = folder();
    fs.copyFileSync(executable, join(place, "self"));
    expect(
      said(join(place, "self"), "build", "--migrations", sql, "--out", join(place, "self")),
    ).toContain("sha256");
    expect(said(join(place, "self"), "--version")).toContain("2 migrations inside");
  }, 60_000);

  test("an interrupted run leaves what was there, and nothing else", async () => {
    const place = folder();
    fs.writeFileSync(join(place, "migrator"), fs.readFileSync(executable));
    const before = digestOf(join(place, "migrator"));
    const child = spawn(executable, ["build", "--migrations", sql, "--out", "migrator"], {
      cwd: place,
      stdio: "ignore",
    });
    while (fs.readdirSync(place).length === 1) await sleep(1);
    child.kill("SIGTERM");
    const exitCode = await new Promise((resolve) => child.once("close", resolve));
    expect(exitCode).toBe(143);
    expect(fs.readdirSync(place)).toEqual(["migrator"]);
    expect(digestOf(join(place, "migrator"))).toBe(before);
  }, 60_000);

  test.skipIf(process.getuid?.() !== 0)(
    `what somebody else left is let lie${process.getuid?.() === 0 ? "" : " [only root can be two users]"}`,
    () => {
      const place = folder();
      fs.chmodSync(temporary, 0o755);
      fs.chmodSync(place, 0o1777);
      fs.mkdirSync(join(place, ".lacuna-build-others"));
      const long = new Date(Date.now() - 7_200_000);
      fs.utimesSync(join(place, ".lacuna-build-others"), long, long);
      const argv = ["build", "--migrations", sql, "--out", "m"];
      const nobody = { uid: 65_534, gid: 65_534, cwd: place, env: {}, encoding: "utf8" } as const;
      const { status, stderr } = spawnSync(executable, argv, nobody);
      expect(stderr).toBe("");
      expect(status).toBe(0);
      expect(fs.readdirSync(place).toSorted()).toEqual([".lacuna-build-others", "m"]);
    },
    60_000,
  );

  test("what killed runs left is taken away once it is old, and nothing else", () => {
    const place = folder();
    const anHourAgo = new Date(Date.now() - 3_700_000);
    for (const name of [".lacuna-build-old", ".lacuna-build-new", "other"]) {
      fs.mkdirSync(join(place, name));
      fs.writeFileSync(join(place, name, "lacuna"), "unfinished");
      if (name !== ".lacuna-build-new") fs.utimesSync(join(place, name), anHourAgo, anHourAgo);
    }
    build(["--migrations", sql, "--out", "m"], place);
    expect(fs.readdirSync(place).toSorted()).toEqual([".lacuna-build-new", "m", "other"]);
  }, 60_000);
});

describe("refused", () => {
  test("the sources make no executable by this command", () => {
    const main = join(import.meta.dirname, "../../src/main.ts");
    const argv = [main, "build", "--migrations", sql, "--out", join(folder(), "m")];
    const { status, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8" });
    expect(stderr).toContain("lacuna runs from its sources here");
    expect(status).toBe(2);
  });

  test.each([
    ["another program", (place: string) => fs.copyFileSync("/bin/cat", join(place, "m"))],
    [
      "a class of Java",
      (place: string) =>
        fs.writeFileSync(join(place, "m"), Uint8Array.of(0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 65)),
    ],
    ["a link to nothing", (place: string) => fs.symlinkSync("nowhere", join(place, "m"))],
  ])("%s is not replaced", (_, put) => {
    const place = folder();
    put(place);
    const before = fs.lstatSync(join(place, "m")).ino;
    const { status, stderr } = attempt(["--migrations", sql, "--out", "m"], place);
    expect(stderr).toMatch('Cannot write "m": it ');
    expect(status).toBe(2);
    expect(fs.lstatSync(join(place, "m")).ino).toBe(before);
    expect(fs.readdirSync(place)).toEqual(["m"]);
  });

  test("a folder as the runtime, and one that is not whole", () => {
    const place = folder();
    fs.mkdirSync(join(place, "lacuna-windows-x64.exe"));
    const flags = ["--migrations", sql, "--out", "m", "--target", "windows-x64", "--runtime"];
    const asFolder = attempt([...flags, "lacuna-windows-x64.exe"], place);
    expect(asFolder.stderr).toContain('on "lacuna-windows-x64.exe": EISDIR');
    expect(asFolder.status).toBe(2);
    // A header of Windows that points behind its end, and the name of the right version.
    const cut = new Uint8Array(0x200);
    const view = new DataView(cut.buffer);
    view.setUint16(0, 0x4d_5a);
    view.setUint32(0x3c, 0x80, true);
    view.setUint32(0x80, 0x50_45_00_00);
    view.setUint16(0x84, 0x86_64, true);
    view.setUint16(0x86, 0xffff, true);
    cut.set(new TextEncoder().encode(`Bun/${Bun.version}`), 0x100);
    fs.writeFileSync(join(place, "cut.exe"), cut);
    const asCut = attempt([...flags, "cut.exe"], place);
    expect(asCut.stderr).toContain("error: Cannot build");
    expect(asCut.stderr).not.toContain("a bug");
    expect(asCut.status).toBe(2);
  });

  test("a runtime of another version", () => {
    const place = folder();
    const bytes = fs.readFileSync(executable);
    const name = Buffer.from(`Bun/${Bun.version}`);
    for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1))
      bytes.write("Bun/0.0.0", at);
    fs.writeFileSync(join(place, "old"), bytes);
    const { status, stderr } = attempt(
      ["--migrations", sql, "--out", "m", "--runtime", "old"],
      place,
    );
    expect(stderr).toContain('on "old": it is of another version');
    expect(status).toBe(2);
    expect(fs.readdirSync(place)).toEqual(["old"]);
  });
});

function folder(): string {
  return fs.mkdtempSync(join(temporary, "place-"));
}

function build(argv: readonly string[], cwd: string = temporary): void {
  const { status, stdout, stderr } = attempt(argv, cwd);
  if (status !== 0) throw new Error(`${status}: ${stdout}${stderr}`);
}

function attempt(argv: readonly string[], cwd: string): SpawnSyncReturns<string> {
  return spawnSync(executable, ["build", ...argv], {
    cwd,
    env: {},
    encoding: "utf8",
    timeout: 60_000,
  });
}

function said(program: string, ...argv: readonly string[]): string {
  return spawnSync(program, argv, { env: {}, encoding: "utf8", timeout: 60_000 }).stdout;
}

function digestOf(path: string): string {
  return createHash("sha256").update(fs.readFileSync(path)).digest("hex");
}
