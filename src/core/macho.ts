/**
 * macOS executables. Bun signs anew what it makes for arm64, which macOS does not start otherwise.
 * For x64 it leaves the signature of Bun's makers on a file that is no longer theirs (Bun 1.4.5),
 * and an invalid signature is worse than none, which an x64 process may have.
 *
 * The format: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h
 */

const headerBytes = 32;
const signatureCommand = 0x1d;
const segmentCommand = 0x19;
const pageBytes = 4096n;

/** What `codesign --remove-signature` does; a file without a signature stays as it was. */
export function withoutSignature(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const count = view.getUint32(16, true);
  const end = headerBytes + view.getUint32(20, true);
  let linkEdit: number | undefined;
  for (let index = 0, at = headerBytes; index < count; index++) {
    const command = view.getUint32(at, true);
    const size = view.getUint32(at + 4, true);
    if (command === segmentCommand && segmentName(file, at) === "__LINKEDIT") linkEdit = at;
    if (command === signatureCommand && linkEdit !== undefined) {
      const start = view.getUint32(at + 8, true);
      // It is the last thing in the last segment.
      const without = file.slice(0, start);
      const changed = new DataView(without.buffer);
      const kept = BigInt(start) - view.getBigUint64(linkEdit + 40, true);
      changed.setBigUint64(linkEdit + 48, kept, true);
      changed.setBigUint64(linkEdit + 32, ((kept + pageBytes - 1n) / pageBytes) * pageBytes, true);
      without.copyWithin(at, at + size, end);
      without.fill(0, end - size, end);
      changed.setUint32(16, count - 1, true);
      changed.setUint32(20, end - headerBytes - size, true);
      return without;
    }
    at += size;
  }
  return file;
}

function segmentName(file: Uint8Array, at: number): string {
  return new TextDecoder().decode(file.subarray(at + 8, at + 24)).replace(/\0+$/, "");
}
