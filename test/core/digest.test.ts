import { expect, test } from "bun:test";
import { setDigest } from "../../src/core/digest.ts";
import { sha256 } from "../support/sha256.ts";
import { type Files, setOf } from "./made.ts";

const base: Files = { "1_a.up.sql": "select 1", "10_b.up.sql": "select 2", "9_c.sql": "" };
const digest = (files: Files): string => setDigest(setOf(files));

test("the set digest is SHA-256 over the ordered versions, names and checksums", () => {
  const lines = [
    `1\ta\t${sha256("select 1")}\n`,
    `9\tc\t${sha256("")}\n`,
    `10\tb\t${sha256("select 2")}\n`,
  ];
  expect(digest(base)).toBe(sha256(lines.join("")));
});

test.each([
  { name: "the order of the files", files: Object.fromEntries(Object.entries(base).toReversed()) },
  { name: "a down file", files: { ...base, "1_a.down.sql": "select 3" } },
  { name: "a file that is no migration", files: { ...base, "README.md": "" } },
  {
    name: "leading zeros",
    files: { "001_a.up.sql": "select 1", "10_b.up.sql": "select 2", "9_c.sql": "" },
  },
])("$name does not change the digest", ({ files }) => {
  expect(digest(files)).toBe(digest(base));
});

test.each([
  { name: "a line end", files: { ...base, "9_c.sql": "\n" } },
  { name: "a name", files: { "1_b.up.sql": "select 1", "10_b.up.sql": "select 2", "9_c.sql": "" } },
  {
    name: "a version",
    files: { "2_a.up.sql": "select 1", "10_b.up.sql": "select 2", "9_c.sql": "" },
  },
  { name: "one migration more", files: { ...base, "11_d.sql": "" } },
  { name: "one migration less", files: { "1_a.up.sql": "select 1" } },
])("$name changes the digest", ({ files }) => {
  expect(digest(files)).not.toBe(digest(base));
});
