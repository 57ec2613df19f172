import type { Command } from "./definition.ts";
import { migrations, unused } from "./shared.ts";

export const newCommand = (): Command => ({
  name: "new",
  args: "<NAME>",
  about: "write the next NNN_name.up.sql and .down.sql",
  flags: [
    { name: "timestamp", about: "number it by the time of day (UTC) instead" },
    ...unused,
    migrations,
  ],
  examples: [["lacuna new add_users", "writes migrations/008_add_users.up.sql and .down.sql"]],
});
