import {
  type LeftOut,
  nodeProgram,
  notInstalled,
  peerFile,
  peerVersion,
  type Tool,
  writeFiles,
} from "../tool.ts";

/**
 * A transaction a file: as the others do it, and faster than its default, one transaction for all,
 * in which it prints more and sends more (measured). It prints every statement unless told not to.
 */
export function nodePgMigrate(): Tool | LeftOut {
  const name = "node-pg-migrate";
  const node = nodeProgram();
  const script = peerFile(name, "bin/node-pg-migrate.js");
  if (node === undefined) return { name, reason: "there is no node on PATH" };
  if (script === undefined) return { name, reason: notInstalled };
  const options = ["--no-single-transaction", "--no-verbose", "--migrations-dir"];
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
