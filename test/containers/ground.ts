/** What the checks of the containers share. */
import type { Suite } from "../support/suite.ts";
import type { TestServer } from "../support/servers.ts";
import type { Ended, Engine, Running } from "./engine.ts";

export interface Ground {
  readonly suite: Suite;
  readonly engine: Engine;
  readonly server: TestServer;
  /** With the example history inside. */
  readonly image: string;
}

/** Nothing is writable, not even in memory, and nothing is permitted. */
export const hardened: readonly string[] = [
  "--read-only",
  "--read-only-tmpfs=false",
  "--cap-drop=all",
  "--security-opt=no-new-privileges",
  "--user=65532",
];

export function variable(name: string, value: string): readonly string[] {
  return ["--env", `${name}=${value}`];
}

/** The way a container ended is the one that was wanted; gives what it printed. */
export function demand(ended: Ended, exitCode: number, ...texts: readonly string[]): string {
  const said = `${ended.stdout}${ended.stderr}`;
  if (ended.exitCode !== exitCode)
    throw new Error(`it ended with ${ended.exitCode}, not with ${exitCode}:\n${said}`);
  const missing = texts.filter((text) => !said.includes(text));
  if (missing.length > 0) throw new Error(`it does not say ${missing.join(", ")}:\n${said}`);
  return ended.stdout;
}

/** Waits until it does what it is to do; it may end before that, and says why. */
export async function until(running: Running, does: () => Promise<boolean>): Promise<void> {
  let hasEnded = false;
  void running.ended.then(() => (hasEnded = true));
  for (let waitedMs = 0; waitedMs < 30_000 && !hasEnded; waitedMs += 20) {
    if (await does()) return;
    await Bun.sleep(20);
  }
  if (!hasEnded) throw new Error("it did not come that far in 30 s");
  const { exitCode, stdout, stderr } = await running.ended;
  throw new Error(`it ended early, with ${exitCode}:\n${stdout}${stderr}`);
}
