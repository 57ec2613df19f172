import type { Command } from "./definition.ts";
import { database, migrations } from "./shared.ts";

export const status = (): Command => ({
  name: "status",
  args: "",
  about: "show every version with its state; writes nothing",
  flags: [
    { name: "check", about: "exit 3 unless everything is applied and nothing was changed" },
    { name: "fingerprint", about: "tell the digest of the database's schema too" },
    ...database,
    migrations,
  ],
  examples: [["lacuna status --check", "a gate for scripts"]],
});
