/** What a Mac would say of an executable's signature, read from the file by Apple's headers alone. */

/** "none", "valid" or what is wrong. */
export function signatureOf(file: Buffer): string {
  const place = placeOf(file);
  if (place === undefined) return "none";
  const [blobs, size] = place;
  if (blobs + size !== file.length) return "it does not end where the file ends";
  if (file.readUInt32BE(blobs) !== 0xfa_de_0c_c0) return "no signature where the header says";
  const directory = blobs + file.readUInt32BE(blobs + 16);
  if (file.readUInt32BE(directory) !== 0xfa_de_0c_02) return "no code directory in it";
  const slots = file.readUInt32BE(directory + 28);
  const limit = file.readUInt32BE(directory + 32);
  if (limit !== blobs) return `it covers ${limit} of ${blobs} bytes`;
  const pageSize = 2 ** file.readUInt8(directory + 39);
  if (slots !== Math.ceil(limit / pageSize)) return `${slots} pages are signed`;
  const hashes = directory + file.readUInt32BE(directory + 16);
  for (let page = 0; page < slots; page++) {
    const bytes = file.subarray(page * pageSize, Math.min((page + 1) * pageSize, limit));
    const wanted = file.subarray(hashes + 32 * page, hashes + 32 * (page + 1));
    if (!Buffer.from(Bun.SHA256.hash(bytes) as Uint8Array).equals(wanted))
      return `page ${page} is not what was signed`;
  }
  return "valid";
}

function placeOf(file: Buffer): readonly [start: number, size: number] | undefined {
  const commands = file.readUInt32LE(16);
  for (let index = 0, at = 32; index < commands; index++) {
    if (file.readUInt32LE(at) === 0x1d)
      return [file.readUInt32LE(at + 8), file.readUInt32LE(at + 12)];
    at += file.readUInt32LE(at + 4);
  }
  return undefined;
}
