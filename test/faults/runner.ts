/** `lacuna up --json` as a process that can be killed. */
import { spawn } from "node:child_process";

export interface Runner {
  readonly ended: Promise<Ended>;
  /** What it has said so far. */
  said(): readonly Said[];
  /** Both resolve when it has said that, behind something else if that is given, or has ended. */
  saying(event: string, behind?: string): Promise<void>;
  saidLines(count: number): Promise<void>;
  kill(signal?: "SIGKILL" | "SIGTERM"): void;
}

export interface Ended {
  /** Undefined: it was killed. */
  readonly exitCode: number | undefined;
  readonly said: readonly Said[];
  /** For a report. */
  readonly output: string;
  readonly elapsedMs: number;
}

export interface Said {
  readonly event: string;
  readonly version?: string;
}

export interface RunnerOptions {
  readonly executable: string;
  readonly migrations: string;
  readonly url: string;
  readonly flags?: readonly string[];
}

/** Nothing here takes that long: a runner that does hangs. */
const limitMs = 60_000;

export function startRunner({ executable, migrations, url, flags = [] }: RunnerOptions): Runner {
  const startMs = performance.now();
  const argv = ["up", "--json", "--migrations", migrations, "--database-url", url, ...flags];
  const child = spawn(executable, argv, {
    env: {},
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limitMs,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
    for (const listener of listeners) listener();
  });
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const elapsedMs = performance.now() - startMs;
      const late = elapsedMs < limitMs ? "" : `\n(killed after ${limitMs / 1000} s)`;
      const output = `${stdout}${stderr}${late}`;
      resolve({ exitCode: code ?? undefined, said: saidIn(stdout), output, elapsedMs });
    });
  });
  return {
    ended,
    said: () => saidIn(stdout),
    saying: (event, behind) =>
      until((said) => {
        const from = behind === undefined ? 0 : said.findIndex((line) => line.event === behind);
        return from !== -1 && said.slice(from).some((line) => line.event === event);
      }),
    saidLines: (count) => until((said) => said.length >= count),
    kill: (signal = "SIGKILL") => void child.kill(signal),
  };

  async function until(isSaid: (said: readonly Said[]) => boolean): Promise<void> {
    await Promise.race([
      ended,
      new Promise<void>((resolve) => {
        const listener = (): void => {
          if (isSaid(saidIn(stdout))) resolve();
        };
        listeners.add(listener);
        listener();
      }),
    ]);
  }
}

/** The versions that a run said it had applied. */
export function saidApplied(said: readonly Said[]): readonly string[] {
  return said.flatMap(({ event, version }) => (event === "applied" ? [version ?? "?"] : []));
}

/** A killed runner's last line may be cut off. */
function saidIn(stdout: string): readonly Said[] {
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Said);
}
