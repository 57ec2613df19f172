/** What an executable is built on: Bun, or an executable that was built on it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { withoutSignature } from "../core/macho.ts";
import { withoutLastSection } from "../core/pe.ts";
import { type Platform, platformOf, releaseName } from "../core/platform.ts";
import { Refusal } from "../ports.ts";

/** The executable that runs this: lacuna's, or Bun's. */
export interface Own {
  readonly platform: Platform;
  readonly path: string;
}

interface Wanted {
  readonly platform: Platform;
  readonly own: Own;
  /** The path that was named. */
  readonly runtime: string | undefined;
  /** Where a changed copy may lie. */
  readonly folder: string;
  readonly bunVersion: string;
}

/** What has to be done to a runtime before Bun can take it. */
const preparations: Partial<
  Record<Platform, (runtime: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>>
> = {
  "windows-x64": (runtime) => withoutLastSection(runtime, ".bun"),
  "darwin-x64": withoutSignature,
};

/** A path for Bun; undefined where it can take the executable that runs this. @throws Refusal */
export function baseFor({
  platform,
  own,
  runtime,
  folder,
  bunVersion,
}: Wanted): string | undefined {
  const prepared = preparations[platform];
  const isSelf = runtime === undefined && platform === own.platform;
  if (isSelf && prepared === undefined) return undefined;
  const beside = join(dirname(own.path), releaseName(platform));
  const named = isSelf ? own.path : (runtime ?? beside);
  const path = resolve(named);
  const refuse = (reason: string): Refusal =>
    new Refusal([{ code: "no-runtime", platform, path: named, reason }]);
  if (!existsSync(path)) throw refuse("there is no such file");
  const bytes = attempt(() => readFileSync(path), refuse);
  const found = platformOf(bytes);
  if (found === undefined) throw refuse("it is no executable");
  if (found !== platform) throw refuse(`it is for ${found === "other" ? "something else" : found}`);
  // Another version would run the code by other rules, and not know the bytecode.
  if (!bytes.includes(`Bun/${bunVersion}`)) throw refuse("it is of another version");
  if (prepared === undefined) return path;
  const base = join(folder, `base-of-${releaseName(platform)}`);
  const changed = attempt(() => prepared(new Uint8Array(bytes)), refuse);
  writeFileSync(base, changed);
  return base;
}

/** What cannot be read, as a file or as an executable, is refused in the error's words. */
function attempt<T>(work: () => T, refuse: (reason: string) => Refusal): T {
  try {
    return work();
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
}
