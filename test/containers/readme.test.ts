import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { productVersion } from "../../src/product.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

test("the README shows the Dockerfile that the suite builds, on this version", () => {
  const body = read("container/Dockerfile.migrations").replace(/^(?:#.*\n)+/, "");
  expect(read("README.md")).toContain(`\`\`\`dockerfile\n${body}\`\`\`\n`);
  expect([...body.matchAll(/^FROM lacuna:(\S+)/gm)].map(([, tag]) => tag)).toEqual([
    productVersion,
    `${productVersion}-base`,
  ]);
});

test("no other version is named", () => {
  for (const path of ["README.md", "container/Dockerfile"])
    for (const [, version] of read(path).matchAll(/\blacuna:(\d+\.\d+\.\d+)/g))
      expect(version, path).toBe(productVersion);
});
