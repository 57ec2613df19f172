import type { Brand } from "./brand.ts";
import { sha256 } from "./hash.ts";

/** SHA-256 in lower-case hexadecimal: 64 characters. */
export type Checksum = Brand<string, "Checksum">;

/** The checksum of a file is taken over its exact bytes, byte order mark and line ends included. */
export function checksumOf(bytes: Uint8Array): Checksum {
  return sha256(bytes) as Checksum;
}

export function parseChecksum(text: string): Checksum | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as Checksum) : undefined;
}

/**
 * Whether two texts differ in their line ends alone: `recorded` is the checksum of the same
 * bytes with LF or with CRLF throughout. Git rewrites line ends when it checks a file out
 * (core.autocrlf), and a team must not be told that it edited an applied migration because
 * one of them works on Windows.
 */
export function differsInLineEndsOnly(bytes: Uint8Array, recorded: Checksum): boolean {
  return lineEndVariants(bytes).includes(recorded);
}

/** The checksums of the same text with LF and with CRLF throughout. */
export function lineEndVariants(bytes: Uint8Array): readonly Checksum[] {
  const unix = withUnixLineEnds(bytes);
  return [checksumOf(unix), checksumOf(withWindowsLineEnds(unix))];
}

/** With LF where there was CRLF; a carriage return that stands alone stays. */
export function withUnixLineEnds(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] === carriageReturn && bytes[index + 1] === lineFeed) continue;
    out[length++] = bytes[index] ?? 0;
  }
  return out.subarray(0, length);
}

function withWindowsLineEnds(unix: Uint8Array): Uint8Array {
  const out = new Uint8Array(unix.length * 2);
  let length = 0;
  for (const byte of unix) {
    if (byte === lineFeed) out[length++] = carriageReturn;
    out[length++] = byte;
  }
  return out.subarray(0, length);
}

const carriageReturn = 13;
const lineFeed = 10;
