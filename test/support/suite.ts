import { say } from "./say.ts";

/** A suite that takes long, and so is a command of its own: a line a check, and one that counts. */
export interface Suite {
  /** Fails where the work throws. A text that it gives is shown: its last line. */
  readonly check: (title: string, work: () => unknown) => Promise<void>;
  /** What cannot be checked on this machine. It counts as neither. */
  readonly skip: (title: string, reason: string) => void;
  /** Says `N passed, N failed` and ends the process; a suite that did nothing has failed. */
  readonly end: () => never;
}

export function suite(): Suite {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  return {
    async check(title, work) {
      const startMs = performance.now();
      try {
        const said = await work();
        const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
        say(`pass  ${title}  ${seconds} s${typeof said === "string" ? `  ${lastLine(said)}` : ""}`);
        passed++;
      } catch (error) {
        say(`FAIL  ${title}\n${error instanceof Error ? error.message : String(error)}`);
        failed++;
      }
    },
    skip(title, reason) {
      say(`skipped  ${title}: ${reason}`);
      skipped++;
    },
    end() {
      say(`${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);
      process.exit(failed === 0 && passed + skipped > 0 ? 0 : 1);
    },
  };
}

export function lastLine(said: string): string {
  return said.trim().split("\n").at(-1) ?? "";
}
