import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LeftOut, type Tool, versionSaid, writeFiles } from "../tool.ts";

/** A program in Go that Debian has a package of. It reads its URL from a file alone. */
export function sqlMigrate(): Tool | LeftOut {
  const name = "sql-migrate";
  const program = Bun.which(name);
  if (program === null) {
    return { name, reason: "not on PATH; on Debian: apt-get install sql-migrate" };
  }

  return {
    name,
    title: `sql-migrate ${versionSaid(program, "--version")}`,
    layOut: (folder, files) =>
      writeFiles(folder, files, ".sql", ({ sql }) => `-- +migrate Up\n${sql}`),
    up(folder, url) {
      const settings = join(folder, "dbconfig.yml");
      writeFileSync(
        settings,
        `bench:\n  dialect: postgres\n  dir: ${folder}\n  datasource: ${url}\n`,
      );
      return { argv: [program, "up", `-config=${settings}`, "-env=bench"] };
    },
    start: { argv: [program, "--version"] },
  };
}
