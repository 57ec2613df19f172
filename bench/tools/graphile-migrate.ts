import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isLeftOut, type LeftOut, nodePeer, peerVersion, type Tool, versionOf } from "../tool.ts";

/** A committed migration says its own hash and that of the one before it. */
export function graphileMigrate(): Tool | LeftOut {
  const name = "graphile-migrate";
  const peer = nodePeer(name, "dist/cli.js");
  if (isLeftOut(peer)) return peer;
  const { node, script } = peer;
  return {
    name,
    title: `graphile-migrate ${peerVersion(name)}`,
    layOut(folder, files) {
      const committed = join(folder, "migrations/committed");
      mkdirSync(committed, { recursive: true });
      let previous: string | undefined;
      for (const file of files) {
        const body = `${file.sql.trim()}\n`;
        const hashed = `${previous ?? ""}\n${body.trim()}`.trim();
        const hash = `sha1:${createHash("sha1").update(`${hashed}\n`).digest("hex")}`;
        const header = `--! Previous: ${previous ?? "-"}\n--! Hash: ${hash}\n\n`;
        writeFileSync(join(committed, `${versionOf(file)}.sql`), header + body);
        previous = hash;
      }
      const settings = { migrationsFolder: join(folder, "migrations") };
      writeFileSync(join(folder, "gmrc.json"), JSON.stringify(settings));
    },
    up: (folder, url) => ({
      argv: [node, script, "migrate", "--config", join(folder, "gmrc.json")],
      env: { DATABASE_URL: url },
    }),
    start: { argv: [node, script, "--version"] },
  };
}
