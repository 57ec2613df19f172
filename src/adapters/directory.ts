import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
} from "node:fs";
import { join } from "node:path";
import { oneTurn } from "../deferred.ts";
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
    // At once, but what is wrong with the folder is a rejection.
    async list() {
      const isAbsent = presence === "may be absent" && !existsSync(folder);
      return isAbsent ? [] : await readFolder(folder);
    },
  };
}

async function readFolder(folder: string): Promise<readonly SourceFile[]> {
  const problems: Problem[] = [];
  const files: SourceFile[] = [];
  const before = join(folder, "_").slice(0, -1);
  const { names, special } = listNames(folder);
  const isQuick = names.length >= manyFiles && hasRoom();
  let seen = 0;
  for (const name of names) {
    if (++seen % filesInTurn === 0) await oneTurn();
    const path = before + name;
    const whole = isQuick && !special.has(name) ? readWhole(path) : undefined;
    if (whole !== undefined) {
      const { length } = whole;
      if (length > largestBytes) problems.push({ code: "too-large", path, bytes: length });
      else files.push({ name, path, bytes: whole, size: length });
      continue;
    }
    try {
      const read = readUpTo(path, largestBytes);
      if (read === "not a file") problems.push({ code: "bad-name", path, reason: read });
      else if (typeof read === "number") problems.push({ code: "too-large", path, bytes: read });
      else files.push({ name, path, bytes: read });
    } catch (error) {
      // A socket cannot even be opened.
      const isSocket = (error as NodeJS.ErrnoException).code === "ENXIO";
      problems.push(
        isSocket
          ? { code: "bad-name", path, reason: "not a file" }
          : { code: "no-migrations", folder, reason: describe(error) },
      );
    }
  }
  if (problems.length > 0) throw new Refusal(problems);
  return files;
}

/** What is read in about a millisecond: a server that has answered is asked on no later than that. */
const filesInTurn = 100;

interface Names {
  /** Those that end as migrations do, sorted. */
  readonly names: readonly string[];
  /** What is no regular file, a link for example. */
  readonly special: ReadonlySet<string>;
}

function listNames(folder: string): Names {
  const names: string[] = [];
  const special = new Set<string>();
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const { name } = entry;
      if (!/\.sql$/i.test(name)) continue;
      names.push(name);
      if (!entry.isFile()) special.add(name);
    }
  } catch (error) {
    throw new Refusal([{ code: "no-migrations", folder, reason: describe(error) }]);
  }
  // Without a comparator, which would be called more often than all the rest here.
  return { names: names.toSorted(), special };
}

/**
 * A regular file in one call, which takes two thirds of what looking at it first takes. Undefined: it has to be
 * looked at.
 */
function readWhole(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Whether a file may be read before its size is known, which may be too large: neither Bun nor Node reads more than
 * 4 GiB in one call.
 */
function hasRoom(): boolean {
  try {
    // Node 20 has it from 20.13 on; Deno asks for a permission.
    const { availableMemory } = process as { readonly availableMemory?: () => number };
    return (availableMemory?.() ?? 0) > 5 * 1024 ** 3;
  } catch {
    return false;
  }
}

/** For fewer it makes no difference. */
const manyFiles = 100;

/**
 * A file's bytes, unless its size alone is what scan refuses it for: 256 MB need not be read for
 * that, and the size is given. Opened so that a pipe's writer is not waited for.
 */
function readUpTo(path: string, limit: number): Uint8Array | number | "not a file" {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) return "not a file";
    return stats.size > limit ? stats.size : readFileSync(file);
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
