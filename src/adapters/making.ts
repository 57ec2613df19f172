/** Where an executable is made: in a folder beside its place, so that one rename puts it there. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { once, removeListener } from "node:process";
import { platformOf } from "../core/platform.ts";
import { Refusal } from "../ports.ts";

/** Where it is to be, absolute: of a link, what it points to. @throws Refusal where it may not be. */
export function pathToWrite(path: string): string {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) {
      // What cannot be followed, and is there.
      const isDangling = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
      if (isDangling) throw cannotWrite(path, "it is a link to nothing");
      return resolve(path);
    }
    if (stats.isDirectory()) throw cannotWrite(path, "it is a folder");
    // A slip of the pen must not cost a file that is something else.
    if (!stats.isFile() || !isOurs(path))
      throw cannotWrite(path, "it exists, and is no executable of lacuna");
    return realpathSync(path);
  } catch (error) {
    throw error instanceof Refusal ? error : cannotWrite(path, wordsFor(path, error));
  }
}

/**
 * Beside a path. Removed when it is disposed of, and when the process ends before.
 * @param shown What messages call the path.
 */
export function makeFolder(path: string, shown: string): Disposable & { readonly path: string } {
  let folder: string;
  try {
    folder = mkdtempSync(join(dirname(path), prefix));
  } catch (error) {
    throw cannotWrite(shown, wordsFor(shown, error));
  }
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  once("exit", remove);
  return {
    path: folder,
    [Symbol.dispose]() {
      removeListener("exit", remove);
      remove();
    },
  };
}

/** All or nothing: a rename. @param shown What messages call the path. */
export function putInPlace(made: string, path: string, shown: string): void {
  try {
    chmodSync(made, 0o755);
    renameSync(made, path);
  } catch (error) {
    throw cannotWrite(shown, wordsFor(shown, error));
  }
}

/** 100 MB each, of runs that were killed; those of runs that go on are younger. */
export function removeLeftOvers(folder: string): void {
  const anHourAgo = performance.timeOrigin + performance.now() - 3_600_000;
  for (const name of namesIn(folder)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(folder, name);
    try {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats !== undefined && stats.mtimeMs < anHourAgo)
        rmSync(path, { recursive: true, force: true });
    } catch {
      // Somebody else's, in a folder that is shared.
    }
  }
}

const prefix = ".lacuna-build-";

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Whether it can be written is asked when it is.
    return [];
  }
}

/** An executable, and with a part in it that each of lacuna's has. */
function isOurs(path: string): boolean {
  const bytes = readFileSync(path);
  return platformOf(bytes) !== undefined && bytes.includes("/code.pack");
}

function wordsFor(path: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  const folder = dirname(path);
  if (code === "ENOENT" && !existsSync(folder)) return `there is no folder "${folder}"`;
  if (code === "ENOTDIR") return `"${folder}" is not a folder`;
  if (code === "EACCES" || code === "EPERM") return `"${folder}" may not be written`;
  if (code === "EROFS") return `"${folder}" is on a file system that is read-only`;
  return error instanceof Error ? error.message : String(error);
}

function cannotWrite(path: string, message: string): Refusal {
  return new Refusal([{ code: "cannot-write", path, message }]);
}
