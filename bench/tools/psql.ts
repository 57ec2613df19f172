import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LeftOut, type Tool, versionOf, versionSaid, writeFiles } from "../tool.ts";

const inFolder = 'cd "$1" && exec "$2" -X -q -A -t -v ON_ERROR_STOP=1 -f up.psql "$3"';

/**
 * What can be had without a tool: one session, which lets the server say what is not in a ledger yet
 * as a script, and runs that.
 */
export function psql(): Tool | LeftOut {
  const name = "psql";
  const program = Bun.which(name);
  if (program === null) {
    return { name, reason: "not on PATH; on Debian: apt-get install postgresql-client" };
  }
  return {
    name,
    title: `psql ${versionSaid(program, "--version")}, one session, a ledger`,
    layOut(folder, files) {
      writeFiles(folder, files, ".sql");
      const known = files.map((file) => `(${file.number}, '${versionOf(file)}_step.sql')`);
      const script = `set client_min_messages = warning\\;
create table if not exists ledger (version bigint primary key, applied_at timestamptz not null default clock_timestamp());
\\o pending.psql
select format(E'begin;\\n\\\\ir %s\\ninsert into ledger (version) values (%s);\\ncommit;', name, version)
from (values ${known.join(",\n")}) as file (version, name)
where not exists (select from ledger where ledger.version = file.version) order by version;
\\o
\\ir pending.psql
`;
      writeFileSync(join(folder, "up.psql"), script);
    },
    // \o writes into the working directory.
    up: (folder, url) => ({ argv: ["sh", "-c", inFolder, "sh", folder, program, url] }),
    start: { argv: [program, "--version"] },
  };
}
