/** What executables are made for, and how the first bytes of one tell. */

export const platforms = [
  "linux-x64",
  "linux-x64-musl",
  "linux-arm64",
  "linux-arm64-musl",
  "darwin-x64",
  "darwin-arm64",
  "windows-x64",
] as const;

export type Platform = (typeof platforms)[number];

/** The name of a released executable. */
export function releaseName(platform: Platform): string {
  return `lacuna-${platform}${platform.startsWith("windows") ? ".exe" : ""}`;
}

/**
 * The kind of executable that begins with these bytes (64 kB are enough): a platform, "other" for
 * one of another system or processor, undefined for what is no executable.
 */
export function platformOf(start: Uint8Array): Platform | "other" | undefined {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  try {
    const magic = view.getUint32(0);
    if (magic === 0x7f_45_4c_46) return elfPlatform(view);
    if (magic === 0xcf_fa_ed_fe) return machPlatform(view);
    // A fat Mach-O, or one of 32 bits.
    if (magic === 0xca_fe_ba_be || magic === 0xce_fa_ed_fe) return "other";
    if (view.getUint16(0) === 0x4d_5a) return pePlatform(view);
    return undefined;
  } catch (error) {
    // It ends before what should be there.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The processor from the header, the C library from the name of the loader (PT_INTERP). */
function elfPlatform(view: DataView): Platform | "other" {
  const is64LittleEndian = view.getUint8(4) === 2 && view.getUint8(5) === 1;
  const processor = { 0x3e: "x64", 0xb7: "arm64" }[view.getUint16(18, true)];
  if (!is64LittleEndian || processor === undefined) return "other";
  const loader = elfLoader(view) ?? "";
  if (loader.includes("/ld-linux-")) return `linux-${processor}` as Platform;
  return loader.includes("/ld-musl-") ? (`linux-${processor}-musl` as Platform) : "other";
}

function elfLoader(view: DataView): string | undefined {
  const table = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  for (let index = 0; index < count; index++) {
    const entry = table + index * size;
    const isInterpreter = view.getUint32(entry, true) === 3;
    if (!isInterpreter) continue;
    const offset = Number(view.getBigUint64(entry + 8, true));
    const length = Number(view.getBigUint64(entry + 32, true));
    return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + offset, length));
  }
  return undefined;
}

function machPlatform(view: DataView): Platform | "other" {
  const processor = view.getUint32(4, true);
  if (processor === 0x01_00_00_07) return "darwin-x64";
  return processor === 0x01_00_00_0c ? "darwin-arm64" : "other";
}

function pePlatform(view: DataView): Platform | "other" | undefined {
  const header = view.getUint32(0x3c, true);
  if (view.getUint32(header) !== 0x50_45_00_00) return undefined;
  return view.getUint16(header + 4, true) === 0x86_64 ? "windows-x64" : "other";
}
