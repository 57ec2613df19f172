/**
 * What an executable has in the place of node:crypto, for the product's code and postgres.js: Bun's own
 * hashes, and Web Crypto. Loading node:crypto, and the streams that it needs, takes a tenth of the
 * CPU time of an `up` with nothing to do (Bun 1.4.5). A name that is missing here fails the build.
 */

export function createHash(algorithm: "md5" | "sha1" | "sha256" | "sha512"): Bun.CryptoHasher {
  return new Bun.CryptoHasher(algorithm);
}

/** At once: a hash object for each of many small files costs twice as much. */
export function sha256(bytes: Uint8Array): string {
  return Bun.SHA256.hash(bytes, "hex");
}

function createHmac(algorithm: "sha256", key: Uint8Array): Bun.CryptoHasher {
  return new Bun.CryptoHasher(algorithm, key);
}

function randomBytes(count: number): Buffer {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(count)));
}

/** postgres.js awaits the result, as it does where it has nothing but Web Crypto. */
async function pbkdf2Sync(
  password: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
  bytes: number,
  algorithm: "sha256",
): Promise<Buffer> {
  const secret = new TextEncoder().encode(password);
  const key = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveBits"]);
  const hash = algorithm.replace("sha", "SHA-");
  const derivation = { name: "PBKDF2", hash, salt, iterations };
  return Buffer.from(await crypto.subtle.deriveBits(derivation, key, bytes * 8));
}

/** As postgres.js imports it. */
const imported: object = { createHash, createHmac, pbkdf2Sync, randomBytes };
export default imported;
