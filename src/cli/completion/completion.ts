/** The completions of a shell, as the script that it reads. */
import type { Shell } from "../../request.ts";
import { commands } from "../options.ts";
import type { Command } from "../options/definition.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { zshCompletion } from "./zsh.ts";

export function completionScript(shell: Shell, of: readonly Command[] = commands): string {
  switch (shell) {
    case "bash":
      return bashCompletion(of);
    case "zsh":
      return zshCompletion(of);
    case "fish":
      return fishCompletion(of);
  }
}
