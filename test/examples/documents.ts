/** The documents in examples/, read as strictly as YAML can be read. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

const folder = join(import.meta.dirname, "../../examples");

export function pathOf(name: string): string {
  return join(folder, name);
}

export function textOf(name: string): string {
  return readFileSync(pathOf(name), "utf8");
}

export function namesIn(subfolder: string): readonly string[] {
  return readdirSync(join(folder, subfolder))
    .filter((name) => name.endsWith(".yaml") || name.endsWith(".yml"))
    .map((name) => join(subfolder, name))
    .toSorted();
}

/** All documents of a file; a key that is there twice is an error, as it is to kubectl. */
export function documentsOf(text: string): readonly unknown[] {
  return parseAllDocuments(text, { strict: true, uniqueKeys: true }).map((document) => {
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) throw fault;
    return document.toJS() as unknown;
  });
}
