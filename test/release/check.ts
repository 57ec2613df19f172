/**
 * `bun run release-check`: a release, made as it is published, and what somebody finds who downloads
 * it: the sums, the archives by the system's own tools, the executable that runs here, and those
 * for other machines as a base for executables with migrations inside.
 */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runtimeFor } from "../../build/runtimes.ts";
import { type Platform, platformOf, platforms, releaseName } from "../../src/core/platform.ts";
import { productVersion } from "../../src/product.ts";
import { demandEqual } from "../support/demand.ts";
import { whyNotThere } from "../support/packages.ts";
import { run } from "../support/run.ts";
import { sha256 } from "../support/sha256.ts";
import { suite } from "../support/suite.ts";
import { signatureOf } from "./signature.ts";

const { check, skip, end } = suite();
const root = join(import.meta.dirname, "../..");
const temporary = fs.mkdtempSync(join(tmpdir(), "lacuna-release-"));
const [released, again, unpacked, empty, made] = [
  "release",
  "again",
  "unpacked",
  "empty",
  "made",
].map((name) => join(temporary, name)) as [string, string, string, string, string];
const migrations = join(root, "migrations");
/** To run what was made for arm64. */
const emulator = ["qemu-user-static", "libc6-arm64-cross"];
/** In an empty folder, with an empty environment. */
const alone = { cwd: empty, env: {} };
/** The platform of who runs this: a Linux with glibc. */
const here: Platform = process.arch === "arm64" ? "linux-arm64" : "linux-x64";
const unpackedLacuna = join(unpacked, `lacuna-${productVersion}-${here}`, "lacuna");
const files = platforms.flatMap((platform) => [releaseName(platform), archiveName(platform)]);
const papers = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "THIRD-PARTY-LICENSES",
  "completions/_lacuna",
  "completions/lacuna.bash",
  "completions/lacuna.fish",
  "lacuna.cdx.json",
  "man/lacuna.1",
];

