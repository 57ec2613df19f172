/** Making and packing side by side, and what becomes of one where the other fails. */
import { expect, test } from "bun:test";
import { madeAndFinished } from "../../build/pipeline.ts";

/** What happened, in order; each step takes a moment. @param failing The steps that end in an error. */
async function logOf(...failing: readonly string[]): Promise<readonly string[]> {
  const log: string[] = [];
  const step = async (name: string, ms: number): Promise<string> => {
    log.push(name);
    await Bun.sleep(ms);
    log.push(`${name} ${failing.includes(name) ? "failed" : "done"}`);
    if (failing.includes(name)) throw new Error(`${name} failed`);
    return name.replace("make ", "");
  };
  await madeAndFinished(
    ["a", "b", "c"],
    (item) => step(`make ${item}`, item === "b" ? 60 : 20),
    async (made) => {
      await step(`pack ${made}`, 40);
    },
  ).catch((error: unknown) => log.push(String(error)));
  return log;
}

test("one is packed while the next is made, and never two", async () => {
  expect((await logOf()).join(", ")).toBe(
    "make a, make a done, pack a, make b, pack a done, make b done, " +
      "pack b, make c, make c done, pack b done, pack c, pack c done",
  );
});

test("where packing fails, the making beside it ends first, and nothing else begins", async () => {
  expect((await logOf("pack a")).slice(2).join(", ")).toBe(
    "pack a, make b, pack a failed, make b done, Error: pack a failed",
  );
});

test("where making fails, the packing beside it ends first", async () => {
  expect((await logOf("make c")).slice(6).join(", ")).toBe(
    "pack b, make c, make c failed, pack b done, Error: make c failed",
  );
});

test("the last packing counts", async () => {
  expect((await logOf("pack c")).at(-1)).toBe("Error: pack c failed");
});
