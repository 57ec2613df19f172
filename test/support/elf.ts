/** The smallest ELF file that says it: three segments behind the head, then what they point at. */
export function elf(machine: number, interpreter?: string, needed: readonly string[] = []): Buffer {
  const [head, segment, word] = [64, 56, 8];
  const tables = head + 3 * segment;
  // Addresses in memory are not offsets in the file.
  const base = 0x40_0000;
  const strings = Buffer.from(["", interpreter ?? "", ...needed, ""].join("\0"));
  const dynamic = tables + strings.length;
  const entries = [
    ...needed.map((name) => [1, strings.indexOf(`\0${name}\0`) + 1]),
    [5, base + tables],
    [0, 0],
  ];
  const bytes = Buffer.alloc(dynamic + entries.length * 2 * word);
  bytes.write("\u007fELF\u0002\u0001\u0001", "latin1");
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(BigInt(head), 32);
  bytes.writeUInt16LE(segment, 54);
  bytes.writeUInt16LE(3, 56);
  strings.copy(bytes, tables);
  const segments = [
    [1, 0, base, bytes.length],
    [2, dynamic, base + dynamic, entries.length * 2 * word],
    // PT_NULL, where no loader is named.
    [interpreter === undefined ? 0 : 3, tables + 1, base + tables + 1, interpreter?.length ?? 0],
  ] as const;
  for (const [index, [type, offset, address, length]] of segments.entries()) {
    const at = head + index * segment;
    bytes.writeUInt32LE(type, at);
    for (const [place, value] of [
      [8, offset],
      [16, address],
      [32, length],
    ] as const)
      bytes.writeBigUInt64LE(BigInt(value), at + place);
  }
  for (const [index, value] of entries.flat().entries())
    bytes.writeBigUInt64LE(BigInt(value), dynamic + index * word);
  return bytes;
}
