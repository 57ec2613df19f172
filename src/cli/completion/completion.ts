/**
 * The completions of a shell, as the script that it reads. What is made here is told the command
 * line, and so shares no code with what every start loads: each part that is shared is one more
 * file inside the executable to be opened.
 */
import type { Shell } from "../../request.ts";
import type { CommandLine } from "../options/definition.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { zshCompletion } from "./zsh.ts";

export function completionScript(shell: Shell, line: CommandLine): string {
  const commands = line.commands.map((command) => ({
    ...command,
    flags: [...command.flags, ...line.commonFlags],
  }));
  const whole = { ...line, commands };
  switch (shell) {
    case "bash":
      return bashCompletion(whole);
    case "zsh":
      return zshCompletion(whole);
    case "fish":
      return fishCompletion(whole);
  }
}
