/** What a runtime has to be before anything is built on it. */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkIntegrity, lockedPackage, packageFor } from "../../build/runtimes.ts";
import { platforms } from "../../src/core/platform.ts";

const archive = Buffer.from("an archive");
const integrity = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
const locked = { name: "@oven/bun-plan9", version: "1.0.0", integrity };

test.each(platforms)(
  "the lock file knows the package for %s, of the Bun that runs this",
  (platform) => {
    const lock = readFileSync(join(import.meta.dirname, "../../package-lock.json"), "utf8");
    const found = lockedPackage(JSON.parse(lock), packageFor(platform));
    expect(found.version).toBe(Bun.version);
  },
);

test("what the lock file recorded passes", () => {
  checkIntegrity(archive, locked, "");
});

test("one other bit does not", () => {
  const other = Uint8Array.from(archive);
  other[3] = (other[3] ?? 0) ^ 1;
  expect(() => {
    checkIntegrity(other, locked, "");
  }).toThrow("@oven/bun-plan9 1.0.0 is not what package-lock.json recorded");
});

test.each([
  ["no packages", {}],
  ["no such package", { packages: {} }],
  ["no integrity", { packages: { [`node_modules/${locked.name}`]: { version: "1.0.0" } } }],
  [
    "a weaker one",
    { packages: { [`node_modules/${locked.name}`]: { ...locked, integrity: "sha1-abc=" } } },
  ],
])("a lock file with %s is an error", (_title, lock) => {
  expect(() => lockedPackage(lock, locked.name)).toThrow(
    "package-lock.json has no version and SHA-512 for @oven/bun-plan9",
  );
});
