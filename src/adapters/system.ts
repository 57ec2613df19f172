/** The clock and the writing of files: small doors to the system that commands are given. */
import { closeSync, mkdirSync, openSync, unlinkSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Clock, type Folder, type Interruption, Refusal } from "../ports.ts";

export function systemClock(interruption: Interruption): Clock {
  return {
    nowMs: () => performance.timeOrigin + performance.now(),
    sleep(milliseconds) {
      return new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          stopListening();
          resolve();
        };
        const timer = setTimeout(end, milliseconds);
        const stopListening = interruption.onSignal(end);
      });
    },
    random: () => Math.random(),
  };
}

export function folderOnDisk(path: string, folder: "must exist" | "is made"): Folder {
  return {
    create(files) {
      const made: string[] = [];
      for (const { name, text } of files) {
        const file = join(path, name);
        try {
          if (folder === "is made") mkdirSync(path, { recursive: true });
          // `wx` fails where the file exists: nothing is ever overwritten.
          const handle = openSync(file, "wx");
          made.push(file);
          writeSync(handle, text);
          closeSync(handle);
        } catch (error) {
          for (const done of made) unlinkSync(done);
          const { code, message: words } = error as NodeJS.ErrnoException;
          const message = code === "EEXIST" ? "it exists already" : words;
          throw new Refusal([{ code: "cannot-write", path: file, message }]);
        }
      }
      return made;
    },
  };
}

/** Said to whoever waits for our lock. Deno asks for --allow-sys=hostname, which that is not worth. */
export function hostName(): string {
  try {
    return hostname();
  } catch {
    return "unknown host";
  }
}
