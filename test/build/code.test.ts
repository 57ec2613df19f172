import { expect, test } from "bun:test";
import { bundledCode } from "../../build/code.ts";

test("no part of an executable's code imports node:crypto, node:stream or node:perf_hooks, which every start would pay for", async () => {
  const importing = (await bundledCode()).filter(({ bytes }) =>
    /(?:from|import)\s*"(?:node:)?(?:crypto|stream|perf_hooks)"/.test(
      new TextDecoder().decode(bytes),
    ),
  );
  expect(importing.map(({ name }) => name)).toEqual([]);
});
