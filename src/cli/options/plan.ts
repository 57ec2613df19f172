import type { Command } from "./definition.ts";
import { database, migrations, policy } from "./shared.ts";

export const plan = (): Command => ({
  name: "plan",
  args: "",
  about: "show what `up` would do, in order; writes nothing",
  flags: [...policy, ...database, migrations],
  examples: [["lacuna plan --json", "for a program to read"]],
});
