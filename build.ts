/**
 * `bun build.ts [--migrations DIR] [--out FILE]` makes the executable for this machine, with the
 * migrations inside it byte for byte, and proves it: what can't be proven is deleted. The same
 * sources give the same executable, wherever they lie.
 *
 * Nothing on disk is changed for it. Some modules are replaced while they are bundled, and what
 * they embed is given to Bun in memory: a file that Bun embeds from disk loses its byte order
 * mark and is recoded from UTF-16, and `assets` leaves out symbolic links.
 */
import { spawnSync } from "node:child_process";
import nodeCrypto, { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { PGlite } from "@electric-sql/pglite";
// Read and counted as the executable does it, so that a build refuses what `up` would refuse.
import { directorySource } from "./src/adapters/directory.ts";
import { setDigest } from "./src/core/digest.ts";
import { explain } from "./src/core/explain/explain.ts";
import { scan } from "./src/core/scan.ts";
import { Refusal } from "./src/ports.ts";
import type { SourceFile } from "./src/core/migration.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What the executable holds beyond the sources: modules by their path on disk, and files. */
interface Inside {
  readonly modules: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, Bytes>>;
}

const root = import.meta.dirname;
const pgliteDist = dirname(Bun.resolveSync("@electric-sql/pglite", root));

const { values: flags } = parseArgs({
  options: { migrations: { type: "string" }, out: { type: "string" } },
});
try {
  await buildExecutable(
    resolve(flags.migrations ?? join(root, "migrations")),
    resolve(flags.out ?? join(root, "dist/lacuna")),
  );
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  for (const problem of error.problems) console.error(`error: ${explain(problem).title}`);
  process.exit(1);
}

async function buildExecutable(folder: string, out: string): Promise<void> {
  // Paths relative to the working directory become part of the bytes, and Bun writes there.
  process.chdir(root);
  removeLeftOvers();
  const files = await directorySource(folder).list();
  const inside = [embeddedSet(files), await pglite(), parser()];
  try {
    await bundle(out, inside);
    const { count, digest } = await prove(out, folder);
    const megabytes = (fs.statSync(out).size / 1e6).toFixed(1);
    console.log(`${out}  ${megabytes} MB  ${count} migrations  ${digest}`);
  } catch (error) {
    fs.rmSync(out, { force: true });
    throw error;
  }
}

/** 100 MB each, of builds that were killed; those of builds that go on are younger. */
function removeLeftOvers(): void {
  for (const name of fs.readdirSync(root)) {
    if (!name.endsWith(".bun-build")) continue;
    const ageMs = Date.now() - (fs.statSync(name, { throwIfNoEntry: false })?.mtimeMs ?? Infinity);
    if (ageMs > 60_000) fs.rmSync(name, { force: true });
  }
}

/** One blob, and the manifest as code: a file of its own for each migration costs every start. */
function embeddedSet(files: readonly SourceFile[]): Inside {
  const { manifest, blob } = packed(files);
  const { count, digest } = setDigestOf(files);
  const code = `
    import blobPath from "/inside/migrations.blob" with { type: "file" };
    const files = ${JSON.stringify(manifest)};
    export const embeddedSet = { blobPath, files, count: ${count}, digest: "${digest}" };`;
  return {
    modules: { [join(root, "src/adapters/embedded-set.ts")]: code },
    files: { "/inside/migrations.blob": blob },
  };
}

interface Packed {
  readonly manifest: readonly { name: string; offset: number; length: number }[];
  readonly blob: Bytes;
}

function packed(files: readonly Pick<SourceFile, "name" | "bytes">[]): Packed {
  let offset = 0;
  const manifest = files.map(({ name, bytes }) => {
    offset += bytes.length;
    return { name, offset: offset - bytes.length, length: bytes.length };
  });
  return { manifest, blob: new Uint8Array(Buffer.concat(files.map((file) => file.bytes))) };
}

async function pglite(): Promise<Inside> {
  const read = (name: string): Bytes => new Uint8Array(fs.readFileSync(join(pgliteDist, name)));
  const extensions = packed(
    fs
      .readdirSync(pgliteDist)
      .filter((name) => name.endsWith(".tar.gz"))
      .toSorted()
      .map((name) => ({ name: name.slice(0, -".tar.gz".length), bytes: read(name) })),
  );
  const code = `
    import { readFileSync } from "node:fs";
    import { gunzipSync } from "node:zlib";
    import pglite from "/inside/pglite.wasm" with { type: "file" };
    import initdb from "/inside/initdb.wasm" with { type: "file" };
    import bundle from "/inside/pglite.data" with { type: "file" };
    import image from "/inside/pglite.tar.gz" with { type: "file" };
    import extensions from "/inside/extensions.blob" with { type: "file" };
    export const pgliteAssets = async () => ({
      pgliteWasmModule: await WebAssembly.compile(readFileSync(pglite)),
      initdbWasmModule: await WebAssembly.compile(readFileSync(initdb)),
      fsBundle: new Blob([readFileSync(bundle)]),
      // PGlite would unpack it too, by a stream, with 40 MB more.
      dataDirImage: new Blob([gunzipSync(readFileSync(image))]),
    });
    const archives = ${JSON.stringify(extensions.manifest)};
    export const extensionArchive = (wanted) => {
      const found = archives.find(({ name }) => name === wanted);
      return found && readFileSync(extensions).subarray(found.offset, found.offset + found.length);
    };`;
  return {
    modules: { [join(root, "src/adapters/pglite-assets.ts")]: code },
    files: {
      "/inside/pglite.wasm": read("pglite.wasm"),
      "/inside/initdb.wasm": read("initdb.wasm"),
      "/inside/pglite.data": read("pglite.data"),
      "/inside/pglite.tar.gz": await dataDirImage(),
      "/inside/extensions.blob": extensions.blob,
    },
  };
}

/**
 * A new cluster for PGlite's loadDataDir. Its initdb takes seconds and twice the memory, so that
 * is paid for here, once; the same sources give the same image, which is why it may be kept until
 * node_modules is laid anew.
 */
async function dataDirImage(): Promise<Bytes> {
  const recipe = sha256(
    Bun.version,
    fs.readFileSync(import.meta.path),
    fs.readFileSync(join(pgliteDist, "pglite.wasm")),
  );
  const kept = join(root, "node_modules/.cache/lacuna", `${recipe}.tar.gz`);
  if (fs.existsSync(kept)) return new Uint8Array(fs.readFileSync(kept));
  const tar = await withoutTimeAndChance(async () => {
    await using database = await PGlite.create();
    return (await database.dumpDataDir("none")).arrayBuffer();
  });
  const image = new Uint8Array(gzipSync(tar));
  fs.mkdirSync(dirname(kept), { recursive: true });
  fs.writeFileSync(`${kept}.${process.pid}`, image);
  fs.renameSync(`${kept}.${process.pid}`, kept);
  return image;
}

/** A cluster is full of the time of its birth and of random bytes; an executable must not be. */
async function withoutTimeAndChance<T>(work: () => Promise<T>): Promise<T> {
  const { Date: clock } = globalThis;
  const now = performance.now.bind(performance);
  const { randomFillSync } = nodeCrypto;
  const birth = clock.UTC(2026, 0);
  try {
    globalThis.Date = class extends clock {
      constructor(...given: [] | [number]) {
        super(...(given.length === 0 ? ([birth] as const) : given));
      }
      static override now = (): number => birth;
    } as DateConstructor;
    performance.now = () => 0;
    nodeCrypto.randomFillSync = (memory) => memory;
    return await work();
  } finally {
    globalThis.Date = clock;
    performance.now = now;
    nodeCrypto.randomFillSync = randomFillSync;
  }
}

/** libpg-query looks for its WebAssembly beside itself, and carries the path of node_modules. */
function parser(): Inside {
  const path = join(dirname(Bun.resolveSync("libpg-query", root)), "libpg-query.js");
  const source = fs.readFileSync(path, "utf8");
  const lookup = 'locateFile("libpg-query.wasm")';
  if (!source.includes(lookup)) throw new Error(`${path} no longer says ${lookup}`);
  // Bun makes the path inside the executable of a require of a .wasm file.
  const code = source.replace(lookup, 'require("./libpg-query.wasm")');
  return { modules: { [path]: code.replaceAll(/\b__(dir|file)name\b/g, '""') }, files: {} };
}

async function bundle(outfile: string, inside: readonly Inside[]): Promise<void> {
  const modules = new Map(inside.flatMap((one) => Object.entries(one.modules)));
  const replaced = new Set<string>();
  await Bun.build({
    // The second is what the first starts as a thread.
    entrypoints: ["src/main.ts", "src/adapters/pglite-worker.ts"].map((path) => join(root, path)),
    files: Object.assign({}, ...inside.map((one) => one.files)) as Record<string, Bytes>,
    plugins: [
      {
        // `files` could replace modules too, but then the names of all chunks, and with them
        // the bytes of the executable, depend on where the repository lies.
        name: "inside",
        setup(build) {
          build.onLoad({ filter: /\.[jt]s$/ }, ({ path }) => {
            const contents = modules.get(path);
            if (contents === undefined) return undefined;
            replaced.add(path);
            return { contents, loader: "js" };
          });
        },
      },
    ],
    // All in one folder inside: the thread's file is looked for beside who starts it.
    naming: { entry: "[name].[ext]" },
    target: "bun",
    format: "esm",
    // Start-up: what is imported dynamically stays outside of what every command loads.
    splitting: true,
    minify: true,
    bytecode: true,
    sourcemap: "none",
    // A bunfig.toml in the working directory could run code in the tool.
    compile: { outfile, autoloadDotenv: false, autoloadBunfig: false },
  });
  for (const path of modules.keys()) {
    if (!replaced.has(path)) throw new Error(`nothing imports ${path}`);
  }
}

/** From an empty directory and with an empty environment, against the folder as it is on disk. */
async function prove(
  executable: string,
  folder: string,
): Promise<{ count: number; digest: string }> {
  const files = await directorySource(folder).list();
  const { count, digest } = setDigestOf(files);
  const cwd = fs.mkdtempSync(join(tmpdir(), "lacuna-proof-"));
  const version = spawnSync(executable, ["--version"], { cwd, env: {}, encoding: "utf8" });
  // Refused if anything is in it: the executable writes nothing to disk.
  fs.rmdirSync(cwd);
  const says = version.stdout.split("\n").some((line) => {
    const words = line.split(/[^0-9a-z]+/);
    return words.includes(digest) && words.includes(String(count));
  });
  if (version.status !== 0 || !says) {
    const said = `${version.stdout}${version.stderr}`;
    throw new Error(`${folder}: ${count} migrations, ${digest}; the executable says:\n${said}`);
  }
  // The digest says nothing of down files.
  if (!fs.readFileSync(executable).includes(packed(files).blob)) {
    throw new Error(`the executable does not hold the bytes of ${folder}`);
  }
  return { count, digest };
}

/** Throws where `up` would refuse the files. */
function setDigestOf(files: readonly SourceFile[]): { count: number; digest: string } {
  const scanned = scan(files);
  if (!scanned.ok) throw new Refusal(scanned.problems);
  return { count: scanned.value.set.size, digest: setDigest(scanned.value.set) };
}

function sha256(...parts: readonly (string | Uint8Array)[]): string {
  return parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
}
