import { type LeftOut, type Tool, versionSaid, writeFiles } from "../tool.ts";

export function golangMigrate(): Tool | LeftOut {
  const name = "golang-migrate";
  const program = Bun.which("migrate");
  if (program === null) {
    return { name, reason: "no `migrate` on PATH; neither Debian nor npm has a package of it" };
  }
  return {
    name,
    title: `golang-migrate ${versionSaid(program, "-version")}`,
    layOut: (folder, files) => writeFiles(folder, files, ".up.sql"),
    up: (folder, url) => ({ argv: [program, "-path", folder, "-database", url, "up"] }),
    start: { argv: [program, "-version"] },
  };
}