try {
  for (const folder of [unpacked, empty, made]) fs.mkdirSync(folder);
  await check("build.ts --all", () => {
    run(process.execPath, ["build.ts", "--all", "--out", released], { cwd: root });
  });
  await check("it holds one executable and one archive a platform, and no more", () => {
    const wanted = [...files, `lacuna-${productVersion}.cdx.json`, "SHA256SUMS"].toSorted();
    demandEqual(fs.readdirSync(released).toSorted(), wanted);
    const bytes = wanted.map((name) => fs.statSync(join(released, name)).size);
    const megabytes = bytes.reduce((sum, one) => sum + one) / 1e6;
    return `${wanted.length} files, ${megabytes.toFixed(0)} MB`;
  });
  await check("sha256sum --check passes, for every file", () => {
    const said = run("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: released });
    demandEqual(said.trim().split("\n").length, fs.readdirSync(released).length - 1);
  });
  for (const platform of platforms) {
    const title = `the archive for ${platform}`;
    const reason = platform.startsWith("windows") ? whyNotThere(["unzip"], hasUnzip) : undefined;
    if (reason === undefined) await check(title, () => list(platform));
    else skip(title, reason);
  }
  for (const platform of platforms) {
    await check(`the executable for ${platform} is one`, () => {
      const bytes = fs.readFileSync(join(released, releaseName(platform)));
      demandEqual(platformOf(bytes), platform);
      // macOS starts nothing without a valid one on arm64, and anything without one on x64.
      if (platform === "darwin-arm64") demandEqual(signatureOf(bytes), "valid");
      if (platform === "darwin-x64") demandEqual(signatureOf(bytes), "none");
    });
  }
  await ownExecutable();
  await sameAgain();
  await builtOnReleased();
  await onArm64();
} finally {
  fs.rmSync(temporary, { recursive: true });
}
end();

/** Names in order, and modes, as the system's own tool says them. */
function list(platform: Platform): string | undefined {
  const archive = join(released, archiveName(platform));
  const folder = `lacuna-${productVersion}-${platform}`;
  const isWindows = platform.startsWith("windows");
  const program = isWindows ? "lacuna.exe" : "lacuna";
  const wanted = [...papers, program].toSorted().map((name) => {
    const mode = name === program ? "-rwxr-xr-x" : "-rw-r--r--";
    return `${mode} ${folder}/${name}`;
  });
  if (isWindows) run("unzip", ["-tq", archive]);
  // Of a line, the first word and the last.
  const ends = (line: string): string => line.replace(/^(\S+)\s.*\s(\S+)$/, "$1 $2");
  const said = isWindows
    ? run("unzip", ["-Z", "-s", archive])
    : run("tar", ["--list", "--verbose", "--utc", "--numeric-owner", "--file", archive]);
  const entries = said.split("\n").filter((line) => /^[-dl]/.test(line));
  demandEqual(entries.map(ends), wanted);
  if (!isWindows) demandEqual(said.match(/ 0\/0 .* 2026-01-01 /g)?.length, wanted.length);
  return `${(fs.statSync(archive).size / 1e6).toFixed(1)} MB`;
}

async function ownExecutable(): Promise<void> {
  const folder = dirname(unpackedLacuna);
  await check("unpacked, it runs in an empty folder with an empty environment", () => {
    run("tar", ["--extract", "--file", join(released, archiveName(here)), "--directory", unpacked]);
    const said = run(unpackedLacuna, ["--version"], alone);
    demandEqual(said, `lacuna ${productVersion}\nno migrations inside\n`);
  });
  await check("it verifies the example history", () =>
    run(unpackedLacuna, ["verify", "--migrations", migrations], alone),
  );
  await check("its man page and completions are those beside it", () => {
    const pages = [
      [["man"], "man/lacuna.1"],
      [["completion", "bash"], "completions/lacuna.bash"],
      [["completion", "zsh"], "completions/_lacuna"],
      [["completion", "fish"], "completions/lacuna.fish"],
    ] as const;
    for (const [argv, name] of pages)
      demandEqual(run(unpackedLacuna, argv, alone), fs.readFileSync(join(folder, name), "utf8"));
  });
  await check("nothing was written where it ran", () => {
    demandEqual(fs.readdirSync(empty), []);
  });
}

/** Two of them, since all take their time: a tar.gz and the zip. */
async function sameAgain(): Promise<void> {
  for (const platform of [here, "windows-x64"] as const) {
    await check(`the same again for ${platform}, in another folder and time zone`, () => {
      const argv = [join(root, "build.ts"), "--all", "--target", platform, "--out", again];
      run(process.execPath, argv, { cwd: empty, env: { ...process.env, TZ: "Pacific/Auckland" } });
      const sums = (folder: string): readonly string[] =>
        fs.readFileSync(join(folder, "SHA256SUMS"), "utf8").trim().split("\n");
      const found = sums(again);
      demandEqual(found.length, 3);
      for (const line of found) if (!sums(released).includes(line)) throw new Error(line);
    });
  }
}

/** What users do who build for another platform; and what build.ts makes of the Bun that npm has. */
async function builtOnReleased(): Promise<void> {
  const sums = new Map<Platform, string>();
  for (const platform of ["linux-arm64", "darwin-arm64", "darwin-x64", "windows-x64"] as const) {
    await check(`an executable for ${platform} is the same, built on Bun and on ours`, async () => {
      const bun = join(made, "bun");
      fs.writeFileSync(bun, await runtimeFor(platform));
      const base = join(released, releaseName(platform));
      const [onBun, onOurs] = await Promise.all([
        make(platform, [process.execPath, join(root, "build.ts"), "--runtime", bun]),
        make(platform, [unpackedLacuna, "build", "--runtime", base]),
      ]);
      demandEqual(onOurs, onBun);
      sums.set(platform, onOurs);
      return onOurs;
    });
  }
  await check("one that lies beside the others finds them by their names", async () => {
    const found = await make("linux-arm64", [join(released, releaseName(here)), "build"]);
    demandEqual(found, sums.get("linux-arm64"));
  });
}

/** Gives the sum of what a command makes of the example history. */
async function make(platform: Platform, command: readonly string[]): Promise<string> {
  const out = join(fs.mkdtempSync(join(made, "out-")), "migrator");
  const argv = [...command, "--migrations", migrations, "--target", platform, "--out", out];
  const child = Bun.spawn(argv, { ...alone, stdout: "ignore", stderr: "pipe", timeout: 180_000 });
  const stderr = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${argv.join(" ")}: ${stderr}`);
  const sum = sumOf(out);
  fs.rmSync(out);
  return sum;
}

/** The executable for arm64, by an emulator: that it runs, and that it makes what this machine makes. */
async function onArm64(): Promise<void> {
  const title = "the executable for linux-arm64, emulated";
  const reason =
    here === "linux-arm64" ? "this machine is one" : whyNotThere(emulator, hasEmulator);
  if (reason !== undefined) {
    skip(title, reason);
    return;
  }
  const emulated = ["-L", "/usr/aarch64-linux-gnu", join(released, "lacuna-linux-arm64")];
  const emulate = (...argv: readonly string[]): string =>
    run("qemu-aarch64-static", [...emulated, ...argv], {
      ...alone,
      env: { PATH: process.env["PATH"] },
    });
  await check(`${title}, says what it is`, () => {
    demandEqual(emulate("--version"), `lacuna ${productVersion}\nno migrations inside\n`);
  });
  await check(`${title}, makes for ${here} what this machine makes`, () => {
    const [there, native] = [join(made, "there"), join(made, "native")];
    const flags = ["--migrations", migrations, "--target", here];
    emulate("build", ...flags, "--out", there);
    run(join(released, releaseName(here)), ["build", ...flags, "--out", native], alone);
    demandEqual(sumOf(there), sumOf(native));
    return run(there, ["--version"], alone);
  });
}

function hasUnzip(): boolean {
  return Bun.which("unzip") !== null;
}

function hasEmulator(): boolean {
  const libraries = "/usr/aarch64-linux-gnu/lib";
  return Bun.which("qemu-aarch64-static") !== null && fs.existsSync(libraries);
}

function archiveName(platform: Platform): string {
  const ending = platform.startsWith("windows") ? "zip" : "tar.gz";
  return `lacuna-${productVersion}-${platform}.${ending}`;
}

function sumOf(path: string): string {
  return sha256(fs.readFileSync(path));
}
