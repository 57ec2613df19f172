/** THIRD-PARTY-LICENSES: everything inside an executable that others made, and on what terms. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { identifiersOf } from "./bun.ts";
import type { Component, ComponentWithParts } from "./components.ts";
import { Failure } from "./failure.ts";
import { checkAllowed, identifiersIn, licenceText } from "./licences.ts";

/** Those that name nobody, so that the text alone is the whole of it. */
const nameless: readonly string[] = ["Unlicense"];

/** What a package's own files say. @throws Failure where there is no text, or it may not be inside. */
export function packageText(folder: string, name: string, licence: string): string {
  checkAllowed(name, licence);
  const names = readdirSync(folder).filter((one) => /^(?:licen[cs]e|copying|notice)/i.test(one));
  const texts = names.toSorted().map((one) => readFileSync(join(folder, one), "utf8").trim());
  if (texts.some((text) => text.length > 200)) return texts.join("\n\n");
  if (nameless.includes(licence)) return licenceText(licence);
  throw new Failure(
    `${name} (${licence}) has no licence text`,
    "a release has to carry it: find it, or do without the package",
  );
}

export function notices(
  version: string,
  packages: readonly ComponentWithParts[],
  bun: ComponentWithParts,
  page: string,
): string {
  const parts = packages.flatMap((one) => one.parts);
  for (const part of parts) checkAllowed(part.name, part.licence);
  const identifiers = parts.filter((part) => part.text === undefined).map((part) => part.licence);
  const texts = new Set([
    ...identifiers.flatMap(identifiersIn),
    ...bun.parts.flatMap(identifiersOf),
  ]);
  return `${[
    `THIRD-PARTY LICENCES of lacuna ${version}`,
    "lacuna is under the MIT licence, in the file LICENSE. Its executables hold what follows. Where a licence is\nonly named, its text is at the end; lacuna.cdx.json is the same list for programs.",
    heading(`bun ${bun.version}: MIT`),
    `The runtime, as npm's packages of Bun have it; they come without a licence text. What it says of itself:\n\n${page}`,
    `JavaScriptCore as it is here: https://github.com/oven-sh/WebKit, commit ${process.versions["webkit"]}. A Bun that was linked\nanew takes the place of this one by \`lacuna build --runtime FILE\`, or \`bun build.ts --runtime FILE\` with lacuna's sources.`,
    ...packages.flatMap(packageNotice),
    ...[...texts]
      .toSorted()
      .flatMap((identifier) => [heading(`Text of ${identifier}`), licenceText(identifier)]),
  ].join("\n\n")}\n`;
}

function packageNotice(one: ComponentWithParts): readonly string[] {
  const title = heading(`${one.name} ${one.version}: ${one.licence}`);
  if (one.parts.length === 0) return [title, one.text ?? ""];
  return [title, one.text ?? "", `Compiled into ${one.name}:`, ...one.parts.map(partNotice)];
}

function partNotice({ name, version, licence, copyright = [], website, text }: Component): string {
  const title = `- ${name}${version === undefined ? "" : ` ${version}`}: ${licence}, ${website}`;
  const names = copyright.map((line) => `  ${line}`);
  return [title, ...names, ...(text === undefined ? [] : ["", text.trim()])].join("\n");
}

function heading(text: string): string {
  return `${"=".repeat(80)}\n${text}\n${"=".repeat(80)}`;
}
