import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type LeftOut,
  noNode,
  nodeProgram,
  notInstalled,
  peerVersion,
  type Tool,
  versionOf,
  writeFiles,
} from "../tool.ts";

/** Its migrator is a function: drizzle-migrate.mjs calls it, with the driver node-postgres. */
export function drizzle(): Tool | LeftOut {
  const name = "drizzle";
  const node = nodeProgram();
  const version = peerVersion("drizzle-orm");
  if (node === undefined) return { name, reason: noNode };
  if (version === "") return { name, reason: notInstalled };
  const script = join(import.meta.dirname, "drizzle-migrate.mjs");
  return {
    name,
    title: `drizzle-orm ${version}, migrator`,
    layOut(folder, files) {
      writeFiles(folder, files, ".sql");
      const entries = files.map((file, idx) => ({
        idx,
        version: "7",
        when: file.number,
        tag: `${versionOf(file)}_step`,
        breakpoints: true,
      }));
      mkdirSync(join(folder, "meta"));
      const journal = JSON.stringify({ version: "7", dialect: "postgresql", entries });
      writeFileSync(join(folder, "meta/_journal.json"), journal);
    },
    up: (folder, url) => ({ argv: [node, script, folder], env: { DATABASE_URL: url } }),
  };
}
