/** Line ends and byte order marks: what editors and Windows bring in without being asked. */
import { withUnixLineEnds } from "./checksum.ts";

export function hasCrlf(bytes: Uint8Array): boolean {
  return bytes.some((byte, index) => byte === carriageReturn && bytes[index + 1] === lineFeed);
}

export function hasByteOrderMark(bytes: Uint8Array): boolean {
  return byteOrderMark.every((byte, index) => bytes[index] === byte);
}

/** The text alone: what two files have in common that differ by their editors. */
export function withoutLineEnds(bytes: Uint8Array): Uint8Array {
  const unix = withUnixLineEnds(bytes);
  return hasByteOrderMark(unix) ? unix.subarray(byteOrderMark.length) : unix;
}

/** Whether all files that have lines end them with CRLF: then it is how a project writes them. */
export function isCrlfThroughout(files: readonly { readonly bytes: Uint8Array }[]): boolean {
  const withLines = files.filter(({ bytes }) => bytes.includes(lineFeed));
  return withLines.length > 0 && withLines.every(({ bytes }) => hasCrlf(bytes));
}

export function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

const byteOrderMark = [0xef, 0xbb, 0xbf];
const carriageReturn = 13;
const lineFeed = 10;
