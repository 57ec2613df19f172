import type { Command } from "./definition.ts";
import { databaseUrl, migrations, tracker } from "./shared.ts";

export const wait = (): Command => ({
  name: "wait",
  args: "",
  about: "wait until the database has every migration of the set; writes nothing",
  details: `It exits 0 when all are applied, 3 when the time is over, and 4 at once where one is renamed or
renumbered. A database that is not there yet is waited for.`,
  flags: [
    { name: "timeout", value: "TIME", about: "how long to wait (default: 5min)" },
    databaseUrl,
    tracker,
    migrations,
  ],
  examples: [
    ["lacuna wait --timeout 10min", "an init container, while a Job runs `lacuna up`"],
    ["lacuna wait --json", "one JSON object a line, each time when something changes"],
  ],
});
