/** The man page, lacuna(1), in the macros of man(7). It has no date: the same version, the same page. */
import { productVersion } from "../product.ts";
import type { Command, CommandLine, Flag } from "./options/definition.ts";
import { directives, environmentVariables, exitCodes, fileNames } from "./reference.ts";
import { bold, heading, italic, prose, term } from "./roff.ts";

export function manPage(line: CommandLine): string {
  const { intent, commands, commonFlags, standaloneFlags } = line;
  const entry = ([name, about]: readonly [string, string]): string =>
    term(bold(name), prose(about));
  const sections: Readonly<Record<string, readonly string[]>> = {
    NAME: ["lacuna \\- PostgreSQL migrations from one executable, tracked as a set"],
    SYNOPSIS: [
      [
        `${bold("lacuna")} ${italic("command")} [${italic("flags")}]`,
        ...standaloneFlags.map((flag) => bold(`lacuna --${flag.name}`)),
      ].join("\n.br\n"),
    ],
    DESCRIPTION: [
      prose(intent),
      ".PP",
      prose(
        "A flag's value is the next word, or stands behind `=`. A time is 500ms, 30s, 5min or 1h.",
      ),
    ],
    COMMANDS: commands.map(commandSection),
    "FLAGS OF EVERY COMMAND": commonFlags.map(flagEntry),
    "EXIT STATUS": Object.entries(exitCodes).map(entry),
    ENVIRONMENT: environmentVariables.map(entry),
    FILES: [
      ...fileNames.map(entry),
      ".PP",
      prose("Directives stand in comment lines before the first statement of an up file:"),
      ...directives.map(entry),
    ],
    EXAMPLES: commands.flatMap((command) => command.examples.map(entry)),
  };
  const title = `.TH LACUNA 1 "" "lacuna ${productVersion}"`;
  const texts = Object.entries(sections).map(([name, parts]) =>
    [heading("SH", name), ...parts].join("\n"),
  );
  return `${['.\\" Made by `lacuna man`.', title, ...texts].join("\n")}\n`;
}

function commandSection(command: Command): string {
  return [
    heading("SS", ["lacuna", command.name, command.args, "[flags]"].filter(Boolean).join(" ")),
    prose(`${command.about.replace(/^./, (letter) => letter.toUpperCase())}.`),
    ...detailsOf(command),
    ...(command.flags.length === 0 ? [] : [".PP", "Flags:", ...command.flags.map(flagEntry)]),
  ].join("\n");
}

/** Rows of a term and what it means, as the definition has them, and prose between them. */
function detailsOf({ details = "" }: Command): readonly string[] {
  const parts: string[] = [];
  let paragraph: string[] = [];
  const endParagraph = (): void => {
    const text = paragraph.join(" ").trim();
    if (text !== "") parts.push(".PP", prose(text));
    paragraph = [];
  };
  for (const line of details.split("\n")) {
    const [, name, about] = /^ {2}(\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
    if (name === undefined || about === undefined) {
      paragraph.push(line);
      continue;
    }
    endParagraph();
    parts.push(term(bold(name), prose(about)));
  }
  endParagraph();
  return parts;
}

function flagEntry({ name, value, about }: Flag): string {
  const flag = bold(`--${name}`);
  return term(value === undefined ? flag : `${flag} ${italic(value)}`, prose(about));
}
