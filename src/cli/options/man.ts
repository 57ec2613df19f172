import type { Command } from "./definition.ts";

export const man = (): Command => ({
  name: "man",
  args: "",
  about: "print the man page, in roff",
  flags: [],
  examples: [
    ["lacuna man | man -l -", "read it"],
    ["lacuna man > /usr/local/share/man/man1/lacuna.1", "install it"],
  ],
});
