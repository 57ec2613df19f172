/** The man page, in the programs that show one. */
import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { manPage } from "../../src/cli/man.ts";
import { commandLine } from "../../src/cli/options.ts";
import { flagsOf } from "../../src/cli/options/shared.ts";
import { exitCodes } from "../../src/cli/reference.ts";
import { bold, prose, term } from "../../src/cli/roff.ts";

const { commands } = commandLine;
interface Program {
  readonly name: string;
  /** Complains of the page. */
  readonly lint: readonly string[];
  /** Shows it in one long line a paragraph. */
  readonly show: readonly string[];
}

const programs: readonly Program[] = [
  {
    name: "mandoc",
    lint: ["-Tlint"],
    show: ["-Tutf8", "-Owidth=1000"],
  },
  {
    name: "groff",
    lint: ["-man", "-Tutf8", "-ww", "-z"],
    show: ["-man", "-Tutf8", "-rLL=1000n", "-P-c"],
  },
];

/** Each would be a request, an escape or another sign, were it written as it is. */
const hostile = [
  ".SH TRAP",
  "'br",
  ".. ...",
  "a\\fBb\\n(.g\\",
  String.raw`\\e \(rs \*[x] \s+9`,
  "--a-b='c d' \"e\"",
  "~/.config ^ $HOME",
  "`.de x` and `'y' -- z`",
  "V… ü 😀",
  "%d \\&. '' \"\"",
];

for (const { name, lint, show } of programs) {
  if (Bun.which(name) === null) {
    test.skip(`${name} (skipped: ${name} is not installed)`, () => undefined);
    continue;
  }
  describe(name, () => {
    const run = (argv: readonly string[], input: string): { stdout: string; stderr: string } =>
      spawnSync(name, [...argv], { input, encoding: "utf8" });
    const shown = (page: string): string => {
      const { stdout, stderr } = run(show, page);
      expect(stderr).toBe("");
      // Bold by overstriking; typographic signs for those of prose.
      return stdout
        .replaceAll(/.\u0008/gu, "")
        .replaceAll(/[‘’]/g, "'")
        .replaceAll(/[‐−]/g, "-")
        .replaceAll(/\s+/g, " ");
    };

    test("has nothing to complain of", () => {
      const { stdout, stderr } = run(lint, manPage(commandLine));
      const complaints = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
      // There is none, on purpose.
      expect(complaints.filter((line) => !line.includes('missing date, using ""'))).toEqual([]);
    });

    test("shows every command, flag, example and exit code", () => {
      const text = shown(manPage(commandLine));
      for (const command of commands) {
        expect(text).toContain(` lacuna ${command.name} `);
        for (const flag of flagsOf(command)) {
          const value = flag.value === undefined ? "" : ` ${flag.value}`;
          expect(text).toContain(` --${flag.name}${value} ${asShown(flag.about)} `);
        }
        for (const [example, about] of command.examples)
          expect(text).toContain(` ${example} ${asShown(about)} `);
        for (const line of (command.details ?? "").split("\n"))
          expect(text).toContain(asShown(line).trim());
      }
      for (const [code, about] of Object.entries(exitCodes))
        expect(text).toContain(` ${code} ${asShown(about)} `);
    });

    test.each(hostile)("shows %j as it is", (text) => {
      const page = (body: string): string => `.TH X 1 ""\n.SH A\n${body}\n`;
      expect(shown(page(prose(text)))).toContain(` ${asShown(text)} `);
      const termed = shown(page(term(bold(text.replaceAll("`", "")), prose(text))));
      expect(termed).toContain(` ${asShown(text)} ${asShown(text)} `);
    });
  });
}

function asShown(text: string): string {
  return text.replaceAll("`", "").replaceAll(/\s+/g, " ");
}
