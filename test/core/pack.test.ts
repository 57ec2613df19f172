import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { checksumOf } from "../../src/core/checksum.ts";
import { pack, unpack } from "../../src/core/pack.ts";

test("what is packed comes out again, in order, whatever it holds", () => {
  const file = fc.record({ name: fc.string({ unit: "grapheme" }), bytes: fc.uint8Array() });
  fc.assert(
    fc.property(fc.array(file), (files) => {
      expect(unpack(pack(files))).toEqual(files);
    }),
  );
});

test("a checksum comes with those files that have one", () => {
  const bytes = Uint8Array.of(1, 2);
  const files = [
    { name: "a", bytes, checksum: checksumOf(bytes) },
    { name: "b", bytes },
  ];
  expect(unpack(pack(files))).toEqual(files);
});

test("a pack may lie in the middle of other memory", () => {
  const packed = pack([{ name: "a", bytes: Uint8Array.of(1, 2) }]);
  const memory = new Uint8Array(packed.length + 7);
  memory.set(packed, 3);
  const found = unpack(memory.subarray(3, 3 + packed.length));
  expect(found).toEqual([{ name: "a", bytes: Uint8Array.of(1, 2) }]);
});
