/**
 * macOS executables. Bun signs anew what it makes for arm64, which macOS does not start otherwise.
 * For x64 it leaves the signature of Bun's makers on a file that is no longer theirs (Bun 1.4.5),
 * and an invalid signature is worse than none, which an x64 process may have.
 *
 * The format: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h
 */
import { createHash } from "./hash.ts";

const headerBytes = 32;
const signatureCommand = 0x1d;
const segmentCommand = 0x19;
const pageBytes = 4096n;

interface Place {
  readonly at: number;
  readonly size: number;
}

/** What `codesign --remove-signature` does; a file without a signature stays as it was. */
export function withoutSignature(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = viewOf(file);
  const signature = findCommand(file, signatureCommand);
  const linkEdit = findCommand(file, segmentCommand, "__LINKEDIT");
  if (signature === undefined || linkEdit === undefined) return file;
  const { at, size } = signature;
  const count = view.getUint32(16, true);
  const end = headerBytes + view.getUint32(20, true);
  const start = view.getUint32(at + 8, true);
  // It is the last thing in the last segment.
  const without = file.slice(0, start);
  const changed = viewOf(without);
  const kept = BigInt(start) - view.getBigUint64(linkEdit.at + 40, true);
  changed.setBigUint64(linkEdit.at + 48, kept, true);
  changed.setBigUint64(linkEdit.at + 32, ((kept + pageBytes - 1n) / pageBytes) * pageBytes, true);
  without.copyWithin(at, at + size, end);
  without.fill(0, end - size, end);
  changed.setUint32(16, count - 1, true);
  changed.setUint32(20, end - headerBytes - size, true);
  return without;
}

/**
 * Puts the signature right where the byte at a place was changed, and says where: the hash of its
 * page. Undefined for a file without a signature. The format:
 * https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/cs_blobs.h
 */
export function hashPageAgain(
  file: Uint8Array,
  changedAt: number,
): readonly [start: number, end: number] | undefined {
  const command = findCommand(file, signatureCommand);
  if (command === undefined) return undefined;
  const view = viewOf(file);
  const blobs = view.getUint32(command.at + 8, true);
  // The directory of the code's hashes comes first. From here on the high byte comes first.
  const directory = blobs + view.getUint32(blobs + 16);
  const hashes = directory + view.getUint32(directory + 16);
  const limit = view.getUint32(directory + 32);
  const pageSize = 2 ** view.getUint8(directory + 39);
  const page = Math.floor(changedAt / pageSize);
  const bytes = file.subarray(page * pageSize, Math.min((page + 1) * pageSize, limit));
  const hash = createHash("sha256").update(bytes).digest();
  const start = hashes + page * hash.length;
  file.set(hash, start);
  return [start, start + hash.length];
}

function findCommand(file: Uint8Array, wanted: number, segment?: string): Place | undefined {
  const view = viewOf(file);
  const count = view.getUint32(16, true);
  for (let index = 0, at = headerBytes; index < count; index++) {
    const size = view.getUint32(at + 4, true);
    const isWanted = view.getUint32(at, true) === wanted;
    if (isWanted && (segment === undefined || segmentName(file, at) === segment))
      return { at, size };
    at += size;
  }
  return undefined;
}

function segmentName(file: Uint8Array, at: number): string {
  return new TextDecoder().decode(file.subarray(at + 8, at + 24)).replace(/\0+$/, "");
}

function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength);
}
