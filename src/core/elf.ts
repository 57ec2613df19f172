/**
 * What an ELF file says about what it needs: the few tables of elf(5) that the loader reads first.
 * ldd would say it too, but it runs the file, which another machine's cannot be.
 */

export interface Elf {
  /** e_machine: the processor. A library for another one is no library. */
  readonly machine: number;
  /** The loader; libraries and static executables have none. */
  readonly interpreter: string | undefined;
  readonly segments: readonly Segment[];
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly length: number;
}

/** Bytes of a file; fewer than asked for where it ends. */
export type ReadAt = (offset: number, length: number) => DataView;

export const elfMagic = 0x7f_45_4c_46;

const segmentTypes = { load: 1, dynamic: 2, interpreter: 3 };
const tags = { end: 0, needed: 1, strings: 5 };
const longestPath = 4096;

/**
 * Undefined where it is no 64-bit, little-endian ELF file: another kind, or a linker's script.
 * @throws RangeError where it ends within one of its tables, as what follows does.
 */
export function elfFrom(readAt: ReadAt): Elf | undefined {
  const header = readAt(0, 64);
  const [is64Bit, isLittleEndian] = [2, 1];
  if (header.getUint32(0) !== elfMagic) return undefined;
  if (header.getUint8(4) !== is64Bit || header.getUint8(5) !== isLittleEndian) return undefined;
  const segments = segmentsOf(header, readAt);
  const interpreter = segments.find(({ type }) => type === segmentTypes.interpreter);
  return {
    machine: header.getUint16(18, true),
    interpreter: interpreter && textAt(readAt, interpreter.offset),
    segments,
  };
}

/** DT_NEEDED: file names of libraries, without a folder. */
export function neededBy({ segments }: Elf, readAt: ReadAt): readonly string[] {
  const dynamic = segments.find(({ type }) => type === segmentTypes.dynamic);
  if (dynamic === undefined) return [];
  const table = readAt(dynamic.offset, dynamic.length);
  const needed: number[] = [];
  let strings = 0;
  for (let at = 0; wordAt(table, at) !== tags.end; at += 16) {
    const [tag, value] = [wordAt(table, at), wordAt(table, at + 8)];
    if (tag === tags.needed) needed.push(value);
    // An address in memory; the segment that is loaded there says where it is in the file.
    if (tag === tags.strings) strings = offsetOf(value, segments);
  }
  return needed.map((offset) => textAt(readAt, strings + offset));
}

function segmentsOf(header: DataView, readAt: ReadAt): readonly Segment[] {
  const start = wordAt(header, 32);
  const size = header.getUint16(54, true);
  return Array.from({ length: header.getUint16(56, true) }, (_, index) => {
    const entry = readAt(start + index * size, 56);
    return {
      type: entry.getUint32(0, true),
      offset: wordAt(entry, 8),
      address: wordAt(entry, 16),
      length: wordAt(entry, 32),
    };
  });
}

function offsetOf(address: number, segments: readonly Segment[]): number {
  const segment = segments.find(
    (one) =>
      one.type === segmentTypes.load &&
      one.address <= address &&
      address < one.address + one.length,
  );
  if (segment === undefined) throw new RangeError("no segment holds the names");
  return segment.offset + address - segment.address;
}

/** It ends in a byte of zero, a loader's name as well. */
function textAt(readAt: ReadAt, offset: number): string {
  const { buffer, byteOffset, byteLength } = readAt(offset, longestPath);
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const end = bytes.indexOf(0);
  if (end < 0) throw new RangeError("a name without an end");
  return new TextDecoder().decode(bytes.subarray(0, end));
}

function wordAt(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}
