/**
 * The hashes, for everything here. Another module stands in the place of this one in an executable
 * (build/instead/crypto.ts), where node:crypto would be a tenth of what an `up` with nothing to do
 * costs.
 */
import { createHash } from "node:crypto";

export { createHash };

/** In hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
