import { existsSync } from "node:fs";
import {
  type LeftOut,
  notInstalled,
  peerFile,
  peerVersion,
  type Tool,
  writeFiles,
} from "../tool.ts";

/** The platform's program itself: the package's own command starts Node first. */
export function dbmate(): Tool | LeftOut {
  const name = "dbmate";
  const platform = `@dbmate/${process.platform}-${process.arch}`;
  const program = peerFile(platform, "bin/dbmate");
  if (program === undefined || !existsSync(program)) return { name, reason: notInstalled };
  return {
    name,
    title: `dbmate ${peerVersion(platform)}`,
    layOut: (folder, files) =>
      writeFiles(folder, files, ".sql", ({ sql }) => `-- migrate:up\n${sql}\n-- migrate:down\n`),
    // `up` asks first whether the database is there, on a connection of its own; `migrate` does not.
    up: (folder, url) => ({
      argv: [program, "--no-dump-schema", "--migrations-dir", folder, "--url", url, "migrate"],
    }),
    start: { argv: [program, "--version"] },
  };
}
