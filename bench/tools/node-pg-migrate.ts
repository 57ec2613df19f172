import { isLeftOut, type LeftOut, nodePeer, peerVersion, type Tool, writeFiles } from "../tool.ts";

/**
 * One transaction for all files, its default: two round trips a file instead of four. It prints every
 * statement unless told not to.
 */
export function nodePgMigrate(): Tool | LeftOut {
  const name = "node-pg-migrate";
  const peer = nodePeer(name, "bin/node-pg-migrate.js");
  if (isLeftOut(peer)) return peer;
  const { node, script } = peer;
  const options = ["--no-verbose", "--migrations-dir"];
  return {
    name,
    title: `node-pg-migrate ${peerVersion(name)}`,
    layOut: (folder, files) =>
      writeFiles(
        folder,
        files,
        ".sql",
        ({ sql }) => `-- Up Migration\n${sql}\n-- Down Migration\n`,
      ),
    up: (folder, url) => ({
      argv: [node, script, "up", ...options, folder],
      env: { DATABASE_URL: url },
    }),
    start: { argv: [node, script, "--version"] },
  };
}
