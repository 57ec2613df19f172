import { setDigest } from "../core/digest.ts";
import type { Platform } from "../core/platform.ts";
import { scan } from "../core/scan.ts";
import type { Outcome } from "../outcome.ts";
import { Refusal, type Source } from "../ports.ts";
import { productVersion } from "../product.ts";

/**
 * What this is, and what is inside: that is read, and not taken from what was noted when it was
 * built, since `lacuna build` proves by it what it made.
 */
export async function version(
  platform: Platform | undefined,
  embedded: Source | undefined,
): Promise<Outcome> {
  return {
    kind: "version",
    version: productVersion,
    platform,
    embedded: embedded && (await summaryOf(embedded)),
  };
}

async function summaryOf(source: Source): Promise<{ count: number; digest: string }> {
  const files = await source.list();
  // Without the checksums that were noted.
  const scanned = scan(files.map(({ name, path, bytes }) => ({ name, path, bytes })));
  if (!scanned.ok) throw new Refusal(scanned.problems);
  return { count: scanned.value.set.size, digest: setDigest(scanned.value.set) };
}
