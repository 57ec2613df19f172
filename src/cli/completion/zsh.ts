/** zsh, by its own _arguments, which never offers twice what was given. */
import type { Command, CommandLine, Flag, Values } from "../options/definition.ts";
import { argumentsOf, commandWords, singleQuoted } from "./offers.ts";

export function zshCompletion({ commands, standaloneFlags }: CommandLine): string {
  const described = (pairs: readonly (readonly [string, string])[]): string =>
    pairs.map(([word, about]) => `      ${quoted(`${word}:${about}`)}`).join("\n");
  return `#compdef lacuna
# Completions of lacuna for zsh, made by \`lacuna completion zsh\`.

_lacuna() {
  local curcontext=$curcontext command
  local -a commands flags

  if ((CURRENT == 2)); then
    commands=(
${described(commandWords(commands).map(({ word, about }) => [word, about]))}
    )
    flags=(
${described(standaloneFlags.map(({ name, about }) => [`--${name}`, about]))}
    )
    _describe -t commands command commands
    _describe -o -t options option flags
    return
  fi

  command=$words[2]
  curcontext=\${curcontext%:*:*}:lacuna-$command:
  shift words
  ((CURRENT--))
  case $command in
    help)
      _arguments ${quoted(`1:command:${action(commands.map(({ name }) => name))}`)}
      ;;
${commands.map(commandCase).join("\n")}
  esac
}

if [[ \${funcstack[1]} == _lacuna ]]; then
  _lacuna "$@"
else
  compdef _lacuna lacuna
fi
`;
}

function commandCase(command: Command): string {
  const specs = [
    ...command.flags.map(flagSpec),
    ...argumentsOf(command).map(({ name, isRepeated }, index) => {
      const place = isRepeated ? "*" : String(index + 1);
      const values = index === 0 ? command.firstArgument : undefined;
      return `${place}:${message(name)}:${action(values)}`;
    }),
  ];
  const lines = specs.map((spec) => ` \\\n        ${quoted(spec)}`);
  return `    ${command.name})
      _arguments -S :${lines.join("")}
      ;;`;
}

/** With `=` a value may stand behind the sign or be the next word. */
function flagSpec({ name, value, values, about }: Flag): string {
  const explanation = `[${about.replaceAll(/[\\\]]/g, String.raw`\$&`)}]`;
  return value === undefined
    ? `--${name}${explanation}`
    : `--${name}=${explanation}:${message(value)}:${action(values)}`;
}

function message(text: string): string {
  return text.replaceAll(/[\\:]/g, String.raw`\$&`);
}

/** What offers the values; a blank says what is wanted, and offers nothing. */
function action(values: Values | undefined): string {
  if (values === undefined) return " ";
  if (values === "file") return "_files";
  return values === "folder" ? "_files -/" : `(${values.join(" ")})`;
}

function quoted(text: string): string {
  return singleQuoted(text, "zsh");
}
