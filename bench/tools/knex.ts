import { join } from "node:path";
import { isLeftOut, type LeftOut, nodePeer, peerVersion, type Tool, writeFiles } from "../tool.ts";

/** Its files are programs; a migration source of its own, as it documents them, reads SQL. */
export function knex(): Tool | LeftOut {
  const name = "knex";
  const peer = nodePeer(name, "bin/cli.js");
  if (isLeftOut(peer)) return peer;
  const { node, script } = peer;
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
