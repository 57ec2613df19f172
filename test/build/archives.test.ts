/** The archives of a release, as the system's own tools see them. */
import { afterAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArchivedFile, tarGz, unpackedTarGz, zip } from "../../build/archives.ts";
import { sha256 } from "../support/sha256.ts";

const temporary = mkdtempSync(join(tmpdir(), "lacuna-archives-"));
afterAll(() => {
  rmSync(temporary, { recursive: true });
});

const files: readonly ArchivedFile[] = [
  { name: "program", bytes: new Uint8Array(3_000_000).fill(7), isExecutable: true },
  { name: "a/paper.txt", bytes: Buffer.from("text\n") },
  { name: "empty", bytes: new Uint8Array() },
];

describe("tar.gz", () => {
  test("tar lists names in order, modes, owner and time", async () => {
    const path = written("one.tar.gz", await tarGz("top", files));
    const listed = run("tar", "--list", "--verbose", "--numeric-owner", "--file", path);
    const lines = listed.trim().split("\n");
    expect(lines.map((line) => line.replaceAll(/ +/g, " "))).toEqual([
      "-rw-r--r-- 0/0 5 2026-01-01 00:00 top/a/paper.txt",
      "-rw-r--r-- 0/0 0 2026-01-01 00:00 top/empty",
      "-rwxr-xr-x 0/0 3000000 2026-01-01 00:00 top/program",
    ]);
  });

  test("its header has no name and no time", async () => {
    const header = [...(await tarGz("top", files)).subarray(0, 8)];
    expect(header).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
  });

  test("what is in it comes out again", async () => {
    const unpacked = await unpackedTarGz(await tarGz("top", files));
    expect([...unpacked.keys()]).toEqual(["top/a/paper.txt", "top/empty", "top/program"]);
    for (const { name, bytes } of files)
      expect(Buffer.from(bytes).equals(unpacked.get(`top/${name}`) ?? Buffer.from("absent"))).toBe(
        true,
      );
  });
});

const hasPython = Bun.which("python3") !== null;
test.skipIf(!hasPython)(
  `an independent reader finds every byte in the zip, and modes${hasPython ? "" : " [there is no python3]"}`,
  async () => {
    const path = written("one.zip", await zip("top", files));
    const read = `
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
print(archive.testzip())
for info in archive.infolist():
    print(info.filename, info.file_size, oct(info.external_attr >> 16), *info.date_time)
`;
    expect(run("python3", "-c", read, path).trim().split("\n")).toEqual([
      "None",
      "top/a/paper.txt 5 0o100644 2026 1 1 0 0 0",
      "top/empty 0 0o100644 2026 1 1 0 0 0",
      "top/program 3000000 0o100755 2026 1 1 0 0 0",
    ]);
  },
);

test("neither the order given nor the time zone changes a byte", async () => {
  const before = process.env["TZ"];
  const made: string[] = [];
  try {
    for (const zone of ["UTC", "Pacific/Auckland"]) {
      process.env["TZ"] = zone;
      expect(new Date(2026, 0).getTimezoneOffset()).toBe(zone === "UTC" ? 0 : -780);
      for (const given of [files, files.toReversed()])
        made.push([await tarGz("top", given), await zip("top", given)].map(sha256).join(" "));
    }
  } finally {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  }
  expect(made).toHaveLength(4);
  expect(new Set(made).size).toBe(1);
});

function written(name: string, bytes: Uint8Array): string {
  const path = join(temporary, name);
  writeFileSync(path, bytes);
  return path;
}

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", env: { ...process.env, TZ: "UTC" } });
}
