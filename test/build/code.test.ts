import { expect, test } from "bun:test";
import { bundledCode } from "../../build/code.ts";

const code = new Map(
  (await bundledCode()).map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)]),
);

test("no part of an executable's code imports node:crypto, node:stream or node:perf_hooks, which every start would pay for", () => {
  const importing = [...code].filter(([, text]) =>
    /(?:from|import)\s*"(?:node:)?(?:crypto|stream|perf_hooks)"/.test(text),
  );
  expect(importing.map(([name]) => name)).toEqual([]);
});

test("what is loaded before a request is read lies in a few chunks", () => {
  const start = code.get("start.js") ?? "";
  const main = /\bimport\("\.\/([^"]+)"\)/.exec(start)?.[1] ?? "";
  const loaded = new Set(["start.js", main]);
  for (const name of loaded) {
    const text = code.get(name) ?? "";
    for (const [, imported = ""] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g))
      loaded.add(imported);
  }
  expect([...loaded].filter((name) => !code.has(name))).toEqual([]);
  // 27 where Bun alone decides.
  expect(loaded.size).toBeLessThan(8);
});
