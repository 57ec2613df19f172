/** What the tables of this folder are made with: sets, applied rows and settings for properties. */
import type * as fc from "fast-check";
import { checksumOf } from "../../src/core/checksum.ts";
import type { AppliedRow, AppliedSet, Migration, MigrationSet } from "../../src/core/migration.ts";
import { type Scanned, scan } from "../../src/core/scan.ts";
import type { Result } from "../../src/core/result.ts";
import { parseVersion, type Version } from "../../src/core/version.ts";

/** Properties run with one seed, so that a failure is the same failure everywhere. */
export function runs(numRuns: number): fc.Parameters<unknown> {
  return { seed: 20_260_214, numRuns, includeErrorInReport: true };
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** File names and their texts or bytes, as a folder gives them. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export function scanOf(files: Files): Result<Scanned> {
  return scan(
    Object.entries(files).map(([name, text]) => ({
      name,
      path: `m/${name}`,
      bytes: typeof text === "string" ? bytesOf(text) : text,
    })),
  );
}

export function setOf(files: Files): MigrationSet {
  return valueOf(scanOf(files)).set;
}

export function migrationOf(text: string | Uint8Array, name = "7_a.up.sql"): Migration {
  const [migration] = setOf({ [name]: text }).values();
  if (migration === undefined) throw new Error(`${name} is no migration`);
  return migration;
}

export function versionOf(text: string): Version {
  const version = parseVersion(text);
  if (version === undefined) throw new Error(`${text} is no version`);
  return version;
}

export interface RowSample {
  readonly version: string;
  readonly name?: string;
  /** What the file held when it was applied; null for an adopted row. */
  readonly text?: string | Uint8Array | null;
}

const noon: Date = new Date(Date.UTC(2026, 1, 14, 12, 0, 0));

function rowOf({ version, name = "a", text = "" }: RowSample): AppliedRow {
  const bytes = typeof text === "string" ? bytesOf(text) : text;
  return {
    version: versionOf(version),
    name,
    appliedAt: noon,
    checksum: bytes === null ? null : checksumOf(bytes),
  };
}

export function appliedOf(rows: readonly RowSample[]): AppliedSet {
  return new Map(
    rows.map((row) => [versionOf(row.version), rowOf(row)] as const),
  ) as unknown as AppliedSet;
}

export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

/** The codes of a refusal; an empty list where there was none. */
export function codesOf(result: Result<unknown>): readonly string[] {
  return result.ok ? [] : result.problems.map((problem) => problem.code);
}
