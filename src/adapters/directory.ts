import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SourceFile } from "../core/migration.ts";
import { largestBytes } from "../core/scan.ts";
import type { Problem } from "../core/problem.ts";
import { Refusal, type Source } from "../ports.ts";

/** A folder of migrations on disk. Links are followed; sub-folders are not looked into. */
export function directorySource(
  folder: string,
  presence: "must exist" | "may be absent" = "must exist",
): Source {
  return {
    folder,
    list() {
      const isAbsent = presence === "may be absent" && !existsSync(folder);
      return Promise.resolve(isAbsent ? [] : readFolder(folder));
    },
  };
}

function readFolder(folder: string): readonly SourceFile[] {
  const problems: Problem[] = [];
  const files: SourceFile[] = [];
  for (const name of listNames(folder)) {
    if (!/\.sql$/i.test(name)) continue;
    const path = join(folder, name);
    try {
      const stats = statSync(path);
      if (!stats.isFile()) problems.push({ code: "bad-name", path, reason: "not a file" });
      // Its size alone is what scan refuses it for: 256 MB need not be read for that.
      else if (stats.size > largestBytes)
        problems.push({ code: "too-large", path, bytes: stats.size });
      else files.push({ name, path, bytes: readFileSync(path) });
    } catch (error) {
      problems.push({ code: "no-migrations", folder, reason: describe(error) });
    }
  }
  if (problems.length > 0) throw new Refusal(problems);
  return files;
}

function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch (error) {
    throw new Refusal([{ code: "no-migrations", folder, reason: describe(error) }]);
  }
}

function describe(error: unknown): string {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return `there is no "${path}"`;
  if (code === "EACCES") return `"${path}" may not be read`;
  if (code === "ELOOP") return `"${path}" is a link that leads back to itself`;
  if (code === "ENOTDIR") return `"${path}" is not a folder`;
  return error instanceof Error ? error.message : String(error);
}
