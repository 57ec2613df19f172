/** The completions, in the shells that they are for. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { completionScript } from "../../src/cli/completion/completion.ts";
import { commandLine } from "../../src/cli/options.ts";
import { shells } from "../../src/cli/options/completion.ts";
import type { Command } from "../../src/cli/options/definition.ts";
import { flagsOf } from "../../src/cli/options/shared.ts";
import { completerOf, type Completer, zsh } from "./shells.ts";

const { commands } = commandLine;
const temporary = fs.mkdtempSync(join(tmpdir(), "lacuna-completion-"));
afterAll(() => {
  fs.rmSync(temporary, { recursive: true });
});

const names = commands.map(({ name }) => name);
const flags = (name: string): readonly string[] =>
  commands.filter((one) => one.name === name).flatMap((one) => flagsOf(one).map(dashed));
const without = (all: readonly string[], ...given: readonly string[]): readonly string[] =>
  all.filter((one) => !given.includes(one));

const states = ["applied", "changed", "pending", "renamed", "renumbered"];
const modes = ["enforce", "off", "warn"];

/** What stands in front of the tabulator key, and what is offered. */
const offers: readonly (readonly [line: string, words: readonly string[]])[] = [
  ["lacuna ", [...names, "help"]],
  ["lacuna s", ["serve", "show", "smoke", "status"]],
  ["lacuna -", ["--help", "--version"]],
  ["lacuna nonsense ", []],
  ["lacuna nonsense --", []],
  ...names.map((name) => [`lacuna ${name} --`, flags(name)] as const),
  ["lacuna up --strict --", without(flags("up"), "--strict")],
  ["lacuna up --to 5 --", without(flags("up"), "--to")],
  ["lacuna up --to=5 --", without(flags("up"), "--to")],
  ["lacuna up --strict", ["--strict"]],
  ["lacuna up --lock", ["--lock-retry-for", "--lock-wait"]],
  ["lacuna up -- --", []],
  ["lacuna up --checksums ", modes],
  ["lacuna up --checksums=", modes],
  ["lacuna up --checksums=e", ["enforce"]],
  ["lacuna up --checksums e", ["enforce"]],
  ["lacuna up --strict=", []],
  ["lacuna up --to ", []],
  ["lacuna up --database-url ", []],
  ["lacuna up --database-url=", []],
  ["lacuna up --database-url=p", []],
  ["lacuna up --database-url postgres://u@h:5/d --str", ["--strict"]],
  ["lacuna up --database-url=postgres://u@h:5/d?a=b --str", ["--strict"]],
  ["lacuna up --database-url pglite: --str", ["--strict"]],
  ["lacuna mark ", states],
  ["lacuna mark --lock-wait 5s ", states],
  ["lacuna mark --lock-wait=5s --json ren", ["renamed", "renumbered"]],
  ["lacuna mark --lock-wait ", []],
  ["lacuna mark pending ren", []],
  ["lacuna mark pending --up", ["--up-to"]],
  ["lacuna new up --str", []],
  ["lacuna completion ", [...shells].toSorted()],
  ["lacuna help s", ["serve", "show", "smoke", "status"]],
  ["lacuna help up s", []],
];

/** Lines as they are behind the key. The folder holds what `files` lists. */
const presses: readonly (readonly [line: string, then: string])[] = [
  ["lacuna u", "lacuna up "],
  ["lacuna --v", "lacuna --version "],
  ["lacuna up --checksums=e", "lacuna up --checksums=enforce "],
  ["lacuna up --checksums e", "lacuna up --checksums enforce "],
  ["lacuna up --migrations sq", "lacuna up --migrations sql/"],
  ["lacuna up --migrations=sq", "lacuna up --migrations=sql/"],
  ["lacuna up --migrations sql/de", "lacuna up --migrations sql/deep/"],
  ["lacuna up --migrations=sql/de", "lacuna up --migrations=sql/deep/"],
  [String.raw`lacuna up --migrations my\ fo`, String.raw`lacuna up --migrations my\ folder/`],
  [String.raw`lacuna up --migrations=my\ fo`, String.raw`lacuna up --migrations=my\ folder/`],
  ["lacuna up --migrations o", String.raw`lacuna up --migrations o\'clock/`],
  ["lacuna verify --junit rep", "lacuna verify --junit report.xml "],
  ["lacuna verify --junit=rep", "lacuna verify --junit=report.xml "],
  ["lacuna up --to rep", "lacuna up --to rep"],
  ["lacuna up --database-url=pglite:sq", "lacuna up --database-url=pglite:sq"],
  [
    "lacuna up --database-url postgres://u@h:5/d --stri",
    "lacuna up --database-url postgres://u@h:5/d --strict ",
  ],
  ["lacuna up --strict --stri", "lacuna up --strict --stri"],
  ["lacuna mark renu", "lacuna mark renumbered "],
];

