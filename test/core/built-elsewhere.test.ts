import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { noteForeignBuilder } from "../../src/core/built-elsewhere.ts";

/** What Bun leaves at the end: its flags, with or without the note, and its mark. */
function end(flags: number): Uint8Array {
  return Uint8Array.from([7, 7, 0xff, flags, 0, 0, ...Buffer.from("\n---- Bun! ----\n"), 7, 7]);
}

const [native, foreign] = [0x0b, 0x0f];

describe("noteForeignBuilder", () => {
  test("makes the note, and nothing else", () => {
    const file = end(native);
    expect(noteForeignBuilder(file, "linux-x64")).toEqual([[3, 4]]);
    expect(file).toEqual(end(foreign));
  });

  test.each(["linux-arm64", "windows-x64", "darwin-arm64", "darwin-x64"] as const)(
    "leaves what has it as it was: %s",
    (platform) => {
      const file = end(foreign);
      expect(noteForeignBuilder(file, platform)).toEqual([]);
      expect(file).toEqual(end(foreign));
    },
  );

  test("takes the last mark for Bun's", () => {
    const file = Uint8Array.from([...end(native), ...end(native)]);
    noteForeignBuilder(file, "linux-x64");
    expect(file).toEqual(Uint8Array.from([...end(native), ...end(foreign)]));
  });

  test("knows what Bun did not make", () => {
    expect(noteForeignBuilder(new Uint8Array(100), "linux-x64")).toBeUndefined();
    expect(noteForeignBuilder(end(native).subarray(5), "linux-x64")).toBeUndefined();
  });

  test.each([0, 1])("puts the checksum of a PE file right, %i bytes further", (shift) => {
    const pe = (flags: number): Uint8Array => {
      const file = new Uint8Array(300 + shift).fill(0xf3);
      const view = new DataView(file.buffer);
      view.setUint32(0x3c, 0x40, true);
      view.setUint32(checksumAt, 0, true);
      file.set(end(flags), 200 + shift);
      view.setUint32(checksumAt, peChecksum(file), true);
      return file;
    };
    const file = pe(native);
    const at = 203 + shift;
    expect(noteForeignBuilder(file, "windows-x64")).toEqual([
      [at, at + 1],
      [checksumAt, checksumAt + 4],
    ]);
    expect(file).toEqual(pe(foreign));
  });

  test.each([
    ["a whole page", 4096 + 100, 4096 + 8192],
    ["the last page, which is shorter", 8192 + 100, 8192 + 200],
  ])("signs a file for macOS again: %s", (_title, place, limit) => {
    const file = mach(native, place, limit);
    const wanted = mach(foreign, place, limit);
    expect(file).not.toEqual(wanted);
    const changes = noteForeignBuilder(file, "darwin-arm64");
    expect(file).toEqual(wanted);
    const slot = directoryAt + 44 + 32 * Math.floor(place / 4096);
    expect(changes).toEqual([
      [place + 3, place + 4],
      [slot, slot + 32],
    ]);
  });
});

const checksumAt = 0x40 + 24 + 64;

/** As ImageHlp's CheckSumMappedFile does it, of a file whose own is 0. */
function peChecksum(file: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < file.length; at += 2) {
    sum += (file[at] ?? 0) | ((file[at + 1] ?? 0) << 8);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum + file.length;
}

const signatureAt = 16_384;
const directoryAt = signatureAt + 20;

/** One load command, the signature's; the hashes of all pages up to a limit. */
function mach(flags: number, place: number, limit: number): Uint8Array {
  const file = new Uint8Array(signatureAt + 500);
  file.set(end(flags), place);
  const view = new DataView(file.buffer);
  view.setUint32(16, 1, true);
  view.setUint32(20, 16, true);
  view.setUint32(32, 0x1d, true);
  view.setUint32(36, 16, true);
  view.setUint32(40, signatureAt, true);
  view.setUint32(signatureAt, 0xfa_de_0c_c0);
  view.setUint32(signatureAt + 8, 1);
  view.setUint32(signatureAt + 16, 20);
  view.setUint32(directoryAt, 0xfa_de_0c_02);
  view.setUint32(directoryAt + 16, 44);
  view.setUint32(directoryAt + 32, limit);
  view.setUint8(directoryAt + 39, 12);
  for (let start = 0, slot = directoryAt + 44; start < limit; start += 4096, slot += 32) {
    const page = file.subarray(start, Math.min(start + 4096, limit));
    file.set(createHash("sha256").update(page).digest(), slot);
  }
  return file;
}
