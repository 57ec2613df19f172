/** What executables are made for, and how the first bytes of one tell. */
import { elfFrom, elfMagic } from "./elf.ts";

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
    if (magic === elfMagic) return elfPlatform(view);
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

/** The processor from the header, the C library from the name of the loader. */
function elfPlatform(view: DataView): Platform | "other" {
  const elf = elfFrom((offset, length) => {
    const rest = Math.max(0, view.byteLength - offset);
    return new DataView(view.buffer, view.byteOffset + offset, Math.min(length, rest));
  });
  const processor = { 0x3e: "x64", 0xb7: "arm64" }[elf?.machine ?? 0];
  if (processor === undefined) return "other";
  const loader = elf?.interpreter ?? "";
  if (loader.includes("/ld-linux-")) return `linux-${processor}` as Platform;
  return loader.includes("/ld-musl-") ? (`linux-${processor}-musl` as Platform) : "other";
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
