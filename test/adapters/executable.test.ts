/** What is made of wrong parts is not put in its place. */
import { afterAll, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Contents,
  executableMaker,
  fixedParts,
  insideModule,
} from "../../src/adapters/executable.ts";
import { type Platform, platformOf } from "../../src/core/platform.ts";
import { Refusal } from "../../src/ports.ts";
import { productVersion } from "../../src/product.ts";

const temporary = fs.mkdtempSync(join(tmpdir(), "lacuna-maker-"));
const own = { platform: ownPlatform(), path: process.execPath };
const set = { count: 1, digest: "ab" };
const files = [{ name: "1_a.sql", path: "1_a.sql", bytes: new Uint8Array([1, 2, 3]) }];
const parts = Object.fromEntries(
  fixedParts
    .filter((name) => name !== "code.pack")
    .map((name) => [name, new TextEncoder().encode(`the part ${name}`)]),
) as unknown as Contents["parts"];

afterAll(() => {
  fs.rmSync(temporary, { recursive: true });
});

const honest = `
  import { inside } from "${insideModule}";
  import { readFileSync } from "node:fs";
  readFileSync(inside.parts["migrations.pack"]);
  console.log(JSON.stringify({ version: "${productVersion}", embedded: inside.set }));`;

test("what says truly what it is is put in its place", async () => {
  const out = join(temporary, "honest");
  expect(await make(honest, out)).toMatchObject({
    path: out,
    platform: own.platform,
    proof: "run",
  });
  expect(fs.statSync(out).size).toBeGreaterThan(1e7);
}, 30_000);

test.each([
  ["another version", honest.replace(productVersion, "0.0.0"), '"version":"0.0.0"'],
  ["another digest", honest.replace("inside.set", "{ ...inside.set, digest: '' }"), '"digest":""'],
  ["another count", honest.replace("inside.set", "{ ...inside.set, count: 2 }"), '"count":2'],
  ["no migrations", honest.replace("inside.set", "null"), '"embedded":null'],
  ["nothing that is JSON", honest.replace("JSON.stringify", "String"), "[object Object]"],
  ["it, and fails", `${honest}\nprocess.exit(1)`, "it says of itself: {"],
  ["it without all of its parts", "console.log('no import')", "not all of its parts are in it"],
  ["what it cannot be bundled of", 'import "./absent.js"', "absent.js"],
])(
  "not what says %s",
  async (_, code, why) => {
    const out = join(temporary, "lying");
    const refusal = await make(code, out).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Refusal);
    const [problem] = (refusal as Refusal).problems;
    expect(problem).toMatchObject({ code: "not-built", path: out });
    expect(JSON.stringify(problem)).toContain(JSON.stringify(why).slice(1, -1));
    expect(fs.readdirSync(temporary)).toEqual(["honest"]);
  },
  30_000,
);

function ownPlatform(): Platform {
  const found = platformOf(fs.readFileSync(process.execPath));
  if (found === undefined || found === "other") throw new Error("no executable for this machine");
  return found;
}

async function make(code: string, out: string): Promise<unknown> {
  const modules = [
    { name: "start.js", bytes: new TextEncoder().encode(code) },
    { name: "pglite-worker.js", bytes: new Uint8Array() },
  ];
  const maker = executableMaker({ code: modules, parts }, own);
  return maker.make({ out, files, set, platform: undefined, runtime: undefined });
}
