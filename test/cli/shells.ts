/** What each shell offers for a line, asked of the shell itself. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { completionScript } from "../../src/cli/completion/completion.ts";
import { commandLine } from "../../src/cli/options.ts";
import type { Command } from "../../src/cli/options/definition.ts";
import type { Shell } from "../../src/request.ts";
import { Terminal } from "./terminal.ts";

export interface Completer extends AsyncDisposable {
  /** The words that could stand in the place of the last one. */
  offers(line: string): Promise<readonly string[]>;
  /** The line behind a press of the tabulator key; fish wants a terminal that answers it. */
  press?(line: string): Promise<string>;
  /** What is said of the one thing that is offered; bash says nothing. */
  description?(line: string): Promise<string>;
}

/** @param folder Where it runs; the script is laid in there. */
export async function completerOf(
  shell: Shell,
  folder: string,
  commands: readonly Command[] = commandLine.commands,
): Promise<Completer> {
  const script = join(folder, `completion.${shell}`);
  fs.writeFileSync(script, completionScript(shell, { ...commandLine, commands }));
  switch (shell) {
    case "bash":
      return bash(script, folder);
    case "zsh":
      return zsh(folder, "true", `source ${script}`);
    case "fish":
      return fish(script, folder);
  }
}

/** Both keys below print the line as it is; what the shell offers is caught by its own hook. */
const printLine = "\u0018\u0002";
const printOffers = "\u0018\u000f";
const clear = "\u0015";

async function bash(script: string, folder: string): Promise<Completer> {
  const terminal = new Terminal(["bash", "--noprofile", "--norc", "-i"], folder, {
    PS1: "$ ",
    INPUTRC: "/dev/null",
  });
  const show = String.raw`printf "<<%s>>\n" "$READLINE_LINE"`;
  await terminal.answer(
    String.raw`source ${script}; bind -x '"\C-x\C-b": ${show}' ; echo "<<"started">>"` + "\n",
    /<<started>>/,
  );
  return {
    // COMPREPLY is all that bash gets to know.
    async offers(line) {
      const pieces = line.match(/[=:@]+|[^\s=:@]+/g) ?? [];
      const words = /\s$/.test(line) ? [...pieces, ""] : pieces;
      const code = String.raw`source "$0"; COMP_WORDBREAKS=$' \t\n"\'@><=;|&(:'
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _lacuna
        ((\${#COMPREPLY[@]} == 0)) || printf '%s\n' "\${COMPREPLY[@]}"`.replaceAll("\\$", "$");
      return lines(run(["bash", "--norc", "-c", code, script, ...words], folder));
    },
    press: (line) => pressed(terminal, line),
    [Symbol.asyncDispose]: () => terminal[Symbol.asyncDispose](),
  };
}

/** @param before Commands in front of compinit, which reads the folders of fpath, and behind it. */
export async function zsh(folder: string, before: string, behind: string): Promise<Completer> {
  const terminal = new Terminal(["zsh", "-f", "-i"], folder, { PS1: "$ " });
  const setup = `unsetopt zle_bracketed_paste prompt_cr
    ${before}; autoload -Uz compinit && compinit -u -D; ${behind}
    print-line() { print -r -- "<<$BUFFER>>" }
    # Words that go to an array are not offered yet.
    compadd() {
      local -a words
      if (( \${argv[(I)-[OAD]]} )); then builtin compadd "$@"; return; fi
      builtin compadd -A words "$@"
      offered+=("\${words[@]}")
      builtin compadd "$@"
    }
    print-offers() { offered=(); zle list-choices; print -r -- "<<\${(j:|:)offered}>>" }
    zle -N print-line; zle -N print-offers
    bindkey '^X^B' print-line; bindkey '^X^O' print-offers
    echo "<<"started">>"
  `;
  fs.writeFileSync(join(folder, "setup.zsh"), setup);
  await terminal.answer("source ./setup.zsh\n", /<<started>>/);
  return {
    async offers(line) {
      const found = await terminal.answer(`${clear}${line}${printOffers}`, /<<(.*)>>/);
      return found.split("|").filter((word) => word !== "");
    },
    press: (line) => pressed(terminal, line),
    // A list of one is shown too.
    description: (line) =>
      terminal.answer(`${clear}${line}\u0004`, /(?:^|\n)--[a-z]+ +-- (.*?) *\r?\n/),
    [Symbol.asyncDispose]: () => terminal[Symbol.asyncDispose](),
  };
}

async function pressed(terminal: Terminal, line: string): Promise<string> {
  return terminal.answer(`${clear}${line}\t${printLine}`, /<<(.*)>>/);
}

function fish(script: string, folder: string): Completer {
  const offers = (line: string): readonly (readonly string[])[] => {
    const code = 'source $argv[1]; complete -C "$argv[2]"';
    const found = lines(run(["fish", "--no-config", "-c", code, script, line], folder));
    return found.map((one) => one.split("\t"));
  };
  return {
    // It offers `--flag=word` in one, as a whole word.
    offers: async (line) => offers(line).map(([word = ""]) => word.replace(/^--[a-z-]+=/, "")),
    description: async (line) => offers(line)[0]?.[1] ?? "",
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function run([program = "", ...argv]: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, argv, {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd },
    encoding: "utf8",
    timeout: 15_000,
  });
  if (status !== 0 || stderr !== "")
    throw new Error(`${program}, exit ${status}: ${stderr}${error ?? ""}`);
  return stdout;
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
