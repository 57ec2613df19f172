/**
 * Bun for each platform: npm's packages that `bun` itself depends on, of the version that
 * package-lock.json has, byte for byte what it recorded for them (`integrity`, SHA-512 of the
 * package's archive), whatever the machine's npm is set up to take packages from.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Platform } from "../src/core/platform.ts";
import { unpackedTarGz } from "./archives.ts";
import { Failure } from "./failure.ts";

const root = join(import.meta.dirname, "..");
const kept = join(root, "node_modules/.cache/lacuna");

const packages: Readonly<Record<Platform, string>> = {
  "linux-x64": "@oven/bun-linux-x64",
  "linux-x64-musl": "@oven/bun-linux-x64-musl",
  "linux-arm64": "@oven/bun-linux-aarch64",
  "linux-arm64-musl": "@oven/bun-linux-aarch64-musl",
  "darwin-x64": "@oven/bun-darwin-x64",
  "darwin-arm64": "@oven/bun-darwin-aarch64",
  "windows-x64": "@oven/bun-windows-x64",
};

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

interface LockFile {
  readonly packages?: Readonly<Record<string, Partial<LockedPackage> | undefined>>;
}

/** Bun's executable for a platform. It is asked for once; what was kept is checked as well. */
export async function runtimeFor(platform: Platform): Promise<Uint8Array> {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as LockFile;
  const locked = lockedPackage(lock, packageFor(platform));
  // It writes bytecode, which only the same version reads.
  if (locked.version !== Bun.version)
    throw new Failure(
      `This is Bun ${Bun.version}, and the lock file has ${locked.version}`,
      "run it with node_modules/.bin/bun behind `npm ci`",
    );
  const path = join(
    kept,
    `${locked.name.replace(/^@/, "").replaceAll("/", "-")}-${locked.version}.tgz`,
  );
  if (!existsSync(path)) download(locked, path);
  const archive = readFileSync(path);
  checkIntegrity(archive, locked, `remove ${path}, and try again`);
  const name = platform.startsWith("windows") ? "bun.exe" : "bun";
  const executable = (await unpackedTarGz(archive)).get(`package/bin/${name}`);
  if (executable === undefined)
    throw new Failure(`${locked.name} holds no bin/${name}`, "look how Bun is packed since then");
  return executable;
}

export function packageFor(platform: Platform): string {
  return packages[platform];
}

/** @throws Failure where the lock file does not say what the package has to be. */
export function lockedPackage(lock: LockFile, name: string): LockedPackage {
  const { version, integrity } = lock.packages?.[`node_modules/${name}`] ?? {};
  if (version === undefined || integrity === undefined || !/^sha512-\S+$/.test(integrity))
    throw new Failure(
      `package-lock.json has no version and SHA-512 for ${name}`,
      "`npm install` with all optional dependencies writes them",
    );
  return { name, version, integrity };
}

/** @throws Failure */
export function checkIntegrity(archive: Uint8Array, locked: LockedPackage, hint: string): void {
  const found = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
  if (found !== locked.integrity)
    throw new Failure(
      `${locked.name} ${locked.version} is not what package-lock.json recorded: ${found}, not ${locked.integrity}`,
      hint,
    );
}

/** Puts the package's archive in its place, whole and checked, or not at all. */
function download(locked: LockedPackage, path: string): void {
  mkdirSync(kept, { recursive: true });
  const folder = mkdtempSync(join(kept, "download-"));
  try {
    const wanted = `${locked.name}@${locked.version}`;
    const argv = ["pack", wanted, "--json", "--prefer-offline", "--pack-destination", folder];
    const { status, stdout, stderr, error } = spawnSync("npm", argv, {
      cwd: root,
      encoding: "utf8",
      timeout: 600_000,
    });
    if (status !== 0) throw unreachable(wanted, error?.message ?? stderr);
    const [{ filename } = { filename: "" }] = JSON.parse(stdout) as { filename: string }[];
    const archive = join(folder, filename);
    checkIntegrity(readFileSync(archive), locked, "do not use what npm gives here");
    renameSync(archive, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function unreachable(wanted: string, said: string): Failure {
  // The rest is where in npm it happened.
  const lines = said.trim().split("\n").slice(0, 4).join("\n");
  return new Failure(
    `npm does not give ${wanted}:\n${lines}`,
    "a release needs Bun for every platform: npm has to reach its registry once, or to have them in its cache",
  );
}
