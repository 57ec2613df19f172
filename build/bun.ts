/**
 * What Bun is made of. Its packages hold no licence text; its licence page comes, for every
 * version, with the package bun-types, and is what is known: names, licences, where they are.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Component, ComponentWithParts } from "./components.ts";
import { Failure } from "./failure.ts";

/** Libraries that `process.versions` calls otherwise. */
const otherNames: Readonly<Record<string, string>> = {
  "c-ares": "ares",
  "libicu 78": "icu",
  "lol-html": "lolhtml",
  "ls-hpack": "lshpack",
  picohttp: "picohttpparser",
  "zlib-ng": "zlib",
};

/**
 * Licences in the page's words, and the SPDX identifiers that they stand for; of a choice, what is
 * chosen. The list in licences.ts is for what is ours to choose. Bun is taken or left, so this one
 * has what was read there, such as the LGPL, and what is not in it is refused all the same.
 */
const licences: Readonly<Record<string, readonly string[]>> = {
  "Apache 2.0": ["Apache-2.0"],
  "Apache 2.0 licensed": ["Apache-2.0"],
  "BSD 2-Clause": ["BSD-2-Clause"],
  "BSD 2-Clause (portions derived from libpng, PNG Reference Library License v2)": [
    "BSD-2-Clause",
    "libpng-2.0",
  ],
  "BSD 3-Clause": ["BSD-3-Clause"],
  "BSD 3-Clause / IJG / zlib": ["BSD-3-Clause", "IJG", "Zlib"],
  "ICU license": ["Unicode-3.0"],
  "LGPL v2.1": ["LGPL-2.1-or-later"],
  "LGPL-2": ["LGPL-2.0-or-later"],
  MIT: ["MIT"],
  "MIT (bundled xxhash is BSD 2-Clause)": ["MIT", "BSD-2-Clause"],
  "MIT (portions derived from Chromium proto-quic, BSD 3-Clause)": ["MIT", "BSD-3-Clause"],
  "MIT licensed": ["MIT"],
  "dual-licensed under CC0 1.0 or the BSD 2-Clause License": ["BSD-2-Clause"],
  "dual-licensed under the BSD License or GPLv2 license": ["BSD-3-Clause"],
  "dual-licensed under the Perl License or the MIT License": ["MIT"],
  // There is no text of it.
  "public domain": [],
  zlib: ["Zlib"],
  // Words that say nothing are taken for these two alone, with the licence of most of their files.
  "boringssl: several licenses": ["Apache-2.0"],
  "libarchive: several licenses": ["BSD-2-Clause", "BSD-3-Clause"],
};

/** Of a part of Bun. @throws Failure where its licence has not been read yet. */
export function identifiersOf({ name, licence }: Component): readonly string[] {
  const identifiers = licences[licence] ?? licences[`${name}: ${licence}`];
  if (identifiers === undefined)
    throw new Failure(
      `${name}, inside Bun, is under ${licence === "" ? "no licence" : licence}, which is not in the list`,
      "read it; build/bun.ts has the list of what Bun's licence page says",
    );
  return identifiers;
}

/** The page as Markdown. @param folder Of the package bun-types. @throws Failure */
export function licencePage(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly version: string;
  };
  if (version !== Bun.version)
    throw new Failure(
      `bun-types ${version} is not of this Bun, ${Bun.version}`,
      "install both in one version",
    );
  const page = readFileSync(join(folder, "docs/project/license.mdx"), "utf8");
  return page.replace(/^---\n[\s\S]*?\n---\n/, "").trim();
}

/** @throws Failure where the page does not say what it said, or says a licence that is new. */
export function bunFrom(page: string): ComponentWithParts {
  const isKnown =
    page.startsWith("Bun itself is MIT-licensed.") && /JavaScriptCore.*LGPL-2/.test(page);
  const linked = [...rowsBelow("Linked libraries", page), ...rowsBelow("Polyfills", page)];
  if (!isKnown || linked.length < 20)
    throw new Failure(
      "Bun's licence page no longer says what it said",
      "read docs/project/license.mdx of bun-types, and put build/bun.ts right",
    );
  const webkit: Component = {
    name: "JavaScriptCore and WebKit",
    version: process.versions["webkit"],
    licence: "LGPL-2",
    website: "https://github.com/oven-sh/WebKit",
  };
  const parts = [webkit, ...linked];
  for (const part of parts) identifiersOf(part);
  return {
    name: "bun",
    version: Bun.version,
    licence: "MIT",
    website: "https://bun.com",
    parts,
  };
}

/** The rows of the first table below a heading: what, and its licence in the page's words. */
function rowsBelow(heading: string, page: string): readonly Component[] {
  const [, section = ""] = page.split(`## ${heading}\n`);
  const [table = ""] = section.split("\n## ");
  const rows = [...table.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].slice(2);
  return rows.map(([, what = "", licence = ""]) => {
    const name = plain(what);
    const website = /\]\((https?:[^)]+)\)/.exec(what)?.[1];
    const bare = name.replace(/ \(on .*\)$/, "");
    const version = process.versions[otherNames[bare] ?? bare.toLowerCase()];
    return {
      name,
      version,
      licence: plain(licence),
      ...(website === undefined ? {} : { website }),
    };
  });
}

function plain(markdown: string): string {
  return markdown.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1").replaceAll("`", "");
}
