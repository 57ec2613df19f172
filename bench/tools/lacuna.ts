import { existsSync } from "node:fs";
import { type LeftOut, type Tool, versionSaid, type Workshop, writeFiles } from "../tool.ts";

export function lacuna({ executable }: Workshop): Tool | LeftOut {
  const name = "lacuna";
  if (!existsSync(executable)) return { name, reason: `there is no ${executable}: npm run build` };
  return {
    name,
    title: `lacuna ${versionSaid(executable, "--version")}`,
    layOut: (folder, files) => writeFiles(folder, files, ".up.sql"),
    up: (folder, url) => ({
      argv: [executable, "up", "--migrations", folder, "--database-url", url],
    }),
    start: { argv: [executable, "--version"] },
  };
}
