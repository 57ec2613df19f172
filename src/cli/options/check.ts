import type { Command } from "./definition.ts";
import { migrations, unused } from "./shared.ts";
import { verify } from "./verify.ts";

const ofVerify: readonly string[] = ["roles", "strict", "stuck-after", "junit"];

export const check = (): Command => ({
  name: "check",
  args: "",
  about: "the gate of a merge: judge what a branch adds to its base (git); needs no database",
  details: `What the base has is history: an edit, another name or a missing file is a finding, and so are a version
that the base has too, line ends or a byte order mark that are new, and a file that cannot be run.
What is left runs behind the base's migrations in an embedded Postgres, and gaps are compared. Exit 7 with findings.`,
  flags: [
    { name: "base", value: "REF", about: "what it will be merged into: origin/main" },
    {
      name: "head",
      value: "REF",
      about: "the branch (default: the working tree, with new files; in a bare repository HEAD)",
    },
    ...verify().flags.filter((flag) => ofVerify.includes(flag.name)),
    ...unused,
    migrations,
  ],
  examples: [
    ["lacuna check --base origin/main", "before a pull request is opened, or in its workflow"],
    ["lacuna check --base main --head feature", "without a working tree"],
  ],
});
