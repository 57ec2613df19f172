/**
 * One process a folder. Two PGlites on one folder would each hold "the" advisory lock, say
 * "applied", and overwrite what the other wrote.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { kill, pid } from "node:process";
import { SqlError } from "../ports.ts";

const held = new Set<string>();

/** Gives back how to let go. @throws SqlError PGLITE_IN_USE while another process has it. */
export function lockFolder(folder: string): () => void {
  const path = `${folder.replace(/\/+$/, "")}.lock`;
  for (;;) {
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${pid}\n`, { flag: "wx" });
      held.add(path);
      return () => {
        held.delete(path);
        rmSync(path, { force: true });
      };
    } catch (error) {
      const { code, message: words } = error as NodeJS.ErrnoException;
      if (code !== "EEXIST") {
        throw new SqlError(
          "refused",
          { severity: "FATAL", code: "PGLITE_FAILED", message: words },
          { cause: error },
        );
      }
      const holder = readHolder(path);
      if (held.has(path) || (holder !== undefined && isAlive(holder))) {
        const message = `process ${holder} is at work on it (${path})`;
        throw new SqlError("refused", { severity: "FATAL", code: "PGLITE_IN_USE", message });
      }
      // Left behind by a process that was killed.
      rmSync(path, { force: true });
    }
  }
}

function readHolder(path: string): number | undefined {
  try {
    const holder = Number(readFileSync(path, "utf8"));
    return Number.isInteger(holder) && holder > 0 ? holder : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: number): boolean {
  // In containers every process has the same few numbers: ours, in a file that is not ours.
  if (holder === pid) return false;
  try {
    kill(holder, 0);
    return true;
  } catch (error) {
    // EPERM: it is somebody else's, and alive. Deno without --allow-run tells nothing of it.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
