/**
 * Makes an executable: Bun's runtime, the product's code, its parts, and a set of migrations. The
 * code comes bundled, from build.ts or from the executable that runs this, so that no toolchain and
 * no network are needed, and the same input gives the same bytes, whoever makes it.
 *
 * Everything is handed to Bun in memory. A file that Bun embeds from disk loses its byte order
 * mark and is recoded from UTF-16, and `assets` leaves out symbolic links.
 */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { chdir, cwd } from "node:process";
import { noteForeignBuilder, type Change } from "../core/built-elsewhere.ts";
import { checksumOf } from "../core/checksum.ts";
import { sha256 } from "../core/hash.ts";
import { type PackedFile, pack, unpack } from "../core/pack.ts";
import { type Platform, platformOf } from "../core/platform.ts";
import { type Made, type Maker, Refusal } from "../ports.ts";
import { productVersion } from "../product.ts";
import type { Inside } from "./inside.ts";
import { makeFolder, pathToWrite, putInPlace, removeLeftOvers } from "./making.ts";
import { baseFor, type Own } from "./runtime.ts";

/** What every executable of one version has. */
export type FixedPart = (typeof fixedParts)[number];

export const fixedParts = [
  // The product's own code, to make another executable of.
  "code.pack",
  "parser.wasm",
  "pglite.wasm",
  "initdb.wasm",
  "pglite.data",
  // A new cluster, for PGlite's loadDataDir.
  "cluster.tar.gz",
  "extensions.pack",
] as const;

/** What an executable is made of beside a set. */
export interface Contents {
  /** ES modules by name; they import what is inside from `insideModule`. */
  readonly code: readonly PackedFile[];
  readonly parts: Readonly<Record<Exclude<FixedPart, "code.pack">, Uint8Array>>;
}

/** The modules that are started: the second is what the first starts as a thread. */
const entryPoints = ["start.js", "pglite-worker.js"] as const;

/** What the code imports in the place of adapters/inside.ts. */
export const insideModule = "/inside/inside.js";

