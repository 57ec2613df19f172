import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Builds an executable into a folder, as a person does it; gives its path. */
export function buildExecutable(folder: string, ...flags: readonly string[]): string {
  const out = join(folder, "lacuna");
  const root = join(import.meta.dirname, "../..");
  const command = [join(root, "build.ts"), "--out", out, ...flags];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
  if (status !== 0) throw new Error(`the build failed:\n${stdout}${stderr}`);
  return out;
}
