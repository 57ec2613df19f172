import { expect, test } from "bun:test";
import { elfFrom, neededBy, type ReadAt } from "../../src/core/elf.ts";
import { elf } from "../support/elf.ts";

const arm64 = 183;
const libraries = ["libc.so.6", "libm.so.6"];
const whole = elf(arm64, "/lib/ld.so", libraries);

test("an ELF file names its loader and its libraries", () => {
  const found = elfFrom(readerOf(whole));
  expect(found).toMatchObject({ machine: arm64, interpreter: "/lib/ld.so" });
  expect(found && neededBy(found, readerOf(whole))).toEqual(libraries);
});

test("a library names no loader, and may name no other", () => {
  const bytes = elf(arm64);
  const found = elfFrom(readerOf(bytes));
  expect(found?.interpreter).toBeUndefined();
  expect(found && neededBy(found, readerOf(bytes))).toEqual([]);
});

test.each([
  ["a script", Buffer.from("#!/bin/sh\n".padEnd(64))],
  ["an ELF file for 32 bits", whole.with(4, 1)],
  ["one whose high bytes come first", whole.with(5, 2)],
])("%s is none", (_title, bytes) => {
  expect(elfFrom(readerOf(bytes))).toBeUndefined();
});

test("one that ends early is told, wherever it ends", () => {
  // Of the 16 bytes that end its table, the last 8 say nothing.
  for (let length = 0; length < whole.length - 8; length++) {
    const bytes = whole.subarray(0, length);
    expect(() => {
      const found = elfFrom(readerOf(bytes));
      if (found !== undefined) neededBy(found, readerOf(bytes));
    }, `${length} bytes`).toThrow(RangeError);
  }
});

test("names that no segment holds are told", () => {
  const bytes = Buffer.from(whole);
  // The loaded segment's length.
  bytes.writeBigUInt64LE(1n, 64 + 32);
  const found = elfFrom(readerOf(bytes));
  expect(() => found && neededBy(found, readerOf(bytes))).toThrow("no segment holds the names");
});

function readerOf(bytes: Uint8Array): ReadAt {
  return (offset, length) => {
    const part = bytes.slice(offset, offset + length);
    return new DataView(part.buffer, part.byteOffset, part.length);
  };
}