/** Where zsh does otherwise by itself: no folder that fits is any file; `$(…)` is run by the key. */
const pressesOfBash: typeof presses = [
  ["lacuna up --migrations rep", "lacuna up --migrations rep"],
  [`lacuna up --migrations "my fo`, `lacuna up --migrations "my folder"/`],
  [`lacuna up --migrations "at: no`, `lacuna up --migrations "at: noon"/`],
  // It looks for a folder `down`, to put a slash behind it.
  ["lacuna up --migrations=up=do", "lacuna up --migrations=up=down "],
  ["lacuna up --migrations $(touch ran)/", "lacuna up --migrations $(touch ran)/"],
  ["lacuna up --migrations '$(touch ran)/", "lacuna up --migrations '$(touch ran)/"],
];
const files = ["sql/deep/", "my folder/", "o'clock/", "at: noon/", "up=down/", "report.xml"];

/** What a description must not do: run, end its quotes or brackets, or end before its end. */
const hostile: readonly Command[] = [
  {
    name: "trap",
    args: "<V:[1]>",
    about:
      "it's `touch ran` $(touch ran) ${HOME} \"x\" [a]b:c \\d\\\\ 100% {e,f} 'g' ; touch ran #",
    flags: [
      {
        name: "odd",
        about: "it's `touch ran` $(touch ran) \"x\" [a]:b:c \\d\\\\ 50%d ' ; touch ran",
      },
      { name: "even", value: "V:[\\1]", about: "]:V:(touch ran):{touch ran}' ; touch ran '" },
    ],
    examples: [],
  },
];

for (const shell of shells) {
  if (Bun.which(shell) === null) {
    test.skip(`${shell} (skipped: ${shell} is not installed)`, () => undefined);
    continue;
  }
  describe(shell, () => {
    let completer: Completer;
    const folder = fs.mkdtempSync(join(temporary, `${shell}-`));
    beforeAll(async () => {
      for (const path of files) {
        if (path.endsWith("/")) fs.mkdirSync(join(folder, path), { recursive: true });
        else fs.writeFileSync(join(folder, path), "");
      }
      completer = await completerOf(shell, folder);
    }, 60_000);
    afterAll(() => completer[Symbol.asyncDispose]());

    test.each(offers)("%s⇥", async (line, words) => {
      expect((await completer.offers(line)).toSorted()).toEqual([...words].toSorted());
    });

    if (shell !== "fish") {
      const lines = shell === "bash" ? [...presses, ...pressesOfBash] : presses;
      test.each(lines)("%s⇥ becomes %s", async (line, then) => {
        expect(await completer.press?.(line)).toBe(then);
        expect(fs.readdirSync(folder)).not.toContain("ran");
      });
    }

    test("a description is text", async () => {
      const own = fs.mkdtempSync(join(temporary, `${shell}-`));
      await using trapped = await completerOf(shell, own, hostile);
      expect((await trapped.offers("lacuna ")).toSorted()).toEqual(["help", "trap"]);
      expect(await trapped.offers("lacuna trap --od")).toEqual(["--odd"]);
      expect(await trapped.offers("lacuna trap --ev")).toEqual(["--even"]);
      expect(await trapped.offers("lacuna trap --even ")).toEqual([]);
      if (trapped.description !== undefined) {
        for (const { name, about } of hostile[0]?.flags ?? [])
          expect(await trapped.description(`lacuna trap --${name}`)).toBe(about);
      }
      expect(fs.readdirSync(own)).not.toContain("ran");
    });

    if (shell === "zsh") {
      test("it is found in a folder of fpath", async () => {
        const own = fs.mkdtempSync(join(temporary, "zsh-"));
        fs.writeFileSync(join(own, "_lacuna"), completionScript("zsh", commandLine));
        await using found = await zsh(own, "fpath=($PWD $fpath)", "true");
        expect(await found.offers("lacuna up --stri")).toEqual(["--strict"]);
        expect(await found.offers("lacuna up --stri")).toEqual(["--strict"]);
      });
    }
  });
}

function dashed({ name }: { readonly name: string }): string {
  return `--${name}`;
}
