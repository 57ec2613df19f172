import type { Shell } from "../../request.ts";
import type { Command } from "./definition.ts";

export const shells: readonly Shell[] = ["bash", "zsh", "fish"];

export const completion = (): Command => ({
  name: "completion",
  args: "<SHELL>",
  firstArgument: shells,
  about: "print the completions for bash, zsh or fish",
  details: `For the shell that is open:
  bash  eval "$(lacuna completion bash)"
  zsh   source <(lacuna completion zsh)
  fish  lacuna completion fish | source

For every shell from now on, in a place that it reads:
  bash  ~/.local/share/bash-completion/completions/lacuna
  zsh   a file named _lacuna in a folder of $fpath
  fish  ~/.config/fish/completions/lacuna.fish`,
  flags: [],
  examples: [
    [
      "lacuna completion fish > ~/.config/fish/completions/lacuna.fish",
      "from now on, in every fish",
    ],
  ],
});
