/**
 * Windows executables. Bun adds what it embeds as a last section named `.bun`, and refuses a file
 * that has one already ("SectionExists", Bun 1.4.5), so a runtime that is taken from an executable
 * of lacuna is set back to what it was.
 *
 * The format: https://learn.microsoft.com/windows/win32/debug/pe-format
 */

/**
 * Without its last section where that has this name; else as it was. The sizes in the header are
 * put right; the checksum is left to who writes the file next.
 */
export function withoutLastSection(
  file: Uint8Array<ArrayBuffer>,
  name: string,
): Uint8Array<ArrayBuffer> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const header = view.getUint32(0x3c, true);
  const count = view.getUint16(header + 6, true);
  const optional = header + 24;
  const table = optional + view.getUint16(header + 20, true);
  const last = table + (count - 1) * sectionBytes;
  const found = new TextDecoder().decode(file.subarray(last, last + 8)).replace(/\0+$/, "");
  if (found !== name) return file;
  const without = file.slice(0, view.getUint32(last + 20, true));
  const changed = new DataView(without.buffer);
  changed.setUint16(header + 6, count - 1, true);
  // SizeOfImage ends where the section began.
  changed.setUint32(optional + 56, view.getUint32(last + 12, true), true);
  without.fill(0, last, last + sectionBytes);
  return without;
}

const sectionBytes = 40;

/**
 * Puts the file's checksum right where the byte at a place was raised: it is the sum of the file's
 * words, folded into 16 bits, plus its length.
 */
export function correctChecksum(
  file: Uint8Array,
  at: number,
  raised: number,
): readonly [start: number, end: number] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const place = view.getUint32(0x3c, true) + 24 + 64;
  const sum = view.getUint32(place, true) - file.length + raised * (at % 2 === 0 ? 1 : 0x100);
  view.setUint32(place, (sum & 0xffff) + (sum >>> 16) + file.length, true);
  return [place, place + 4];
}
