import type { Command } from "./definition.ts";
import { migrations, unused } from "./shared.ts";

export const renumber = (): Command => ({
  name: "renumber",
  args: "<OLD> [NEW]",
  about: "give a migration's files the next free version, or another one; needs no database",
  details: `OLD is a version, or where two files have it a file's name without its endings. In a repository
the files are renamed by git mv. Without NEW the version is the highest plus one.`,
  flags: [...unused, migrations],
  examples: [
    ["lacuna renumber 104", "104 becomes the next free version"],
    ["lacuna renumber 104_add_users 107", "of two files with 104, this one becomes 107"],
  ],
});
