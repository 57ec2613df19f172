/** Which files an image needs: by executables that are made here, for machines that are not. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readElf } from "../../container/elf.ts";
import { librariesOf } from "../../container/libraries.ts";

const [x64, arm64] = [62, 183];
const names = "_nss_dns_gethostbyname4_r\0";
const debian = "\0/lib/aarch64-linux-gnu/\0/usr/lib/aarch64-linux-gnu/\0/lib/\0";
let folder = "";

beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "lacuna-libraries-"));
});
afterAll(() => {
  fs.rmSync(folder, { recursive: true });
});

test("an ELF file names its loader and its libraries", () => {
  const path = write("program", elf(arm64, "/lib/ld.so", ["libc.so.6", "libm.so.6"]));
  expect(readElf(path)).toEqual({
    machine: arm64,
    interpreter: "/lib/ld.so",
    needed: ["libc.so.6", "libm.so.6"],
  });
});

test("what is no ELF file, is one for 32 bits, or ends too early, is none", () => {
  const whole = elf(arm64, "/lib/ld.so", ["libc.so.6"]);
  const narrow = Buffer.from(whole);
  narrow[4] = 1;
  for (const bytes of [
    "",
    "/* GNU ld script */",
    narrow,
    ...[16, 63, 100, 250].map((n) => whole.subarray(0, n)),
  ])
    expect(readElf(write("none", bytes))).toBeUndefined();
});

test("libraries of libraries too, each once, where the loader looks for them", () => {
  const own = folderOf({
    "ld.so": Buffer.concat([elf(arm64), Buffer.from(debian)]),
    "libc.so.6": Buffer.concat([elf(arm64, undefined, ["ld.so"]), Buffer.from(names)]),
    "libm.so.6": elf(arm64, undefined, ["libc.so.6", "libdeep.so.1"]),
    "libdeep.so.1": elf(arm64, undefined, ["libm.so.6"]),
  });
  const path = write("program", elf(arm64, "/lib/ld.so", ["libc.so.6", "libm.so.6"]));
  expect(Object.fromEntries(librariesOf(path, own))).toEqual({
    "/lib/ld.so": join(own, "ld.so"),
    "/lib/aarch64-linux-gnu/libc.so.6": join(own, "libc.so.6"),
    "/lib/aarch64-linux-gnu/libm.so.6": join(own, "libm.so.6"),
    "/lib/aarch64-linux-gnu/libdeep.so.1": join(own, "libdeep.so.1"),
  });
});

test("a loader that names no folder, as musl's, looks into /lib", () => {
  const own = folderOf({ "ld.so": elf(x64), "libgcc.so.1": elf(x64) });
  const path = write("program", elf(x64, "/lib/ld.so", ["libgcc.so.1"]));
  expect([...librariesOf(path, own).keys()]).toEqual(["/lib/ld.so", "/lib/libgcc.so.1"]);
});

test("a library for another kind of machine is none", () => {
  const own = folderOf({ "ld.so": elf(arm64), "libc.so.6": elf(x64) });
  const path = write("program", elf(arm64, "/lib/ld.so", ["libc.so.6"]));
  expect(() => librariesOf(path, own)).toThrow(
    /^libc\.so\.6 for this kind of machine .*--libraries/,
  );
});

test("a libc that resolves names by further files is refused", () => {
  const own = folderOf({ "ld.so": elf(arm64), "libc.so.6": elf(arm64) });
  const path = write("program", elf(arm64, "/lib/ld.so", ["libc.so.6"]));
  expect(() => librariesOf(path, own)).toThrow("glibc 2.34");
});

test("what is no executable, or needs no loader, is refused", () => {
  for (const bytes of ["#!/bin/sh\n", elf(x64)])
    expect(() => librariesOf(write("script", bytes))).toThrow("no 64-bit Linux executable");
});

const isLinux = process.platform === "linux";
test.skipIf(!isLinux)(`this machine's own${isLinux ? "" : " [it has no ELF files]"}`, () => {
  const { interpreter = "" } = readElf(process.execPath) ?? {};
  const libraries = librariesOf(process.execPath);
  expect([...libraries.keys()]).toContain(interpreter);
  expect([...libraries.keys()].join()).toContain("libc");
  for (const path of libraries.values()) expect(fs.statSync(path).isFile()).toBe(true);
});

function write(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  fs.writeFileSync(path, bytes);
  return path;
}

function folderOf(files: Readonly<Record<string, Uint8Array>>): string {
  const path = fs.mkdtempSync(join(folder, "own-"));
  for (const [name, bytes] of Object.entries(files)) fs.writeFileSync(join(path, name), bytes);
  return path;
}

/** The smallest file that says it: three segments behind the head, then what they point at. */
function elf(machine: number, interpreter?: string, needed: readonly string[] = []): Buffer {
  const [head, segment, word] = [64, 56, 8];
  const tables = head + 3 * segment;
  // Addresses in memory are not offsets in the file.
  const base = 0x40_0000;
  const strings = Buffer.from(["", interpreter ?? "", ...needed, ""].join("\0"));
  const dynamic = tables + strings.length;
  const entries = [
    ...needed.map((name) => [1, strings.indexOf(`\0${name}\0`) + 1]),
    [5, base + tables],
    [0, 0],
  ];
  const bytes = Buffer.alloc(dynamic + entries.length * 2 * word);
  bytes.write("\u007fELF\u0002\u0001\u0001", "latin1");
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(BigInt(head), 32);
  bytes.writeUInt16LE(segment, 54);
  bytes.writeUInt16LE(3, 56);
  strings.copy(bytes, tables);
  const segments = [
    [1, 0, base, bytes.length],
    [2, dynamic, base + dynamic, entries.length * 2 * word],
    // PT_NULL, where no loader is named.
    [interpreter === undefined ? 0 : 3, tables + 1, base + tables + 1, interpreter?.length ?? 0],
  ] as const;
  for (const [index, [type, offset, address, length]] of segments.entries()) {
    const at = head + index * segment;
    bytes.writeUInt32LE(type, at);
    for (const [place, value] of [
      [8, offset],
      [16, address],
      [32, length],
    ] as const)
      bytes.writeBigUInt64LE(BigInt(value), at + place);
  }
  for (const [index, value] of entries.flat().entries())
    bytes.writeBigUInt64LE(BigInt(value), dynamic + index * word);
  return bytes;
}
