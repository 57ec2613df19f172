import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { withoutLastSection } from "../../src/core/pe.ts";
import { platformOf, releaseName } from "../../src/core/platform.ts";
import { elf as elfFile } from "../support/elf.ts";

/** The start of an ELF file with a loader's name. */
function elf({ machine = 0x3e, loader = "/lib64/ld-linux-x86-64.so.2", bits = 2 }): Uint8Array {
  return elfFile(machine, loader).with(4, bits);
}

function mach(processor: number): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xfe_ed_fa_cf, true);
  view.setUint32(4, processor, true);
  return bytes;
}

/** Headers, then one section after the other with four bytes each. */
function pe(machine: number, sections: readonly string[]): Uint8Array<ArrayBuffer> {
  const table = 0x80 + 24 + 112;
  const start = table + 40 * sections.length + 40;
  const bytes = new Uint8Array(start + 4 * sections.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4d_5a);
  view.setUint32(0x3c, 0x80, true);
  view.setUint32(0x80, 0x50_45_00_00);
  view.setUint16(0x84, machine, true);
  view.setUint16(0x86, sections.length, true);
  view.setUint16(0x94, 112, true);
  view.setUint32(0x80 + 24 + 56, 0x1000 * (sections.length + 1), true);
  for (const [index, name] of sections.entries()) {
    const entry = table + 40 * index;
    bytes.set(new TextEncoder().encode(name), entry);
    view.setUint32(entry + 12, 0x1000 * (index + 1), true);
    view.setUint32(entry + 16, 4, true);
    view.setUint32(entry + 20, start + 4 * index, true);
    bytes.fill(index + 1, start + 4 * index, start + 4 * index + 4);
  }
  return bytes;
}

describe("platformOf", () => {
  test.each([
    ["linux-x64", elf({})],
    ["linux-arm64", elf({ machine: 0xb7, loader: "/lib/ld-linux-aarch64.so.1" })],
    ["linux-x64-musl", elf({ loader: "/lib/ld-musl-x86_64.so.1" })],
    ["linux-arm64-musl", elf({ machine: 0xb7, loader: "/lib/ld-musl-aarch64.so.1" })],
    ["darwin-x64", mach(0x01_00_00_07)],
    ["darwin-arm64", mach(0x01_00_00_0c)],
    ["windows-x64", pe(0x86_64, [".text"])],
    ["other", elf({ machine: 0x28 })],
    ["other", elf({ bits: 1 })],
    ["other", elf({ loader: "/system/bin/linker64" })],
    ["other", elfFile(0x3e)],
    ["other", pe(0x01_4c, [".text"])],
    ["other", mach(0x01_00_00_12)],
    ["other", Uint8Array.of(0xca, 0xfe, 0xba, 0xbe)],
    [undefined, new TextEncoder().encode("create table a (id int);\n")],
    [undefined, new TextEncoder().encode("MZ, and nothing of an executable")],
    [undefined, elf({}).subarray(0, 100)],
    [undefined, new Uint8Array()],
  ] as const)("%s", (platform, start) => {
    expect(platformOf(start)).toBe(platform);
  });

  test("what runs this is for this machine", () => {
    expect(platformOf(readFileSync(process.execPath))).toMatch(
      `${process.platform.replace("win32", "windows")}-${process.arch}`,
    );
  });
});

test("a release is named by its platform", () => {
  expect(releaseName("linux-arm64-musl")).toBe("lacuna-linux-arm64-musl");
  expect(releaseName("windows-x64")).toBe("lacuna-windows-x64.exe");
});

describe("withoutLastSection", () => {
  test("it takes the section, its header and its size away", () => {
    const plain = pe(0x86_64, [".text", ".data"]);
    const added = pe(0x86_64, [".text", ".data", ".bun"]);
    const without = withoutLastSection(added, ".bun");
    const view = new DataView(without.buffer);
    expect(view.getUint16(0x86, true)).toBe(2);
    expect(view.getUint32(0x80 + 24 + 56, true)).toBe(0x3000);
    // The bytes of .data are the last ones, and nothing of .bun is left.
    expect([...without.subarray(-8)]).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
    expect(new TextDecoder("latin1").decode(without)).not.toContain(".bun");
    expect(without.length).toBe(plain.length + 40);
  });

  test("another last section stays", () => {
    const plain = pe(0x86_64, [".text", ".bunblt"]);
    expect(withoutLastSection(plain, ".bun")).toBe(plain);
  });
});
