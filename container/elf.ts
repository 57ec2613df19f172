/** ELF files on disk, of which little is read. */
import { closeSync, openSync, readSync } from "node:fs";
import { type Elf, elfFrom, neededBy, type ReadAt } from "../src/core/elf.ts";

export interface ElfFile extends Pick<Elf, "machine" | "interpreter"> {
  readonly needed: readonly string[];
}

/** Undefined where it is no ELF file for 64 bits, or not the whole of one. */
export function readElf(path: string): ElfFile | undefined {
  const file = openSync(path, "r");
  const readAt: ReadAt = (offset, length) => {
    const bytes = new Uint8Array(length);
    return new DataView(bytes.buffer, 0, readSync(file, bytes, 0, length, offset));
  };
  try {
    const elf = elfFrom(readAt);
    if (elf === undefined) return undefined;
    const { machine, interpreter } = elf;
    return { machine, interpreter, needed: neededBy(elf, readAt) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  } finally {
    closeSync(file);
  }
}
