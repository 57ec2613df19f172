import { join } from "node:path";
import {
  type LeftOut,
  nodeProgram,
  notInstalled,
  peerFile,
  peerVersion,
  type Tool,
  writeFiles,
} from "../tool.ts";

/** Its files are programs; a migration source of its own, as it documents them, reads SQL. */
export function knex(): Tool | LeftOut {
  const name = "knex";
  const node = nodeProgram();
  const script = peerFile(name, "bin/cli.js");
  if (node === undefined) return { name, reason: "there is no node on PATH" };
  if (script === undefined) return { name, reason: notInstalled };
  const knexfile = join(import.meta.dirname, "knexfile.mjs");
  return {
    name,
    title: `knex ${peerVersion(name)}`,
    layOut: (folder, files) => writeFiles(folder, files, ".sql"),
    up: (folder, url) => ({
      argv: [node, script, "migrate:latest", "--knexfile", knexfile],
      env: { DATABASE_URL: url, MIGRATIONS: folder },
    }),
    start: { argv: [node, script, "--version"] },
  };
}
