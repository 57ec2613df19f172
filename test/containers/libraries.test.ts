/** Which files an image needs: by executables that are made here, for machines that are not. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readElf } from "../../container/elf.ts";
import { librariesOf } from "../../container/libraries.ts";
import { elf } from "../support/elf.ts";

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

test("what is no executable, ends too early, or needs no loader, is refused", () => {
  for (const bytes of ["#!/bin/sh\n", elf(x64, "/lib/ld.so").subarray(0, 100), elf(x64)])
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
