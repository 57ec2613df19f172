/** What a release does not overwrite, and what is refused before anything is made. */
import { afterAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const script = join(import.meta.dirname, "../../build.ts");
const temporary = mkdtempSync(join(tmpdir(), "lacuna-release-"));
afterAll(() => {
  rmSync(temporary, { recursive: true });
});

test("a folder of something else stays as it is", () => {
  const out = join(temporary, "thesis");
  mkdirSync(out);
  writeFileSync(join(out, "chapter.txt"), "years of work");
  // As it comes with a download.
  writeFileSync(join(out, "SHA256SUMS"), "");
  const { status, stderr } = build("--all", "--target", "linux-x64", "--out", out);
  expect(status).toBe(1);
  expect(stderr).toStartWith(`error: ${out} holds what is not of a release: chapter.txt\n\nhint: `);
  expect(readFileSync(join(out, "chapter.txt"), "utf8")).toBe("years of work");
  expect(readdirSync(temporary)).toEqual(["thesis"]);
});

test.each([
  [["--migrations", "."], "A release has no migrations inside"],
  [["--runtime", "bun"], "A release has no migrations inside"],
  [["--target", "plan9"], "There is no target plan9"],
])("--all %p is refused", (flags, title) => {
  const { status, stderr } = build("--all", "--out", join(temporary, "none"), ...flags);
  expect(status).toBe(1);
  expect(stderr).toContain(`error: ${title}`);
  expect(readdirSync(temporary)).not.toContain("none");
});

function build(...argv: readonly string[]): {
  readonly status: number | null;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [script, ...argv], { encoding: "utf8", timeout: 60_000 });
}
