import { expect, test } from "bun:test";
import { withoutSignature } from "../../src/core/macho.ts";
import { platformOf } from "../../src/core/platform.ts";

const signed = 0x1d;
const symbols = 0x02;

/** A segment __LINKEDIT of 100 bytes at 300, whose last 40 are the signature, and other commands. */
function mach(...commands: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(400).fill(9, 300);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xfe_ed_fa_cf, true);
  view.setUint32(4, 0x01_00_00_07, true);
  view.setUint32(16, commands.length + 1, true);
  view.setUint32(20, 72 + 16 * commands.length, true);
  view.setUint32(32, 0x19, true);
  view.setUint32(36, 72, true);
  bytes.set(new TextEncoder().encode("__LINKEDIT"), 40);
  view.setBigUint64(64, 8192n, true);
  view.setBigUint64(72, 300n, true);
  view.setBigUint64(80, 100n, true);
  for (const [index, command] of commands.entries()) {
    const at = 104 + 16 * index;
    view.setUint32(at, command, true);
    view.setUint32(at + 4, 16, true);
    view.setUint32(at + 8, command === signed ? 360 : 300, true);
    view.setUint32(at + 12, 40, true);
  }
  return bytes;
}

test.each([
  ["first", [signed, symbols]],
  ["last", [symbols, signed]],
] as const)("a signature goes, whose command is the %s", (_place, commands) => {
  const without = withoutSignature(mach(...commands));
  const wanted = mach(symbols).subarray(0, 360);
  const view = new DataView(wanted.buffer);
  view.setBigUint64(64, 4096n, true);
  view.setBigUint64(80, 60n, true);
  expect(without).toEqual(wanted);
  expect(platformOf(without)).toBe("darwin-x64");
});

test("it may lie in the middle of other memory", () => {
  const memory = new Uint8Array(500);
  memory.set(mach(signed), 50);
  expect(withoutSignature(memory.subarray(50, 450))).toEqual(withoutSignature(mach(signed)));
});

test("what is not signed stays as it was", () => {
  const plain = mach(symbols);
  expect(withoutSignature(plain)).toBe(plain);
  expect(withoutSignature(withoutSignature(mach(signed)))).toHaveLength(360);
});
