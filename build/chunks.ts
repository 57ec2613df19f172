/**
 * Which modules share a chunk. Bun puts those into one that the same entry points need, and each
 * dynamic import makes another entry point. What main.ts needs would so become twenty chunks, and a
 * start pays for each. But main.ts is there before anything is imported dynamically: a module that is
 * made to need what main.ts needs loads nothing more, and all of that is one chunk.
 */
import * as fs from "node:fs";
import { dirname, join, relative, sep } from "node:path";

const transpiler = new Bun.Transpiler({ loader: "ts" });

/** The modules that are imported dynamically, by their path, and what is bundled in their place. */
export function needingWhatMainNeeds(main: string): ReadonlyMap<string, string> {
  const needed = imported(main, "import-statement");
  return new Map(
    [...entriesBehind(main)].map((path) => {
      const imports = needed.map((one) => `import ${JSON.stringify(specifier(path, one))};\n`);
      return [path, `${fs.readFileSync(path, "utf8")}\n${imports.join("")}`];
    }),
  );
}

function entriesBehind(main: string): ReadonlySet<string> {
  const entries = new Set<string>();
  const seen = new Set([main]);
  for (const path of seen) {
    for (const entry of imported(path, "dynamic-import")) entries.add(entry);
    for (const one of imported(path, "import-statement", "dynamic-import")) seen.add(one);
  }
  return entries;
}

function imported(path: string, ...kinds: readonly Bun.ImportKind[]): readonly string[] {
  return transpiler
    .scanImports(fs.readFileSync(path, "utf8"))
    .filter((one) => kinds.includes(one.kind) && one.path.startsWith("."))
    .map((one) => join(dirname(path), one.path));
}

/** Not the path on this machine: that would become a part of the code. */
function specifier(from: string, to: string): string {
  const path = relative(dirname(from), to).replaceAll(sep, "/");
  return path.startsWith(".") ? path : `./${path}`;
}
