import type { MarkChange } from "../../core/marking.ts";
import type { Command } from "./definition.ts";
import { database, lockWait, migrations, pooler } from "./shared.ts";

export const markStates: readonly MarkChange["to"][] = [
  "applied",
  "pending",
  "renamed",
  "changed",
  "renumbered",
];

export const mark = (): Command => ({
  name: "mark",
  args: "<STATE> [...V]",
  firstArgument: markStates,
  about: "record or forget versions without running them",
  details: `States:
  applied V…          the versions are recorded as applied, with their files' checksums
  applied --up-to V   the same for every version up to V: a baseline
  pending V…          the versions, and how far they came, are forgotten
  renamed V…          the files' names are accepted
  changed V…          the files' contents are accepted (--all-adopted: of all adopted versions)
  renumbered OLD NEW  what was applied as OLD is the file NEW`,
  flags: [
    { name: "up-to", value: "V", about: "with applied: every version up to V" },
    { name: "all-adopted", about: "with changed: every version taken over without a checksum" },
    lockWait,
    pooler,
    ...database,
    migrations,
  ],
  examples: [
    ["lacuna mark applied --up-to 42", "this database was migrated up to 42 by other means"],
    ["lacuna mark pending 43", "let 43 run again"],
  ],
});
