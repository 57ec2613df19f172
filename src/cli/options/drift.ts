import type { Command } from "./definition.ts";
import { database, migrations, pooler, roles, stuckAfter } from "./shared.ts";

export const drift = (): Command => ({
  name: "drift",
  args: "",
  about: "what was changed by hand: the database against what its applied migrations make",
  details: `What is applied is replayed in the order in which it was, in an embedded Postgres, and the two are
compared, object by object. The database is read in one read-only connection, its rows are not. What only
looks so is told apart: another major, an extension that the embedded one lacks. Exit 7 with findings:
  made by hand  only the database has it
  missing       only the migrations make it
  changed       both have it, and not alike`,
  flags: [
    ...database,
    {
      name: "scratch-on",
      value: "URL",
      about:
        "replay in a database made on that server for it, and dropped, not in an embedded Postgres",
    },
    roles,
    stuckAfter,
    { name: "grants", about: "compare owners and privileges too" },
    {
      name: "ignore",
      value: "PATTERN",
      about: "leave out what is there on purpose: 'kind name', * for anything; can be given again",
    },
    pooler,
    migrations,
  ],
  examples: [
    ["lacuna drift", "needs no server but the one that is looked at"],
    ["lacuna drift --ignore 'index public.tmp_*' --ignore 'extension *'", "but for these"],
  ],
});
