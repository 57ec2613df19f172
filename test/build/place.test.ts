/** What is replaced by a release, and what is not. */
import { afterAll, beforeEach, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { demandRelease, replaceFolder } from "../../build/place.ts";

const temporary = fs.mkdtempSync(join(tmpdir(), "lacuna-place-"));
const out = join(temporary, "out");
const sum = "a".repeat(64);
const sums = `${sum}  lacuna-0.1.0-linux-x64.tar.gz\n${sum}  lacuna-linux-x64\n`;
beforeEach(() => {
  for (const name of fs.readdirSync(temporary))
    fs.rmSync(join(temporary, name), { recursive: true });
});
afterAll(() => {
  fs.rmSync(temporary, { recursive: true });
});

test.each([
  ["nothing", undefined],
  ["an empty folder", {}],
  ["a release", { SHA256SUMS: sums, "lacuna-linux-x64": "", "lacuna-0.1.0-linux-x64.tar.gz": "" }],
  ["a part of one", { SHA256SUMS: sums, "lacuna-linux-x64": "" }],
])("%s may be replaced", (_title, files) => {
  if (files !== undefined) lay(out, files);
  demandRelease(out);
});

test.each([
  ["no sums", { "lacuna-linux-x64": "" }, "is not a release"],
  ["downloads", { SHA256SUMS: sums, "lacuna-linux-x64": "", "thesis.pdf": "" }, ": thesis.pdf"],
  ["a hidden file", { SHA256SUMS: sums, ".netrc": "" }, ": .netrc"],
  ["sums of others", { SHA256SUMS: `${sum}  node.tar.gz\n`, "node.tar.gz": "" }, ": node.tar.gz"],
  ["no sums in its sums", { SHA256SUMS: "lacuna-linux-x64\n", "lacuna-linux-x64": "" }, ": lacuna"],
])("a folder with %s is refused", (_title, files, words) => {
  lay(out, files);
  expect(() => {
    demandRelease(out);
  }).toThrow(words);
});

test("a folder by the name of a released file is refused", () => {
  lay(out, { SHA256SUMS: sums });
  lay(join(out, "lacuna-linux-x64"), { "chapter.txt": "" });
  expect(() => {
    demandRelease(out);
  }).toThrow(": lacuna-linux-x64");
});

test("a file is refused", () => {
  fs.writeFileSync(out, "");
  expect(() => {
    demandRelease(out);
  }).toThrow("is not a release");
});

test("what was there is gone when the new one is in its place", () => {
  lay(out, { old: "" });
  const made = join(temporary, "made");
  lay(made, { new: "" });
  replaceFolder(made, out);
  expect(fs.readdirSync(temporary)).toEqual(["out"]);
  expect(fs.readdirSync(out)).toEqual(["new"]);
});

test("what was there is back where the new one cannot take its place", () => {
  lay(out, { old: "" });
  expect(() => {
    replaceFolder(join(temporary, "absent"), out);
  }).toThrow("ENOENT");
  expect(fs.readdirSync(temporary)).toEqual(["out"]);
  expect(fs.readdirSync(out)).toEqual(["old"]);
});

function lay(folder: string, files: Readonly<Record<string, string>>): void {
  fs.mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(join(folder, name), text);
}
