import type { Migration } from "../core/migration.ts";

/** A migration without its SQL: what results and events name. */
export interface MigrationName {
  /** Decimal digits of any length, without leading zeros. */
  readonly version: string;
  /** What stands behind the version in the file's name: `add_users`. */
  readonly name: string;
  /** The file's name without its endings, leading zeros as they were written: `007_add_users`. */
  readonly id: string;
  readonly path: string;
  /** SHA-256 of the file's exact bytes, in hexadecimal. */
  readonly checksum: string;
}

export function nameOf({ version, name, id, up }: Migration): MigrationName {
  return { version, name, id, path: up.path, checksum: up.checksum };
}
