/**
 * The hashes, for everything here. Another module stands in the place of this one in an executable
 * (build/instead/crypto.ts), where node:crypto would be a tenth of what an `up` with nothing to do
 * costs.
 */
export { createHash } from "node:crypto";
