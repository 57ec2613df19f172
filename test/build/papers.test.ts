/** What a release says of what is inside it, and what keeps one from being made. */
import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { bunFrom, licencePage } from "../../build/bun.ts";
import { compiledInto } from "../../build/compiled.ts";
import { packageText } from "../../build/notices.ts";
import { papers } from "../../build/papers.ts";
import { licenceOf, npmBom, sbom as makeSbom } from "../../build/sbom.ts";

const modules = join(import.meta.dirname, "../../node_modules");
const temporary = mkdtempSync(join(tmpdir(), "lacuna-papers-"));
afterAll(() => {
  rmSync(temporary, { recursive: true });
});

const made = new Map(papers().map(({ name, bytes }) => [name, Buffer.from(bytes).toString()]));
const sbom = made.get("lacuna.cdx.json") ?? "";
const notices = made.get("THIRD-PARTY-LICENSES") ?? "";

const manifest = JSON.parse(readFileSync(join(modules, "../package.json"), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly workspaces: readonly string[];
};

interface Entry {
  readonly name: string;
  readonly version?: string;
  readonly licenses: readonly unknown[];
  readonly components?: readonly Entry[];
}

describe("the bill of materials", () => {
  const { components } = JSON.parse(sbom) as { readonly components: readonly Entry[] };
  const flat = (entries: readonly Entry[]): readonly Entry[] =>
    entries.flatMap((entry) => [entry, ...flat(entry.components ?? [])]);

  test("is CycloneDX 1.5, as its schema has it", async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot5);
    expect(await validator.validate(sbom)).toBeNull();
    expect(
      await validator.validate(sbom.replace('"type": "platform"', '"type": "toy"')),
    ).not.toBeNull();
  });

  test("has every package that package.json names, and Bun", () => {
    const versions = Object.fromEntries(components.map(({ name, version }) => [name, version]));
    expect(versions).toMatchObject({ ...manifest.dependencies, bun: Bun.version });
  });

  test("has what is compiled in, with the versions that the files tell", () => {
    const found = flat(components).map(({ name, version }) => `${name} ${version}`);
    for (const one of ["PostgreSQL 18.6", "OpenSSL 3.0.17", "ICU 76.1", "protobuf-c undefined"])
      expect(found).toContain(one);
    const webkit = flat(components).find(({ name }) => name.startsWith("JavaScriptCore"));
    expect(webkit?.version).toMatch(/^[0-9a-f]{40}$/);
  });

  test("has a licence for each", () => {
    expect(flat(components).length).toBeGreaterThan(60);
    expect(flat(components).filter(({ licenses }) => licenses.length !== 1)).toEqual([]);
  });

  test("has no time and no serial number, and is the same again", () => {
    expect(sbom).not.toMatch(/timestamp|serialNumber|urn:uuid/);
    const again = papers().find(({ name }) => name === "lacuna.cdx.json");
    expect(Buffer.from(again?.bytes ?? []).toString()).toBe(sbom);
  });

  test("is the same wherever the repository lies", () => {
    const elsewhere = join(temporary, "elsewhere");
    const workspaces = manifest.workspaces.map((one) => `${one}/package.json`);
    for (const name of ["package.json", "package-lock.json", ...workspaces])
      cpSync(join(modules, "..", name), join(elsewhere, name));
    const [bom, other] = [npmBom(), npmBom(elsewhere)];
    // npm takes the folder's name; were it not so, this would show nothing.
    expect(other.metadata.component.name).toBe("elsewhere");
    const bun = bunFrom(licencePage(join(modules, "bun-types")));
    expect(makeSbom(other, [], bun)).toBe(makeSbom(bom, [], bun));
  });
});

