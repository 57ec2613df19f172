/**
 * Several files as one: what is inside an executable is read whole or not at all, and a file of
 * its own for each migration costs every start.
 *
 * A pack is the length of its list (four bytes, big-endian), the list as JSON (name, length, and a
 * checksum where it is to be known without reading the bytes), and the bytes.
 */
import type { Checksum } from "./checksum.ts";

export interface PackedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly checksum?: Checksum;
}

export function pack(files: readonly PackedFile[]): Uint8Array<ArrayBuffer> {
  const list = files.map(({ name, bytes, checksum }) =>
    checksum === undefined ? [name, bytes.length] : [name, bytes.length, checksum],
  );
  const head = new TextEncoder().encode(JSON.stringify(list));
  const start = lengthBytes + head.length;
  const packed = new Uint8Array(files.reduce((sum, file) => sum + file.bytes.length, start));
  new DataView(packed.buffer).setUint32(0, head.length);
  packed.set(head, lengthBytes);
  let offset = start;
  for (const { bytes } of files) {
    packed.set(bytes, offset);
    offset += bytes.length;
  }
  return packed;
}

/** The files in their order. They share the pack's memory. */
export function unpack(packed: Uint8Array): readonly PackedFile[] {
  const start = lengthBytes + new DataView(packed.buffer, packed.byteOffset).getUint32(0);
  const head = new TextDecoder().decode(packed.subarray(lengthBytes, start));
  const list = JSON.parse(head) as readonly (readonly [string, number, Checksum?])[];
  let offset = start;
  return list.map(([name, length, checksum]) => {
    offset += length;
    const bytes = packed.subarray(offset - length, offset);
    return checksum === undefined ? { name, bytes } : { name, bytes, checksum };
  });
}

const lengthBytes = 4;
