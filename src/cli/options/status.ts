import type { Command } from "./definition.ts";
import { database, migrations } from "./shared.ts";

export const status: Command = {
  name: "status",
  args: "",
  about: "show every version with its state; writes nothing",
  flags: [
    { name: "check", about: "exit 3 unless everything is applied and nothing was changed" },
    ...database,
    migrations,
  ],
  examples: [["lacuna status --check", "a gate for scripts"]],
};
