import type { Brand } from "./brand.ts";
import type { Checksum } from "./checksum.ts";
import type { Directives } from "./directives.ts";
import type { Version } from "./version.ts";

/** A file as a Source gives it: its name inside the folder and its exact bytes. */
export interface SourceFile {
  readonly name: string;
  /** Where a person finds it, for messages: the name with the folder in front of it. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Where it is known without reading the bytes. */
  readonly checksum?: Checksum;
  /** Of its bytes, where who read it knows: asking each of many costs as much as hashing a part of it. */
  readonly size?: number;
}

export interface Script {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly checksum: Checksum;
}

/** A file, never a fact in a database: that is an AppliedRow. */
export interface Migration {
  readonly version: Version;
  readonly name: string;
  /** What people call it: the file's name without its endings, leading zeros as they wrote them. */
  readonly id: string;
  readonly up: Script;
  readonly down: Script | undefined;
  readonly directives: Directives;
}

/** All migrations of a source in numeric order, no two with one version. Only scan() makes one. */
export type MigrationSet = Brand<ReadonlyMap<Version, Migration>, "MigrationSet">;

/** A row of the tracker. */
export interface AppliedRow {
  readonly version: Version;
  readonly name: string;
  /** Undefined for a row that the next `up` will adopt. */
  readonly appliedAt: Date | undefined;
  /** Null for a row that was adopted from another tool's tracker. */
  readonly checksum: Checksum | null;
}

/** How far a `no-transaction` file came: its statements that were started and that are done. */
export interface ProgressRow {
  readonly version: Version;
  /** Counted from 1. */
  readonly statement: number;
  /** SHA-256 of the statement's text, so that an edit of a finished statement is seen. */
  readonly digest: string;
  readonly state: "started" | "done";
  /** Oids of the indexes that were INVALID before the statement was started. */
  readonly invalidBefore: readonly string[];
}

/** What a tracker says, or will say: read from a database, a document, or a commit. */
export type AppliedSet = Brand<ReadonlyMap<Version, AppliedRow>, "AppliedSet">;

export function appliedSetOf(rows: readonly AppliedRow[]): AppliedSet {
  const byVersion = rows.map((row): [Version, AppliedRow] => [row.version, row]);
  return new Map(byVersion) as ReadonlyMap<Version, AppliedRow> as AppliedSet;
}

/** The SQL of a script as text: UTF-8, with one leading byte order mark cut off. */
export function textOf(script: Script): string {
  return lenient.decode(script.bytes);
}

/** The text, or undefined where the bytes are not UTF-8. */
export function strictTextOf(script: Script): string | undefined {
  try {
    return strict.decode(script.bytes);
  } catch {
    return undefined;
  }
}

// TextDecoder cuts one leading byte order mark by itself. PostgreSQL would refuse it (42601).
const lenient = new TextDecoder("utf-8");
const strict = new TextDecoder("utf-8", { fatal: true });
