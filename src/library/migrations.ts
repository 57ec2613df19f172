/** A folder of migrations, read and checked once, and what a caller may know of it. */
import { fileURLToPath } from "node:url";
import { directorySource } from "../adapters/directory.ts";
import { setDigest } from "../core/digest.ts";
import { type SourceFile, textOf } from "../core/migration.ts";
import { scan } from "../core/scan.ts";
import { Refusal, type Source } from "../ports.ts";
import { asMigrationError } from "./error.ts";
import { type Note, noteOfFile } from "./events.ts";
import { type MigrationName, nameOf } from "./name.ts";

/** An up file. */
export interface MigrationFile extends MigrationName {
  /** The file as text, without a byte order mark. */
  readonly sql: string;
}

/** A folder of migrations as it was when it was read. Only readMigrations() makes one. */
export interface Migrations {
  /** The folder's path, as it was given. */
  readonly folder: string;
  readonly count: number;
  /** The set digest: SHA-256 over the ordered versions, names and checksums. */
  readonly digest: string;
  /** In numeric order of their versions. */
  readonly list: readonly MigrationFile[];
  /** What is worth knowing about the files and stops nothing. */
  readonly notes: readonly Note[];
}

/**
 * Reads a folder of migrations and checks what can be checked without a database: names,
 * versions that are there twice, sizes, directives.
 *
 * @param folder A path (a relative one starts at the working directory) or a `file:` URL.
 * @throws MigrationError with every problem of the files.
 */
export async function readMigrations(folder: string | URL): Promise<Migrations> {
  try {
    const path = pathOf(folder);
    const files = await directorySource(path).list();
    const scanned = scan(files);
    if (!scanned.ok) throw new Refusal(scanned.problems);
    const { set, notes } = scanned.value;
    const migrations = {
      folder: path,
      count: set.size,
      digest: setDigest(set),
      list: [...set.values()].map((one) => ({ ...nameOf(one), sql: textOf(one.up) })),
      notes: [
        // A wrong path looks like this, and "nothing to do" alone would look like success.
        ...(set.size === 0 ? [noteOfFile({ code: "no-migrations", path })] : []),
        ...notes.map(noteOfFile),
      ],
    };
    // The files' exact bytes go along unseen, so that what is applied is what was read.
    Object.defineProperty(migrations, filesKey, { value: files });
    return migrations;
  } catch (error) {
    throw asMigrationError(error);
  }
}

/** What a caller may give for migrations. */
export function resolveMigrations(given: string | URL | Migrations): Promise<Migrations> {
  const isRead = typeof given === "object" && !(given instanceof URL);
  return isRead ? Promise.resolve(given) : readMigrations(given);
}

/** What readMigrations() made, as a source for a run. @throws Refusal */
export function sourceOf(migrations: Migrations): Source {
  const files = (migrations as { readonly [filesKey]?: readonly SourceFile[] } | null)?.[filesKey];
  if (files === undefined) {
    const message = "The option migrations is neither a folder nor what readMigrations() gave";
    const hint = "give it as it is: a copy has lost the files' bytes";
    throw new Refusal([{ code: "usage", message, hint }]);
  }
  return { folder: migrations.folder, list: () => Promise.resolve(files) };
}

function pathOf(folder: unknown): string {
  if (typeof folder === "string" && folder !== "") {
    return folder.startsWith("file:") ? fileURLToPath(folder) : folder;
  }
  if (folder instanceof URL && folder.protocol === "file:") return fileURLToPath(folder);
  const message = "The migrations' folder is a path or a file: URL";
  throw new Refusal([{ code: "usage", message, hint: 'for example "./migrations"' }]);
}

// One for all copies of this package in a process.
const filesKey: unique symbol = Symbol.for("lacuna.migrations.files") as never;
