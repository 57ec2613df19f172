/** What is inside every executable beside the code: PGlite and the parser, as WebAssembly. */
import nodeCrypto, { createHash } from "node:crypto";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { PGlite } from "@electric-sql/pglite";
import type { Contents } from "../src/adapters/executable.ts";
import { pack } from "../src/core/pack.ts";

const root = join(import.meta.dirname, "..");
const pgliteDist = dirname(Bun.resolveSync("@electric-sql/pglite", root));
const parserDist = dirname(Bun.resolveSync("libpg-query", root));

export async function parts(): Promise<Contents["parts"]> {
  const archives = fs
    .readdirSync(pgliteDist)
    .filter((name) => name.endsWith(".tar.gz"))
    .toSorted();
  return {
    "parser.wasm": read(parserDist, "libpg-query.wasm"),
    "pglite.wasm": read(pgliteDist, "pglite.wasm"),
    "initdb.wasm": read(pgliteDist, "initdb.wasm"),
    "pglite.data": read(pgliteDist, "pglite.data"),
    "cluster.tar.gz": await newCluster(),
    "extensions.pack": pack(
      archives.map((name) => ({
        name: name.slice(0, -".tar.gz".length),
        bytes: read(pgliteDist, name),
      })),
    ),
  };
}

function read(folder: string, name: string): Uint8Array {
  return fs.readFileSync(join(folder, name));
}

/**
 * A new cluster for PGlite's loadDataDir. Its initdb takes seconds and twice the memory, so that
 * is paid for here, once; the same sources give the same image, which is why it may be kept until
 * node_modules is laid anew.
 */
async function newCluster(): Promise<Uint8Array> {
  const recipe = sha256(
    Bun.version,
    fs.readFileSync(import.meta.path),
    fs.readFileSync(join(pgliteDist, "pglite.wasm")),
  );
  const kept = join(root, "node_modules/.cache/lacuna", `${recipe}.tar.gz`);
  if (fs.existsSync(kept)) return fs.readFileSync(kept);
  const tar = await withoutTimeAndChance(async () => {
    await using database = await PGlite.create();
    return (await database.dumpDataDir("none")).arrayBuffer();
  });
  const image = gzipSync(tar);
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

function sha256(...texts: readonly (string | Uint8Array)[]): string {
  return texts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
}
