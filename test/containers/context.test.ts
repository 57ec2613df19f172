/** What goes into an image beside the executable, and what is not replaced by it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { identifiersOf } from "../../build/bun.ts";
import { papers } from "../../build/papers.ts";
import { elf } from "../support/elf.ts";

const root = join(import.meta.dirname, "../..");
const arm64 = 183;
const documents = "root/usr/share/doc";
const made = new Map(papers().map(({ name, bytes }) => [name, Buffer.from(bytes).toString()]));
let folder = "";
let executable = "";
let libraries = "";

beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), "lacuna-context-"));
  executable = join(folder, "program");
  libraries = join(folder, "lib");
  lay(folder, { program: elf(arm64, "/lib/ld.so", ["libc.so.6"]) });
  lay(libraries, {
    "ld.so": elf(arm64),
    "libc.so.6": Buffer.concat([elf(arm64), Buffer.from("_nss_dns_gethostbyname4_r\0")]),
  });
});
afterAll(() => {
  fs.rmSync(folder, { recursive: true });
});

describe("licences", () => {
  test("those of all that is inside go along, and libc's", () => {
    const notice = join(folder, "notice");
    fs.writeFileSync(notice, "the terms of this libc");
    const out = join(folder, "with");
    expect(layOut(out, "--notice", notice)).toEqual({ status: 0, stderr: "" });
    const text = (name: string): string => fs.readFileSync(join(out, documents, name), "utf8");
    for (const name of ["LICENSE", "THIRD-PARTY-LICENSES", "lacuna.cdx.json"])
      expect(text(`lacuna/${name}`)).toBe(made.get(name) ?? "");
    expect(text("libc/copyright")).toBe("the terms of this libc");
  });

  test("without libc's there is no image, and the former context stays", () => {
    const out = join(folder, "without");
    lay(out, { lacuna: "former", [`${documents}/lacuna/LICENSE`]: "" });
    fs.mkdirSync(join(out, "work"));
    const { status, stderr } = layOut(out);
    expect(status).toBe(1);
    const wanted = join(libraries, "copyright");
    expect(stderr).toStartWith(
      `error: there is no ${wanted}, the licence of the C library\n\nhint:`,
    );
    expect(stderr).toContain("--notice");
    expect(fs.readFileSync(join(out, "lacuna"), "utf8")).toBe("former");
    const beside = join(folder, "lib-with");
    fs.cpSync(libraries, beside, { recursive: true });
    lay(beside, { copyright: "the terms beside it" });
    expect(layOut(out, "--libraries", beside).status).toBe(0);
    const notice = fs.readFileSync(join(out, documents, "libc/copyright"), "utf8");
    expect(notice).toBe("the terms beside it");
  });

  test("the label names all of them", () => {
    const { metadata, components } = JSON.parse(made.get("lacuna.cdx.json") ?? "") as Bom;
    const [own, ofLibc, ofAuthorities] = ["MIT", "LGPL-2.1-or-later", "MPL-2.0"];
    expect(licenceOf(metadata.component)).toBe(own);
    const inside = components.flatMap((one) =>
      one.name === "bun"
        ? [licenceOf(one), ...(one.components ?? []).flatMap(identifiersInBun)]
        : [one, ...(one.components ?? [])].flatMap((part) => licenceOf(part).split(" AND ")),
    );
    const all = [...new Set([own, ...inside, ofLibc, ofAuthorities])].toSorted();
    const dockerfile = fs.readFileSync(join(root, "container/Dockerfile"), "utf8");
    const label = /image\.licenses="(.*)"/.exec(dockerfile)?.[1];
    expect(label).toBe(all.join(" AND "));
  });
});

describe("what is in the way", () => {
  const context = { lacuna: "", [`${documents}/lacuna/LICENSE`]: "" };
  test.each([
    ["a folder work/ alone", { "work/thesis.txt": "" }, []],
    ["a folder root/ alone", { "root/secret": "" }, []],
    ["folders by the three names", { lacuna: "", "root/secret": "" }, ["work"]],
    ["a context with more", { ...context, "thesis.txt": "" }, ["work"]],
    ["a context that was worked in", { ...context, "work/migrator": "" }, []],
  ])("%s is not replaced", (title, files, folders) => {
    const out = join(folder, title.replaceAll(/\W/g, "-"));
    lay(out, files);
    for (const name of folders) fs.mkdirSync(join(out, name));
    const { status, stderr } = layOut(out, "--notice", executable);
    expect(stderr).toStartWith(`error: ${out} holds something else than a context: `);
    expect(status).toBe(1);
    for (const name of Object.keys(files)) expect(fs.existsSync(join(out, name))).toBe(true);
  });

  test("a context is replaced", () => {
    const out = join(folder, "again");
    expect(layOut(out, "--notice", executable).status).toBe(0);
    fs.writeFileSync(join(out, "lacuna"), "another");
    expect(layOut(out, "--notice", executable).status).toBe(0);
    expect(fs.readFileSync(join(out, "lacuna"))).toEqual(fs.readFileSync(executable));
  });
});

interface Entry {
  readonly name: string;
  readonly licenses: readonly {
    readonly license?: { readonly id?: string; readonly name?: string };
    readonly expression?: string;
  }[];
  readonly components?: readonly Entry[];
}

interface Bom {
  readonly metadata: { readonly component: Entry };
  readonly components: readonly Entry[];
}

function licenceOf({ licenses: [first] }: Entry): string {
  return first?.expression ?? first?.license?.id ?? first?.license?.name ?? "";
}

function identifiersInBun(part: Entry): readonly string[] {
  return identifiersOf({ name: part.name, version: undefined, licence: licenceOf(part) });
}

function layOut(
  out: string,
  ...flags: readonly string[]
): { readonly status: number | null; readonly stderr: string } {
  const script = join(root, "container/context.ts");
  const argv = [script, "--executable", executable, "--libraries", libraries, "--out", out];
  const options = { encoding: "utf8", timeout: 60_000 } as const;
  const { status, stderr } = spawnSync(process.execPath, [...argv, ...flags], options);
  return { status, stderr };
}

function lay(path: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(dirname(join(path, name)), { recursive: true });
    fs.writeFileSync(join(path, name), content);
  }
}
