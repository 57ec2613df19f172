import type { Brand } from "./brand.ts";

/**
 * A migration's version: decimal digits of any length without leading zeros.
 *
 * It is text, not a number: twenty-digit versions exist and overflow both a JavaScript number
 * and PostgreSQL's bigint. The tracker keeps it as `numeric`.
 */
export type Version = Brand<string, "Version">;

/** `007` and `7` are one version; anything but digits is none. */
export function parseVersion(text: string): Version | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  return text.replace(/^0+(?=[0-9])/, "") as Version;
}

/** Numeric order for digits of any length: the longer one is larger, equals compare as text. */
export function compareVersions(left: Version, right: Version): number {
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** In numeric order. Most come so already, and then nothing is sorted. */
export function sortedVersions(versions: readonly Version[]): readonly Version[] {
  const isSorted = versions.every((version, index) => {
    const before = versions[index - 1];
    return before === undefined || compareVersions(before, version) < 0;
  });
  return isSorted ? versions : versions.toSorted(compareVersions);
}

/** The version after the given one, by decimal carry. */
export function nextVersion(version: Version): Version {
  return (BigInt(version) + 1n).toString() as Version;
}
