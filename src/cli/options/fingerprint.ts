import type { Command } from "./definition.ts";
import { database, migrations } from "./shared.ts";

export const fingerprint = (): Command => ({
  name: "fingerprint",
  args: "",
  about: "print a digest of the database's schema; writes nothing",
  details: `Equal schemas have equal digests, whatever the order in which they were made, within one major
version of PostgreSQL. Rows, extensions' own objects and the tracker are left out.`,
  flags: [{ name: "grants", about: "owners and privileges too" }, ...database, migrations],
  examples: [
    ["lacuna fingerprint", "64 hexadecimal digits"],
    ["lacuna fingerprint --json", "every object that is in it, with its definition"],
  ],
});
