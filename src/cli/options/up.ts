import type { Command } from "./definition.ts";
import { connectTimeout, databaseUrl, locks, migrations, policy, tracker } from "./shared.ts";

export const up = (): Command => ({
  name: "up",
  args: "",
  about: "apply what is pending, lowest version first, gaps included",
  flags: [
    ...policy,
    { name: "dry-run", about: "only show what would be done, as `plan` does" },
    ...locks,
    databaseUrl,
    tracker,
    connectTimeout("60s"),
    migrations,
  ],
  examples: [
    ["lacuna up --database-url postgres://app@localhost/app", "apply everything that is pending"],
    ["lacuna up --to 42", "apply every pending version up to 42"],
  ],
});
