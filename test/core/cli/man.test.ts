import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pgVariables } from "../../../src/cli/database-url.ts";
import { manPage } from "../../../src/cli/man.ts";
import { commandLine } from "../../../src/cli/options.ts";
import { commonFlags } from "../../../src/cli/options/shared.ts";
import { directives, environmentVariables, exitCodes } from "../../../src/cli/reference.ts";
import { bold, prose } from "../../../src/cli/roff.ts";
import { noDirectives, readDirectives } from "../../../src/core/directives.ts";
import { valueOf } from "../made.ts";

const { commands } = commandLine;
const root = join(import.meta.dirname, "../../..");
const page = manPage(commandLine);

describe("roff", () => {
  test.each([
    ["a word", "a word"],
    [".leading", "\\&.leading"],
    ["'tis", "\\&'tis"],
    ["golang-migrate", "golang-migrate"],
    ["with --shared 30s", "with \\-\\-shared 30s"],
    ["(-h)", "(\\-h)"],
    ["./a-b", "\\&./a\\-b"],
    ["a\\b ~/c ^", "a\\(rsb \\(ti/c \\(ha"],
    ["1, 2 … 😀", "1, 2 \\[u2026] \\[u1F600]"],
    ["as `x-y` does", "as \\fBx\\-y\\fP does"],
  ])("%j is %j", (text, roff) => {
    expect(prose(text)).toBe(roff);
  });

  test("code keeps its quotes and hyphens", () => {
    expect(bold(`--a 'b' "c"`)).toBe("\\fB\\-\\-a \\(aqb\\(aq \\(dqc\\(dq\\fP");
  });

  test("lines end before the eightieth column, and begin with no request", () => {
    const lines = prose("... ' word `co-de` ".repeat(40)).split("\n");
    expect(lines.length).toBeGreaterThan(8);
    expect(lines.filter((line) => line.length > 80 || /^[.']/.test(line))).toEqual([]);
  });
});

describe("the page", () => {
  test("has every section, and every command with its flags and examples", () => {
    const sections = [...page.matchAll(/^\.SH "(.*)"$/gm)].map(([, name]) => name);
    expect(sections).toEqual([
      "NAME",
      "SYNOPSIS",
      "DESCRIPTION",
      "COMMANDS",
      "FLAGS OF EVERY COMMAND",
      "EXIT STATUS",
      "ENVIRONMENT",
      "FILES",
      "EXAMPLES",
    ]);
    const parts = page.split(/^\.S[SH] /m);
    for (const command of commands) {
      const part = parts.find((one) => new RegExp(`^"lacuna ${command.name}[ "]`).test(one)) ?? "";
      for (const flag of command.flags) expect(part).toContain(`.TP\n${bold(`--${flag.name}`)}`);
      for (const [example] of command.examples) expect(page).toContain(`.TP\n${bold(example)}\n`);
    }
    for (const flag of commonFlags) {
      expect(page).toContain(`.TP\n${bold(`--${flag.name}`)}\n`);
    }
  });

  test("is ASCII, and has no date", () => {
    expect(page).toMatch(/^[\n\u0020-\u007e]*$/);
    expect(page).toMatch(/^\.TH LACUNA 1 "" "lacuna [0-9.]+"$/m);
  });

  test("names every environment variable that is read", () => {
    const text = environmentVariables.flat().join(" ");
    const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
    const sources = files.filter((path) => path.endsWith(".ts"));
    const names = sources.flatMap((path) =>
      [...readFileSync(join(root, "src", path), "utf8").matchAll(/environment\["(\w+)"\]/g)].map(
        ([, name = ""]) => name,
      ),
    );
    expect(names).toContain("DATABASE_URL");
    // Read in order to be refused.
    const read = [...names, ...pgVariables].filter((one) => one !== "PGSERVICE");
    for (const name of read) expect(text).toMatch(new RegExp(`\\b${name}\\b`));
  });

  test.each(directives)("%s is a directive", (line) => {
    const lines = line.endsWith("rerunnable") ? ["-- lacuna: no-transaction", line] : [line];
    expect(valueOf(readDirectives("1_a.sql", `${lines.join("\n")}\nselect 1;`))).not.toEqual(
      noDirectives,
    );
  });
});

describe("the README", () => {
  test("has the same exit codes", () => {
    const rows = tableBelow("### Exit codes");
    expect(rows).toEqual(Object.entries(exitCodes));
  });

  test("has the same directives", () => {
    const rows = tableBelow("### Files").map(([name = "", about]) => [
      name.replaceAll("`", ""),
      about,
    ]);
    expect(rows).toEqual(directives.map((row) => [...row]));
  });
});

/** The cells of the first table behind a heading, without the head. */
function tableBelow(title: string): (string | undefined)[][] {
  const [, text = ""] = readFileSync(join(root, "README.md"), "utf8").split(`\n${title}\n`);
  const table = /(?:^\|.*\n)+/m.exec(text)?.[0] ?? "";
  return table
    .trim()
    .split("\n")
    .slice(2)
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
