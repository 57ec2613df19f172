/** What the scripts of all shells are made of, taken from the definitions. */
import type { Command, Values } from "../options/definition.ts";

/** What can stand in the place of the command. */
export function commandWords(
  commands: readonly Command[],
): readonly { readonly word: string; readonly about: string }[] {
  return [
    ...commands.map(({ name, about }) => ({ word: name, about })),
    { word: "help", about: "show the help of a command" },
  ];
}

/** Flags by their names, which mean the same values in every command that has them. */
export function flagsWithValues(
  commands: readonly Command[],
): readonly (readonly [string, Values])[] {
  const flags = commands.flatMap((command) => command.flags);
  return [
    ...new Map(
      flags.flatMap(({ name, values }) => (values === undefined ? [] : [[name, values] as const])),
    ),
  ];
}

/** The positional arguments' names, and which of them can be repeated. */
export function argumentsOf(
  command: Command,
): readonly { readonly name: string; readonly isRepeated: boolean }[] {
  return command.args
    .split(" ")
    .filter((text) => text !== "")
    .map((text) => ({
      name: text.replace(/^[[<](?:\.\.\.)?|[\]>]$/g, ""),
      isRepeated: text.startsWith("[..."),
    }));
}

/** A text between single quotes; each shell has its own way to write one in it. */
export function singleQuoted(text: string, shell: "zsh" | "fish"): string {
  return shell === "zsh"
    ? `'${text.replaceAll("'", `'\\''`)}'`
    : `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
