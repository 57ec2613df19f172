/** The house's rules, kept by a test: floors, sizes, who imports which library, banned words. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { productVersion } from "../src/product.ts";

const root = join(import.meta.dirname, "..");
const sources = filesIn("src");

/** From the ground up; the first that fits a path is its floor. Imports go down or stay. */
const floors: readonly (readonly [floor: number, path: RegExp])[] = [
  [7, /^src\/(?:start|main|wiring|run-verify|in-repository|library|testing)\.ts$/],
  [7, /^src\/(?:library|testing)\//],
  [6, /^src\/commands\//],
  [
    5,
    /^src\/(?:apply\/|rehearsal\/|migrate\.ts|pending\.ts|progress\.ts|locked\.ts|survey\.ts|applied-from\.ts|reading\.ts|probing\.ts)/,
  ],
  [4, /^src\/(?:connect|pooler)\.ts/],
  [3, /^src\/(?:ledger|catalog|cli|adapters)\//],
  [2, /^src\/(?:ports|deferred|events|outcome|request|read-set|product|expected)\.ts$/],
  [1, /^src\/core\//],
];

/** What lies side by side on one floor and must not know of each other. */
const neighbours = [/^src\/ledger\//, /^src\/cli\//, /^src\/adapters\//];

/** Each library behind the one file that wraps it. */
const libraries: Readonly<Record<string, RegExp>> = {
  postgres: /^src\/adapters\/authentication\.ts$/,
  // Its second file makes the copies that tests ask for.
  "@electric-sql/pglite": /^src\/adapters\/pglite(?:-snapshot)?\.ts$/,
  "libpg-query": /^src\/adapters\/parser\.ts$/,
  cac: /^src\/cli\/flags\.ts$/,
};

describe("floors", () => {
  test.each(sources)("%s imports downwards", (path) => {
    const floor = floorOf(path);
    for (const imported of importsOf(path).filter((name) => name.startsWith("."))) {
      const target = relative(root, normalize(join(root, dirname(path), imported)));
      if (!target.startsWith("src/")) continue;
      expect(floorOf(target), `${path} (${floor}) imports ${target}`).toBeLessThanOrEqual(floor);
      const [here, there] = [path, target].map((file) =>
        neighbours.findIndex((one) => one.test(file)),
      );
      const areStrangers =
        here !== -1 && there !== -1 && here !== there && !isMadeOfTypes(path, imported);
      expect(areStrangers, `${path} imports its neighbour ${target}`).toBe(false);
    }
  });

  test("every file has a floor", () => {
    expect(sources.filter((path) => floorOf(path) === Number.POSITIVE_INFINITY)).toEqual([]);
  });
});

describe("libraries", () => {
  test.each(sources)("%s imports only what is its to import", (path) => {
    for (const name of importsOf(path).filter((one) => !one.startsWith("."))) {
      const owner = libraries[name];
      const isNode = name.startsWith("node:");
      expect(isNode || owner !== undefined, `${path} imports ${name}`).toBe(true);
      if (owner !== undefined) expect(path).toMatch(owner);
      // The core computes; the only thing of the system that it uses are hashes.
      if (path.startsWith("src/core/")) expect(name).toBe("node:crypto");
      // Whatever else imports it makes every start slower.
      if (name === "node:crypto") expect(path).toBe("src/core/hash.ts");
    }
  });
});

describe("rules", () => {
  const banned: readonly (readonly [RegExp, string, allowed?: RegExp])[] = [
    [/\bBun\./, "no Bun below build.ts: the same source runs under Deno"],
    [
      /\bprocess\b(?!\/)/,
      // start.ts answers before it; the others need its id, its working directory, its end, or what memory is left.
      "main.ts knows the process, and passes on what others need of it",
      /^src\/(?:start|main|adapters\/(?:directory|folder-lock|executable|making))\.ts$/,
    ],
    [/console\.|println/, "nothing is printed but in render"],
    [/\bTO(?:DO)\b|FIX(?:ME)\b|XX(?:X)\b/, "an open end is an issue, not a comment"],
    [
      /Date\.now|new Date\(\)|Math\.random/,
      "time and chance come from the Clock",
      /^src\/adapters\/system\.ts$/,
    ],
    [/DISCARD ALL;|discard all;/, "DISCARD ALL drops the runner's lock"],
    [
      /select pg_catalog.pg_terminate_backend|pg_terminate_backend\(/,
      "nobody else's session is ended",
    ],
  ];
  test.each(sources)("%s keeps them", (path) => {
    const text = withoutComments(readFileSync(join(root, path), "utf8"));
    for (const [pattern, why, allowed] of banned) {
      if (allowed?.test(path) === true) continue;
      expect(pattern.exec(text)?.[0], `${path}: ${why}`).toBeUndefined();
    }
  });

  test("the product's version is that of package.json", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as unknown;
    expect(manifest).toHaveProperty("version", productVersion);
  });

  test("core is synchronous", () => {
    const asynchronous = sources
      .filter((path) => path.startsWith("src/core/"))
      .filter((path) =>
        /\basync\b|\bawait\b|\bPromise\b/.test(
          withoutComments(readFileSync(join(root, path), "utf8")),
        ),
      );
    expect(asynchronous).toEqual([]);
  });

  test.each(sources)("%s is a page that can be read", (path) => {
    const lines = readFileSync(join(root, path), "utf8").split("\n");
    expect(lines.length).toBeLessThanOrEqual(330);
    const long = lines.filter((line) => line.length > 200);
    expect(long).toEqual([]);
  });
});

function filesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted();
}

function floorOf(path: string): number {
  return floors.find(([, pattern]) => pattern.test(path))?.[0] ?? Number.POSITIVE_INFINITY;
}

function importsOf(path: string): readonly string[] {
  const text = withoutComments(readFileSync(join(root, path), "utf8"));
  const pattern = /(?:(?<=[\s}*])from|\bimport\()\s*"([^"]+)"/g;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** Types cross between neighbours without making one need the other at run time. */
function isMadeOfTypes(path: string, imported: string): boolean {
  const text = readFileSync(join(root, path), "utf8");
  const statement = new RegExp(`import ([^;]*?) from "${imported.replaceAll(".", "\\.")}"`).exec(
    text,
  );
  return statement?.[1]?.startsWith("type ") === true;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}
