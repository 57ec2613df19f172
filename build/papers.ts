/** What goes with an executable into its archive. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { completionScript } from "../src/cli/completion/completion.ts";
import { manPage } from "../src/cli/man.ts";
import { commandLine } from "../src/cli/options.ts";
import { productVersion } from "../src/product.ts";
import type { ArchivedFile } from "./archives.ts";
import { bunFrom, licencePage } from "./bun.ts";
import { type CompiledPackage, compiledInto, compiledPackages } from "./compiled.ts";
import type { ComponentWithParts } from "./components.ts";
import { notices, packageText } from "./notices.ts";
import { licenceOf, npmBom, sbom } from "./sbom.ts";

const root = join(import.meta.dirname, "..");

/** As each shell wants its file to be called. */
const completions = [
  ["lacuna.bash", "bash"],
  ["_lacuna", "zsh"],
  ["lacuna.fish", "fish"],
] as const;

/** @throws Failure where a licence is missing or unknown. */
export function papers(): readonly ArchivedFile[] {
  const bom = npmBom();
  const packages = bom.components.map((one): ComponentWithParts => {
    const folder = join(root, "node_modules", one.name);
    const licence = licenceOf(one);
    const parts = isCompiled(one.name) ? compiledInto(one.name, folder) : [];
    const text = packageText(folder, one.name, licence);
    return { name: one.name, version: one.version, licence, text, parts };
  });
  const page = licencePage(join(root, "node_modules/bun-types"));
  const bun = bunFrom(page);
  return [
    { name: "man/lacuna.1", bytes: Buffer.from(manPage(commandLine)) },
    ...completions.map(([name, shell]) => ({
      name: `completions/${name}`,
      bytes: Buffer.from(completionScript(shell, commandLine)),
    })),
    ...["README.md", "LICENSE", "CHANGELOG.md"].map((name) => ({
      name,
      bytes: readFileSync(join(root, name)),
    })),
    { name: "lacuna.cdx.json", bytes: Buffer.from(sbom(bom, packages, bun)) },
    {
      name: "THIRD-PARTY-LICENSES",
      bytes: Buffer.from(notices(productVersion, packages, bun, page)),
    },
  ];
}

function isCompiled(name: string): name is CompiledPackage {
  return (compiledPackages as readonly string[]).includes(name);
}
