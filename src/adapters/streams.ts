import { fstatSync, writeSync } from "node:fs";
import type { Streams } from "../ports.ts";

export interface ProcessStreams extends Streams {
  /** Why something could not be written; a reader that went away (EPIPE) is no failure. */
  readonly failure: Error | undefined;
  /** Whether a person looks at both streams. */
  readonly isTerminal: boolean;
}

/**
 * Writes until everything is written, before the process goes on. console.log loses what a full
 * or closed pipe does not take, in silence (Bun 1.4.5).
 */
export function processStreams(): ProcessStreams {
  let failure: Error | undefined;
  const gone = new Set<number>();
  const write = (descriptor: number, bytes: Uint8Array): void => {
    let written = 0;
    while (written < bytes.length && !gone.has(descriptor)) {
      try {
        written += writeSync(descriptor, bytes, written);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EAGAIN") waitForReader();
        else {
          gone.add(descriptor);
          if (code !== "EPIPE") failure = error as Error;
        }
      }
    }
  };
  return {
    // process.stdout.isTTY makes a stream, and takes longer than all the rest of a start.
    isTerminal: isCharacterDevice(1) && isCharacterDevice(2),
    get failure() {
      return failure;
    },
    stdout(bytes) {
      write(1, bytes);
    },
    stderr(bytes) {
      write(2, bytes);
    },
  };
}

/** A terminal is one. So is /dev/null, where colours do no harm. */
function isCharacterDevice(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice();
  } catch {
    // Closed.
    return false;
  }
}

/** A pipe that does not block is full: give its reader a moment. */
function waitForReader(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}
