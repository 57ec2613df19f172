/** fish, from 3.0. It offers a flag again that was given, so each flag has a condition. */
import type { Command, CommandLine, Flag } from "../options/definition.ts";
import { commandWords, singleQuoted } from "./offers.ts";

export function fishCompletion({ commands, standaloneFlags }: CommandLine): string {
  const names = commands.map(({ name }) => name);
  const lines = [
    ...commandWords(commands).map(({ word, about }) => complete(atCommand, `-a ${word}`, about)),
    ...standaloneFlags.map(({ name, about }) => complete(atCommand, `-l ${name}`, about)),
    complete("__lacuna_lacks_argument help", `-a ${quoted(names.join(" "))}`),
    ...commands.flatMap(ofCommand),
  ];
  return `# Completions of lacuna for fish, made by \`lacuna completion fish\`.

function __lacuna_lacks_command
    test (count (commandline -opc)) -eq 1
end

# Whether a flag can be given to this command, and was not. Where it is the last word, its value is
# still to come.
function __lacuna_wants --argument-names command flag kind
    set -l words (commandline -opc)
    test "$words[2]" = $command
    or return 1
    contains -- -- $words
    and return 1
    set -e words[1..2]
    if test "$kind" = valued; and test "$words[-1]" = "--$flag"
        set -e words[-1]
    end
    not string match -qr -- "^--$flag(=|\\$)" $words
end

# Whether the first argument is still to come. Behind the command: which flags take a value.
function __lacuna_lacks_argument --argument-names command
    set -l valued $argv[2..-1]
    set -l words (commandline -opc)
    test "$words[2]" = $command
    or return 1
    set -e words[1..2]
    set -l is_value no
    for word in $words
        if test $is_value = yes; and not string match -q -- '--*' $word
            set is_value no
        else if contains -- $word $valued
            set is_value yes
        else if string match -q -- '-*' $word; and test $word != --
            set is_value no
        else
            return 1
        end
    end
    test $is_value = no
end

complete -c lacuna -f
${lines.join("\n")}
`;
}

const atCommand = "__lacuna_lacks_command";

function ofCommand(command: Command): readonly string[] {
  const { flags } = command;
  const valued = flags.filter(({ value }) => value !== undefined).map(({ name }) => `--${name}`);
  const lines = flags.map((flag) => flagLine(command, flag));
  if (command.firstArgument === undefined) return lines;
  const condition = ["__lacuna_lacks_argument", command.name, ...valued].join(" ");
  return [...lines, complete(condition, `-a ${quoted(command.firstArgument.join(" "))}`)];
}

function flagLine(command: Command, flag: Flag): string {
  const wanted = `__lacuna_wants ${command.name} ${flag.name}`;
  const option = `-l ${flag.name}`;
  if (flag.value === undefined) return complete(wanted, option, flag.about);
  return complete(`${wanted} valued`, `${option} ${valueOptions(flag)}`, flag.about);
}

/** -r: a value is required; -x: and it is no file. */
function valueOptions({ values }: Flag): string {
  if (values === undefined) return "-x";
  if (values === "file") return "-r -F";
  return values === "folder"
    ? "-x -a '(__fish_complete_directories)'"
    : `-x -a ${quoted(values.join(" "))}`;
}

function complete(condition: string, options: string, about?: string): string {
  const description = about === undefined ? "" : ` -d ${quoted(about)}`;
  return `complete -c lacuna -n ${quoted(condition)} ${options}${description}`;
}

function quoted(text: string): string {
  return singleQuoted(text, "fish");
}
