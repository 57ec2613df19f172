/**
 * One bit tells what was built on its own kind of machine from what was built elsewhere: Bun notes
 * for its crash reports that the bytecode came from another platform (CROSS_COMPILED_BYTECODE in
 * its StandaloneModuleGraph, Bun 1.4.5). The rest is the same, byte for byte. So that the same
 * files give the same executable wherever it is made, the note is made always.
 */
import { correctChecksum } from "./pe.ts";
import type { Platform } from "./platform.ts";
import { hashPageAgain } from "./macho.ts";

/** Where bytes were changed. */
export type Change = readonly [start: number, end: number];

const trailer = new TextEncoder().encode("\n---- Bun! ----\n");
/** In the second byte of the flags, which end where the trailer begins. */
const crossCompiled = 0x04;

/** Changes the file in memory. Undefined: it is nothing that Bun made. */
export function noteForeignBuilder(
  file: Uint8Array,
  platform: Platform,
): readonly Change[] | undefined {
  const end = lastIndexOf(file, trailer);
  if (end < 4) return undefined;
  const at = end - 3;
  const before = file[at] ?? 0;
  const after = before | crossCompiled;
  if (after === before) return [];
  file[at] = after;
  const change: Change = [at, at + 1];
  if (platform === "windows-x64") return [change, correctChecksum(file, at, after - before)];
  const hash = platform === "darwin-arm64" ? hashPageAgain(file, at) : undefined;
  return hash === undefined ? [change] : [change, hash];
}

function lastIndexOf(file: Uint8Array, wanted: Uint8Array): number {
  for (let at = file.length - wanted.length; at >= 0; at--) {
    if (file[at] === wanted[0] && wanted.every((byte, index) => file[at + index] === byte))
      return at;
  }
  return -1;
}
