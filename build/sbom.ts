/**
 * The software bill of materials, CycloneDX 1.5: the packages as `npm sbom` lists them from the
 * lock file, with what is compiled into them, and Bun. The same sources give the same text: no
 * serial number, no time, no version of npm.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Component, ComponentWithParts } from "./components.ts";
import { Failure } from "./failure.ts";
import { isListed } from "./licences.ts";

const root = join(import.meta.dirname, "..");

interface License {
  readonly license: { readonly id?: string; readonly name?: string };
}

interface Entry {
  readonly "bom-ref": string;
  readonly type: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly licenses: readonly (License | { readonly expression: string })[];
  readonly components?: readonly Entry[];
}

/** What `npm sbom` writes, as far as it is used here. */
export interface NpmBom {
  readonly specVersion: string;
  readonly metadata: { readonly component: Entry & { readonly description: string } };
  readonly components: readonly (Entry & { readonly version: string })[];
  readonly dependencies: readonly {
    readonly ref: string;
    readonly dependsOn?: readonly string[];
  }[];
}

/**
 * Of what package.json names under `dependencies`, and what that needs.
 *
 * @param folder Of package-lock.json and package.json, with those of the workspaces; no more is read.
 * @throws Failure
 */
export function npmBom(folder: string = root): NpmBom {
  const argv = ["sbom", "--sbom-format", "cyclonedx", "--omit", "dev", "--package-lock-only"];
  const { status, stdout, stderr, error } = spawnSync("npm", [...argv, "--workspaces=false"], {
    cwd: folder,
    encoding: "utf8",
    timeout: 120_000,
  });
  if (status !== 0)
    throw new Failure(
      `\`npm sbom\` says:\n${(error?.message ?? stderr).trim()}`,
      "it came with npm 9.9 and 10.3; `npm --version` shows which one this is",
    );
  return JSON.parse(stdout) as NpmBom;
}

/** The licence of an entry that npm wrote; empty where it wrote none. */
export function licenceOf(entry: Entry): string {
  const [first] = entry.licenses;
  if (first === undefined) return "";
  return "expression" in first ? first.expression : (first.license.id ?? first.license.name ?? "");
}

export function sbom(
  bom: NpmBom,
  packages: readonly ComponentWithParts[],
  bun: ComponentWithParts,
): string {
  const product = bom.metadata.component;
  const bunEntry = { ...entryOf(bun, "platform", ""), purl: `pkg:npm/bun@${bun.version}` };
  const components = bom.components.map((one) => {
    const parts = packages.find(({ name }) => name === one.name)?.parts ?? [];
    return { ...one, ...nested(parts, `${one["bom-ref"]}/`) };
  });
  const dependencies = bom.dependencies.map((one) =>
    one.ref === product["bom-ref"]
      ? { ...one, dependsOn: [...(one.dependsOn ?? []), bunEntry["bom-ref"]] }
      : one,
  );
  const whole = {
    $schema: "http://cyclonedx.org/schema/bom-1.5.schema.json",
    bomFormat: "CycloneDX",
    specVersion: bom.specVersion,
    version: 1,
    metadata: {
      tools: [{ vendor: "npm", name: "cli" }],
      component: {
        "bom-ref": product["bom-ref"],
        type: "application",
        // npm takes the name of the folder.
        name: "lacuna",
        version: product.version,
        description: product.description,
        licenses: product.licenses,
      },
    },
    components: [...components, bunEntry],
    dependencies: [...dependencies, { ref: bunEntry["bom-ref"], dependsOn: [] }],
  };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

function nested(
  parts: readonly Component[],
  prefix: string,
): { readonly components?: readonly Entry[] } {
  return parts.length === 0
    ? {}
    : { components: parts.map((part) => entryOf(part, "library", prefix)) };
}

function entryOf(
  component: Component & { readonly parts?: readonly Component[] },
  type: string,
  prefix: string,
): Entry {
  const { name, version, licence, copyright = [], website, parts = [] } = component;
  const reference = `${prefix}${name}${version === undefined ? "" : `@${version}`}`;
  return {
    "bom-ref": reference,
    type,
    name,
    ...(version === undefined ? {} : { version }),
    licenses: [licensed(licence)],
    ...(copyright.length === 0 ? {} : { copyright: copyright.join("; ") }),
    ...(website === undefined ? {} : { externalReferences: [{ type: "website", url: website }] }),
    ...nested(parts, `${reference}/`),
  };
}

function licensed(licence: string): Entry["licenses"][number] {
  if (isListed(licence)) return { license: { id: licence } };
  if (/^LicenseRef-| (?:AND|OR|WITH) /.test(licence)) return { expression: licence };
  return { license: { name: licence } };
}
