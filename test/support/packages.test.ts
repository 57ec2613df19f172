/** Who is installed upon, by an apt-get that notes what it is asked for. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { whyNotThere } from "./packages.ts";

const { CI: ci, PATH: path } = process.env;
let folder = "";
const wanted = ["one-package", "other-package"];
const command = "install --yes --no-install-recommends one-package other-package";

beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "lacuna-packages-"));
  process.env["PATH"] = [folder, path].join(delimiter);
});
afterEach(() => {
  fs.rmSync(join(folder, "asked"), { force: true });
});
afterAll(() => {
  process.env["PATH"] = path;
  if (ci === undefined) delete process.env["CI"];
  else process.env["CI"] = ci;
  fs.rmSync(folder, { recursive: true });
});

test("what is there is not asked for", () => {
  expect(ask("true", { isThere: true })).toEqual([undefined, ""]);
});

test.each(["", "false"])("where CI is %p nothing is installed, and it is said how", (value) => {
  expect(ask(value)).toEqual([`not installed; on Debian: apt-get ${command}`, ""]);
});

const isRoot = process.getuid?.() === 0;
const note = isRoot ? "" : " [not root]";
test.skipIf(!isRoot)(`in CI it is installed, also where the update fails${note}`, () => {
  expect(ask("true", { installs: true })).toEqual([undefined, `update\n${command}\n`]);
});

test.skipIf(!isRoot)(`in CI a failure is told, in apt-get's last words${note}`, () => {
  const [why, asked] = ask("1");
  expect(why).toBe("apt-get cannot install one-package, other-package: E: no such package");
  expect(asked).toBe(`update\n${command}\n`);
});

function ask(
  value: string,
  { isThere = false, installs = false } = {},
): readonly [why: string | undefined, asked: string] {
  process.env["CI"] = value;
  const [program, asked] = [join(folder, "apt-get"), join(folder, "asked")];
  const does = installs
    ? '[ "$1" = install ]'
    : "echo W: old >&2; echo E: no such package >&2; false";
  fs.writeFileSync(program, `#!/bin/sh\necho "$@" >>${asked}\n${does}\n`, { mode: 0o755 });
  const isInstalled = (): boolean => isThere || (installs && fs.existsSync(asked));
  const why = whyNotThere(wanted, isInstalled);
  return [why, fs.existsSync(asked) ? fs.readFileSync(asked, "utf8") : ""];
}
