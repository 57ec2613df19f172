/**
 * A release: for each platform an executable without migrations, and an archive of it with what
 * goes with it; the bill of materials; and the sums of all files, as `sha256sum --check` reads them.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { type Contents, executableMaker } from "../src/adapters/executable.ts";
import { makeFolder, removeLeftOvers } from "../src/adapters/making.ts";
import type { Own } from "../src/adapters/runtime.ts";
import { type Platform, releaseName } from "../src/core/platform.ts";
import { productVersion } from "../src/product.ts";
import { type ArchivedFile, tarGz, zip } from "./archives.ts";
import { papers } from "./papers.ts";
import { madeAndFinished } from "./pipeline.ts";
import { demandRelease, replaceFolder, sumsName } from "./place.ts";
import { runtimeFor } from "./runtimes.ts";

export interface ReleasedFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** @param out A folder that is not there yet, is empty, or holds a release: it is replaced. */
export async function release(
  out: string,
  wanted: readonly Platform[],
  contents: Contents,
  own: Own,
): Promise<readonly ReleasedFile[]> {
  demandRelease(out);
  fs.mkdirSync(dirname(out), { recursive: true });
  removeLeftOvers(dirname(out));
  using temporary = makeFolder(out, out);
  const folder = join(temporary.path, "release");
  fs.mkdirSync(folder);
  const maker = executableMaker(contents, own);
  const companions = papers();
  const files: ReleasedFile[] = [];
  const write = (name: string, bytes: Uint8Array): void => {
    fs.writeFileSync(join(folder, name), bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    files.push({ name, sha256, bytes: bytes.length });
  };
  const make = async (platform: Platform): Promise<Platform> => {
    const runtime = join(temporary.path, `runtime-${platform}`);
    fs.writeFileSync(runtime, await runtimeFor(platform));
    const { sha256, bytes } = await maker.make({
      out: join(folder, releaseName(platform)),
      files: undefined,
      set: undefined,
      platform,
      runtime,
    });
    fs.rmSync(runtime);
    files.push({ name: releaseName(platform), sha256, bytes });
    return platform;
  };
  // An archive is packed beside the making of the next executable: 1.4 GB of memory at most.
  await madeAndFinished(wanted, make, async (platform) => {
    const executable = join(folder, releaseName(platform));
    const { name, bytes } = await archiveOf(platform, executable, companions);
    write(name, bytes);
  });
  for (const { name, bytes } of companions) {
    if (name === "lacuna.cdx.json") write(`lacuna-${productVersion}.cdx.json`, bytes);
  }
  files.sort((one, other) => (one.name < other.name ? -1 : 1));
  const sums = files.map(({ sha256, name }) => `${sha256}  ${name}\n`).join("");
  fs.writeFileSync(join(folder, sumsName), sums);
  // Making took minutes, in which somebody may have put something there.
  demandRelease(out);
  replaceFolder(folder, out);
  return files;
}

/** Zip for Windows, which opens it without a tool. */
async function archiveOf(
  platform: Platform,
  executable: string,
  companions: readonly ArchivedFile[],
): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  const isWindows = platform.startsWith("windows");
  const folder = `lacuna-${productVersion}-${platform}`;
  const program: ArchivedFile = {
    name: isWindows ? "lacuna.exe" : "lacuna",
    bytes: fs.readFileSync(executable),
    isExecutable: true,
  };
  const files = [program, ...companions];
  return isWindows
    ? { name: `${folder}.zip`, bytes: await zip(folder, files) }
    : { name: `${folder}.tar.gz`, bytes: await tarGz(folder, files) };
}
