/**
 * Folders that are replaced whole: what is there goes away, so it has to be an earlier one of the
 * same kind, and it comes back where the new one cannot take its place.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "./failure.ts";

/** As `sha256sum --check` reads it. */
export const sumsName = "SHA256SUMS";

/** Who downloads a release has its sums among other files; a release holds nothing else. @throws Failure */
export function demandRelease(out: string): void {
  if (!existsSync(out)) return;
  const hint = `a release is a folder of its own, with ${sumsName}; name another with --out`;
  const title = `${out} is there, and is not a release`;
  if (!statSync(out).isDirectory()) throw new Failure(title, hint);
  const names = readdirSync(out);
  if (names.length === 0) return;
  if (!names.includes(sumsName)) throw new Failure(title, hint);
  const sums = readFileSync(join(out, sumsName), "utf8");
  const released = [...sums.matchAll(/^[0-9a-f]{64} [ *](lacuna-\S+)$/gm)].map(([, name]) => name);
  const others = names.filter((name) => name !== sumsName && !isReleased(name));
  if (others.length > 0)
    throw new Failure(`${out} holds what is not of a release: ${others.join(", ")}`, hint);

  function isReleased(name: string): boolean {
    return released.includes(name) && statSync(join(out, name)).isFile();
  }
}

/** @param made Beside the place: a rename puts it there. */
export function replaceFolder(made: string, out: string): void {
  const before = `${out}.before-${process.pid}`;
  const isReplaced = existsSync(out);
  if (isReplaced) renameSync(out, before);
  try {
    renameSync(made, out);
  } catch (error) {
    if (isReplaced) renameSync(before, out);
    throw error;
  }
  rmSync(before, { recursive: true, force: true });
}