interface Bundler {
  readonly version: string;
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** Bun's bundler. Every executable has it; Node and Deno have none. */
const bundler = (globalThis as unknown as { readonly Bun?: Bundler }).Bun;

export function executableMaker(contents: Contents, own: Own): Maker {
  return {
    async make({ out, files, set, platform = own.platform, runtime }) {
      if (bundler === undefined) throw new Error("only Bun makes executables");
      const path = pathToWrite(out);
      removeLeftOvers(dirname(path));
      const inside = new Map<string, Uint8Array>([
        ["code.pack", pack(contents.code)],
        ...Object.entries(contents.parts),
      ]);
      const migrations = files && packOf(files);
      if (migrations !== undefined) inside.set("migrations.pack", migrations);
      const { code } = contents;
      const before = cwd();
      using folder = makeFolder(path, out);
      try {
        const given = { platform, own, runtime, folder: folder.path };
        const base = baseFor({ ...given, bunVersion: bundler.version });
        // Bun writes its unfinished file there, and relative paths become part of the bytes.
        chdir(folder.path);
        const packSha256 = migrations && sha256(migrations);
        const made = await bundle(bundler, { out, platform, base, set, packSha256, inside, code });
        const bytes = readFileSync(made);
        for (const part of inside.values()) {
          if (!bytes.includes(part)) throw notBuilt(out, "not all of its parts are in it");
        }
        if (platformOf(bytes) !== platform) throw notBuilt(out, `it is not for ${platform}`);
        const changes = noteForeignBuilder(bytes, platform);
        if (changes === undefined) throw notBuilt(out, "Bun's end mark is not in it");
        writeChanges(made, bytes, changes);
        const canRun = platform === own.platform;
        if (canRun) prove(made, out, set);
        putInPlace(made, path, out);
        const proof = canRun ? "run" : "read";
        return {
          path: out,
          platform,
          bytes: bytes.length,
          sha256: sha256(bytes),
          proof,
        } satisfies Made;
      } finally {
        chdir(before);
      }
    },
  };
}

/** What the executable that runs this is made of. */
export function contentsOf({ parts }: Inside): Contents {
  const read = (part: FixedPart): readonly [FixedPart, Uint8Array] => [
    part,
    readFileSync(parts[part]),
  ];
  const entries = fixedParts.map(read);
  const { "code.pack": code, ...others } = Object.fromEntries(entries) as Contents["parts"] & {
    readonly "code.pack": Uint8Array;
  };
  return { code: unpack(code), parts: others };
}

interface Bundle {
  readonly out: string;
  readonly platform: Platform;
  /** Undefined: Bun takes the executable that runs this. */
  readonly base: string | undefined;
  readonly set: Inside["set"];
  readonly packSha256: Inside["packSha256"];
  readonly inside: ReadonlyMap<string, Uint8Array>;
  readonly code: readonly PackedFile[];
}

/** Gives the path of what was made, in the working directory. */
async function bundle(
  bun: Bundler,
  { out, platform, base, set, packSha256, inside, code }: Bundle,
): Promise<string> {
  // The name is part of the bytes, so it is the same whatever the result is called.
  const outfile = "lacuna";
  try {
    await bun.build({
      entrypoints: entryPoints.map((name) => `/code/${name}`),
      files: {
        ...Object.fromEntries(code.map(({ name, bytes }) => [`/code/${name}`, bytes])),
        ...Object.fromEntries([...inside].map(([name, bytes]) => [`/inside/${name}`, bytes])),
        [insideModule]: insideCode({ platform, set, packSha256 }, [...inside.keys()].toSorted()),
      },
      // All in one folder inside: the thread's file is looked for beside who starts it.
      naming: { entry: "[name].[ext]", asset: "[name].[ext]" },
      target: "bun",
      format: "esm",
      // Start-up: what is imported dynamically stays outside of what every command loads.
      splitting: true,
      minify: true,
      bytecode: true,
      sourcemap: "none",
      // A package.json in the machine's root folder has no say.
      ignoreDCEAnnotations: true,
      compile: {
        outfile: resolve(outfile),
        // What runs once is not worth compiling: an `up` with nothing to do on 500 or 1,000 files takes
        // a fifth less CPU time, and 5 MB less; 10,000 is no better. PGlite and the parser set it back
        // (build/code.ts).
        jitPolicy: 100,
        ...(base === undefined ? {} : { target: `bun-${platform}`, executablePath: base }),
        // A bunfig.toml in the working directory could run code in the tool.
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadTsconfig: false,
        autoloadPackageJson: false,
      },
    });
  } catch (error) {
    const { errors = [] } = error as { readonly errors?: readonly unknown[] };
    throw notBuilt(out, (errors.length > 0 ? errors : [error]).map(messageOf).join("; "));
  }
  // Bun adds the ending by itself.
  return resolve(existsSync(outfile) ? outfile : `${outfile}.exe`);
}

/** A module of the shape of adapters/inside.ts. */
function insideCode(noted: Omit<Inside, "parts">, parts: readonly string[]): string {
  const lines = parts.map(
    (name, index) =>
      `import part${index} from ${JSON.stringify(`/inside/${name}`)} with { type: "file" };`,
  );
  const paths = parts.map((name, index) => `"${name}": part${index}`).join(", ");
  const fields = `...${JSON.stringify(noted)}, parts: { ${paths} }`;
  return [...lines, `export const inside = { ${fields} };`].join("\n");
}

/** With the checksum of each file, so that no start has to compute them. */
function packOf(files: readonly PackedFile[]): Uint8Array<ArrayBuffer> {
  return pack(files.map(({ name, bytes }) => ({ name, bytes, checksum: checksumOf(bytes) })));
}

function writeChanges(path: string, bytes: Uint8Array, changes: readonly Change[]): void {
  if (changes.length === 0) return;
  const file = openSync(path, "r+");
  try {
    for (const [start, end] of changes) writeSync(file, bytes, start, end - start, start);
  } finally {
    closeSync(file);
  }
}

/** Lets it say what it is, with an empty environment. */
function prove(executable: string, out: string, set: Inside["set"]): void {
  const { status, stdout, stderr, error } = spawnSync(executable, ["--version", "--json"], {
    env: {},
    // For a pipe that stays empty Bun opens /dev/null, and a root folder may have none.
    stdio: ["inherit", "pipe", "pipe"],
    encoding: "utf8",
    timeout: 60_000,
  });
  // Not with the right to run files in this folder, for example.
  if (error !== undefined) throw notBuilt(out, `it does not run here: ${error.message}`);
  const said = status === 0 ? parsed(stdout) : undefined;
  const isSame =
    said?.version === productVersion &&
    said.embedded?.count === set?.count &&
    said.embedded?.digest === set?.digest;
  if (!isSame) throw notBuilt(out, `it says of itself: ${stdout}${stderr}`.trim());
}

interface Said {
  readonly version?: string;
  readonly embedded?: Inside["set"] | null;
}

function parsed(text: string): Said | undefined {
  try {
    return JSON.parse(text) as Said;
  } catch {
    return undefined;
  }
}

function notBuilt(path: string, message: string): Refusal {
  return new Refusal([{ code: "not-built", path, message }]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
