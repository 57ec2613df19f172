import type { Command } from "./definition.ts";
import { migrations, unused } from "./shared.ts";

export const show = (): Command => ({
  name: "show",
  args: "<V>",
  about: "print the SQL of version V, byte for byte; needs no database",
  flags: [
    { name: "down", about: "its down file; what to delete from the tracker goes to stderr" },
    ...unused,
    migrations,
  ],
  examples: [["lacuna show 103 --down | psql", "take version 103 back"]],
});
