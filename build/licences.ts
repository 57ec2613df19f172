/**
 * The licences that may be inside a release, and their texts: those of SPDX's list, and in
 * build/licences/ those that it lacks.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import spdx from "spdx-license-list/full.js";
import { Failure } from "./failure.ts";

const folder = join(import.meta.dirname, "licences");

const allowed: readonly string[] = [
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "LicenseRef-OSSP-uuid",
  "LicenseRef-libxslt",
  "MIT",
  "MIT AND Apache-2.0 WITH LLVM-exception",
  "PostgreSQL",
  "Unicode-3.0",
  "Unlicense",
  "Zlib",
];

/** @throws Failure */
export function checkAllowed(name: string, licence: string): void {
  if (!allowed.includes(licence))
    throw new Failure(
      `${name} is under ${licence === "" ? "no licence" : licence}, which is not in the list`,
      "read it; build/licences.ts has the list of those that a release may contain",
    );
}

/** The identifiers of an SPDX expression. */
export function identifiersIn(expression: string): readonly string[] {
  return expression.split(/ (?:AND|OR|WITH) /);
}

/** Whether SPDX has it. */
export function isListed(identifier: string): boolean {
  return Object.hasOwn(spdx, identifier);
}

/** @throws Failure */
export function licenceText(identifier: string): string {
  const own = join(folder, `${identifier}.txt`);
  const text = existsSync(own) ? readFileSync(own, "utf8") : spdx[identifier]?.licenseText;
  if (text === undefined)
    throw new Failure(
      `There is no text of the licence ${identifier}`,
      `put it into build/licences/${identifier}.txt`,
    );
  return text.trim();
}
