/**
 * The product's code for an executable: bundled once, from the sources. Making an executable of it
 * (src/adapters/executable.ts) bundles it again, with what is to be inside; so that an executable
 * can do that too, it carries this.
 */
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { insideModule } from "../src/adapters/executable.ts";
import type { PackedFile } from "../src/core/pack.ts";
import { needingWhatMainNeeds } from "./chunks.ts";

const root = join(import.meta.dirname, "..");

/** What stands in the place of modules of Node. */
const instead = (name: string): string =>
  JSON.stringify(join(import.meta.dirname, "instead", name));

/** What works hard asks to be compiled (jitPolicy); it counts for the thread that says it. */
const startsWork = "Bun.unsafe.setJITPolicy(1);";

/** The same sources give the same modules, wherever they lie. */
export async function bundledCode(): Promise<readonly PackedFile[]> {
  const modules = replacements();
  const replaced = new Set<string>();
  const before = process.cwd();
  // Paths relative to the working directory would become part of the chunks' names.
  process.chdir(root);
  const { outputs } = await Bun.build({
    entrypoints: ["src/start.ts", "src/adapters/pglite-worker.ts"].map((path) => join(root, path)),
    plugins: [
      {
        name: "inside",
        setup(build) {
          build.onResolve({ filter: /^\/inside\// }, ({ path }) => ({ path, external: true }));
          build.onLoad({ filter: /\.[jt]s$/ }, ({ path }) => {
            const contents = modules.get(path);
            if (contents === undefined) return undefined;
            replaced.add(path);
            return { contents, loader: path.endsWith(".ts") ? "ts" : "js" };
          });
        },
      },
    ],
    naming: { entry: "[name].[ext]" },
    target: "bun",
    format: "esm",
    splitting: true,
    minify: true,
  }).finally(() => {
    process.chdir(before);
  });
  for (const path of modules.keys()) {
    if (!replaced.has(path)) throw new Error(`nothing imports ${path}`);
  }
  const code = await Promise.all(
    outputs.map(async (output) => ({
      name: basename(output.path),
      bytes: new Uint8Array(await output.arrayBuffer()),
    })),
  );
  return code.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Modules by their path on disk, and what is bundled in their place. Nothing on disk is changed. */
function replacements(): ReadonlyMap<string, string> {
  const parser = dirname(Bun.resolveSync("libpg-query", root));
  const parserModule = join(parser, "libpg-query.js");
  const parserIndex = join(parser, "index.js");
  const postgres = dirname(Bun.resolveSync("postgres", root));
  const postgresConnection = join(postgres, "connection.js");
  const postgresLarge = join(postgres, "large.js");
  const streams = [
    /^import Stream from 'stream'$/m,
    `import Stream from ${instead("stream.ts")}`,
  ] as const;
  const pglite = Bun.resolveSync("@electric-sql/pglite", root);
  return new Map([
    ...needingWhatMainNeeds(join(root, "src/main.ts")),
    [join(root, "src/adapters/inside.ts"), `export { inside } from "${insideModule}";`],
    [join(root, "src/core/hash.ts"), `export { createHash, sha256 } from ${instead("crypto.ts")};`],
    [pglite, `${startsWork}\n${fs.readFileSync(pglite, "utf8")}`],
    // Its sockets are ours (src/adapters/bun-channel.ts); node:net alone takes 6 MB of memory. And
    // `performance` needs no import.
    [
      postgresConnection,
      replaceIn(
        postgresConnection,
        [/^import (?:net|tls|{ performance }) from '(?:net|tls|perf_hooks)'$/gm, ""],
        [/^import crypto from 'crypto'$/m, `import crypto from ${instead("crypto.ts")}`],
        streams,
      ),
    ],
    [postgresLarge, replaceIn(postgresLarge, streams)],
    // It looks for its WebAssembly beside itself, and carries the path of node_modules.
    [parserModule, replaceIn(parserModule, [/\b__(?:dir|file)name\b/g, '""'])],
    [
      parserIndex,
      `${startsWork}\nimport { inside } from "${insideModule}";\n${replaceIn(parserIndex, [
        /\bPgQueryModule\(\)/g,
        'PgQueryModule({ locateFile: () => inside.parts["parser.wasm"], printErr() {} })',
      ])}`,
    ],
  ]);
}

function replaceIn(
  path: string,
  ...changes: readonly (readonly [pattern: RegExp, replacement: string])[]
): string {
  return changes.reduce(
    (before, [pattern, replacement]) => {
      const after = before.replace(pattern, replacement);
      if (after === before) throw new Error(`${path} no longer says ${pattern.source}`);
      return after;
    },
    fs.readFileSync(path, "utf8"),
  );
}
