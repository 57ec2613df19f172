import {
  closeSync,
  type Dirent,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
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
  for (const entry of listEntries(folder)) {
    const { name } = entry;
    if (!/\.sql$/i.test(name)) continue;
    const path = join(folder, name);
    try {
      // To open a pipe is to wait for its writer, so what is no plain file is looked at first.
      if (!entry.isFile() && !statSync(path).isFile()) {
        problems.push({ code: "bad-name", path, reason: "not a file" });
        continue;
      }
      const read = readUpTo(path, largestBytes);
      if (read.bytes === undefined) problems.push({ code: "too-large", path, bytes: read.size });
      else files.push({ name, path, bytes: read.bytes });
    } catch (error) {
      problems.push({ code: "no-migrations", folder, reason: describe(error) });
    }
  }
  if (problems.length > 0) throw new Refusal(problems);
  return files;
}

function listEntries(folder: string): readonly Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  } catch (error) {
    throw new Refusal([{ code: "no-migrations", folder, reason: describe(error) }]);
  }
}

/** A file's bytes, unless its size alone is what scan refuses it for: 256 MB need not be read for that. */
function readUpTo(
  path: string,
  limit: number,
): { readonly size: number; readonly bytes: Uint8Array | undefined } {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    if (size > limit) return { size, bytes: undefined };
    const bytes = Buffer.allocUnsafe(size);
    let length = 0;
    while (length < size) {
      const read = readSync(file, bytes, length, size - length, null);
      if (read === 0) break;
      length += read;
    }
    // A file system that does not know its files' sizes says that they are empty.
    return { size, bytes: size === 0 ? readFileSync(file) : bytes.subarray(0, length) };
  } finally {
    closeSync(file);
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
