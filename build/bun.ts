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

/** @throws Failure where the page does not say what it said. */
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
  return {
    name: "bun",
    version: Bun.version,
    licence: "MIT",
    website: "https://bun.com",
    parts: [webkit, ...linked],
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
