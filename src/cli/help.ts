import { commandLine } from "./options.ts";
import type { Command, Flag } from "./options/definition.ts";
import { commonFlags } from "./options/shared.ts";

/** The help of the whole, or of one command. Ends in a line end. */
export function helpText(command: Command | undefined): string {
  return command === undefined ? overview() : commandHelp(command);
}

function overview(): string {
  return `${commandLine.intent}

Usage: lacuna <command> [flags]

Commands:
${columns(commandLine.commands.map((command) => [usage(command), command.about]))}

Flags of every command:
${columns(commonFlags.map(flagColumns))}

Example:
  lacuna up --database-url postgres://app@localhost/app
  lacuna status

\`lacuna <command> --help\` shows the flags of a command.
`;
}

function commandHelp(command: Command): string {
  const details = command.details === undefined ? "" : `\n${command.details}\n`;
  return `lacuna ${command.name}: ${command.about}

Usage: lacuna ${usage(command)} [flags]
${details}
Flags:
${columns(command.flags.map(flagColumns))}

Flags of every command:
${columns(commonFlags.map(flagColumns))}

Example:
${columns(command.examples)}
`;
}

function usage(command: Command): string {
  return `${command.name} ${command.args}`.trim();
}

function flagColumns(flag: Flag): readonly [string, string] {
  return [`--${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}`, flag.about];
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}
