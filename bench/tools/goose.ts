import { type LeftOut, type Tool, versionSaid, writeFiles } from "../tool.ts";

export function goose(): Tool | LeftOut {
  const name = "goose";
  const program = Bun.which(name);
  if (program === null) {
    return {
      name,
      reason: "not on PATH; Debian has no package of it, and npm's (goose-cli) holds no program",
    };
  }
  return {
    name,
    title: `goose ${versionSaid(program, "--version")}`,
    layOut: (folder, files) =>
      writeFiles(folder, files, ".sql", ({ sql }) => `-- +goose Up\n${sql}`),
    up: (folder, url) => ({ argv: [program, "-dir", folder, "postgres", url, "up"] }),
    start: { argv: [program, "--version"] },
  };
}
