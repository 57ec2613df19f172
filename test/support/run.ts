import { spawnSync } from "node:child_process";

interface Surroundings {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** What a command printed. Throws unless it succeeded, within three minutes. */
export function run(command: string, argv: readonly string[], around: Surroundings = {}): string {
  const options = { encoding: "utf8", timeout: 180_000, maxBuffer: 10_000_000 } as const;
  const { status, stdout, stderr, error } = spawnSync(command, argv, { ...options, ...around });
  if (status === 0) return stdout;
  throw new Error(`${command} ${argv.join(" ")}: ${status}\n${stdout}${stderr}${error ?? ""}`);
}