test("the notices have every text, once", () => {
  for (const words of [
    "Apache License",
    "GNU LESSER GENERAL PUBLIC LICENSE",
    "GNU LIBRARY GENERAL PUBLIC LICENSE",
    "UNICODE LICENSE V3",
    "This is free and unencumbered software",
    "IN NO EVENT SHALL THE UNIVERSITY OF CALIFORNIA",
    "This file is part of OSSP uuid",
    "LLVM Exceptions to the Apache 2.0 License",
    "Bun statically links these libraries",
    // Of what Bun contains, and nothing else.
    "Independent JPEG Group License",
    "PNG Reference Library License version 2",
  ])
    expect(notices, words).toContain(words);
  const headings = notices.match(/(?<=^={80}\n).+(?=\n={80}$)/gm) ?? [];
  expect(headings.length).toBeGreaterThan(15);
  expect(new Set(headings).size).toBe(headings.length);
});

describe("a release is not made", () => {
  const folder = (name: string, files: Readonly<Record<string, string>>): string => {
    const path = join(temporary, name);
    mkdirSync(path);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
    return path;
  };
  const text = "Permission is hereby granted. ".repeat(20);

  test("of a package without a text", () => {
    const empty = folder("without", { "README.md": text });
    expect(() => packageText(empty, "some", "MIT")).toThrow("some (MIT) has no licence text");
    // An empty file says as much.
    const hollow = folder("hollow", { LICENSE: "MIT" });
    expect(() => packageText(hollow, "some", "MIT")).toThrow("some (MIT) has no licence text");
    expect(packageText(empty, "some", "Unlicense")).toStartWith("This is free and unencumbered");
  });

  test.each(["GPL-3.0-only", "", "SEE LICENSE IN README", "MIT OR GPL-3.0-only"])(
    "under a licence that is not in the list: %p",
    (licence) => {
      const path = folder(`under ${licence}`, { LICENSE: text });
      expect(() => packageText(path, "some", licence)).toThrow("which is not in the list");
      expect(packageText(path, "some", "MIT")).toBe(text.trim());
    },
  );

  test("where what is compiled in has changed", () => {
    const copy = join(temporary, "libpg-query");
    cpSync(join(modules, "libpg-query"), copy, { recursive: true });
    expect(compiledInto("libpg-query", copy)).toHaveLength(5);
    const wasm = join(copy, "wasm/libpg-query.wasm");
    const other = readFileSync(wasm, "latin1").replaceAll(
      "vendor/protobuf-c/",
      "vendor/protobuf-d/",
    );
    writeFileSync(wasm, other, "latin1");
    expect(() => compiledInto("libpg-query", copy)).toThrow("protobuf-c no longer shows in");
  });

  test("where Bun's page has changed, or is of another version", () => {
    const page = licencePage(join(modules, "bun-types"));
    expect(bunFrom(page).parts.length).toBeGreaterThan(40);
    expect(() => bunFrom(page.replaceAll("LGPL-2", "MIT"))).toThrow("no longer says");
    expect(() => bunFrom(page.replaceAll("\n|", "\n"))).toThrow("no longer says");
    const types = folder("types", { "package.json": `{"version":"1.0.0"}` });
    expect(() => licencePage(types)).toThrow("bun-types 1.0.0 is not of this Bun");
  });

  test.each([
    ["zstd", "GPLv3", "zstd, inside Bun, is under GPLv3, which is not in the list"],
    ["brotli", "several licenses", "brotli, inside Bun, is under several licenses, which"],
    ["acorn-walk", "MIT or other", "acorn-walk, inside Bun, is under MIT or other, which"],
  ])("where Bun's page says of %s: %s", (name, licence, words) => {
    const page = licencePage(join(modules, "bun-types"));
    const row = new RegExp(`^(\\| \\[\`${name}\`\\].*?\\| +)\\S.*?( +\\|)$`, "m");
    expect(() => bunFrom(page.replace(row, `$1${licence}$2`))).toThrow(words);
    expect(() => bunFrom(page.replace(row, "$1MIT$2"))).not.toThrow();
  });

  test("of an entry of npm's that names no licence", () => {
    const [first] = npmBom().components;
    if (first === undefined) throw new Error("npm sbom lists nothing");
    expect(licenceOf(first)).toBe("Apache-2.0");
    expect(licenceOf({ ...first, licenses: [] })).toBe("");
  });
});
