/**
 * Copies of a PGlite, each in a third of a second: the files of a cluster are kept in this
 * process, and laid into the memory of a new one before it starts.
 *
 * PGlite's own way (dumpDataDir, loadDataDir) goes through a tar archive, and takes twice the
 * time. Its compiled WebAssembly it keeps by itself, from the first instance on (0.5.16).
 */
import {
  type Extensions,
  MemoryFS,
  PGlite,
  type PGliteInterfaceExtensions,
  type PGliteOptions,
} from "@electric-sql/pglite";

export type { Extensions };

/** With what its extensions add to it. */
export type PgliteWith<E extends Extensions | undefined> = E extends Extensions
  ? PGlite & PGliteInterfaceExtensions<E>
  : PGlite;

/** What may be chosen for each copy anew: the cluster does not depend on it. */
export interface CopyOptions<E extends Extensions | undefined> extends Pick<
  PGliteOptions,
  "parsers" | "serializers" | "debug"
> {
  /** As PGlite has them: `{ vector }`. */
  readonly extensions?: E;
}

/** The files of a cluster that was at rest. */
export interface Snapshot {
  /** Each behind the one that it lies in. */
  readonly folders: readonly string[];
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
}

/** A cluster as initdb makes it: the part that takes seconds. */
export async function emptyCluster(): Promise<Snapshot> {
  // Of the 16 MB of a WAL segment every copy would need its own.
  const pglite = await PGlite.create({ initDbStartParams: ["--wal-segsize=1"] });
  return closing(pglite, snapshotOf);
}

/** A new PGlite with the files of the snapshot, in memory. Who asked for it closes it. */
export async function copyOf<E extends Extensions | undefined>(
  snapshot: Snapshot,
  options: CopyOptions<E>,
): Promise<PgliteWith<E>> {
  const { extensions, ...others } = options;
  const pglite = await PGlite.create({
    ...others,
    ...(extensions && { extensions }),
    fs: new CopiedFiles(snapshot),
    // 128 MB of buffers are cleared at every start, for tables that are all in memory anyway.
    startParams: [...PGlite.defaultStartParams, "-c", "shared_buffers=16MB"],
  });
  return pglite as PgliteWith<E>;
}

/** Works on a copy of the snapshot and gives the snapshot of what came of it. */
export async function changed<E extends Extensions | undefined>(
  snapshot: Snapshot,
  options: CopyOptions<E>,
  work: (pglite: PGlite) => Promise<void>,
): Promise<Snapshot> {
  return closing(await copyOf(snapshot, options), async (pglite) => {
    await work(pglite);
    return snapshotOf(pglite);
  });
}

async function closing<T>(pglite: PGlite, work: (pglite: PGlite) => Promise<T>): Promise<T> {
  try {
    return await work(pglite);
  } finally {
    await pglite.close();
  }
}

/** PGlite asks a file system for what it stored earlier before it looks for a cluster. */
class CopiedFiles extends MemoryFS {
  readonly #snapshot: Snapshot;

  constructor(snapshot: Snapshot) {
    super();
    this.#snapshot = snapshot;
  }

  override initialSyncFs(): Promise<void> {
    const { FS } = moduleOf(this.pg);
    FS.mkdirTree(root, ownerOnly);
    for (const path of this.#snapshot.folders) FS.mkdir(`${root}/${path}`, ownerOnly);
    // writeFile copies the bytes: a copy never writes into the snapshot.
    for (const { path, bytes } of this.#snapshot.files) FS.writeFile(`${root}/${path}`, bytes);
    return Promise.resolve();
  }
}

async function snapshotOf(pglite: PGlite): Promise<Snapshot> {
  // What the log holds is in the files behind it: a copy has nothing to recover.
  const [result] = await pglite
    .exec(
      "checkpoint; select pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()) as wal",
    )
    .then((results) => results.slice(-1));
  const [row] = (result?.rows ?? []) as { readonly wal: string }[];
  const lastWal = row?.wal ?? "";
  const { FS } = moduleOf(pglite);
  const folders: string[] = [];
  const files: { path: string; bytes: Uint8Array }[] = [];
  const walk = (folder: string): void => {
    for (const name of FS.readdir(`${root}/${folder}`)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (name === "." || name === ".." || name === "postmaster.pid") continue;
      if (FS.isDir(FS.stat(`${root}/${path}`).mode)) {
        folders.push(path);
        walk(path);
      } else if (folder !== "pg_wal" || name <= lastWal) {
        // Segments above the last one are old ones, kept to be used again.
        files.push({ path, bytes: FS.readFile(`${root}/${path}`, { encoding: "binary" }) });
      }
    }
  };
  walk("");
  return { folders, files };
}

function moduleOf(pglite: PGlite | undefined): PGlite["Module"] {
  if (pglite === undefined) throw new Error("PGlite asked its file system too early");
  return pglite.Module;
}

const root = PGlite.paths.PGDATA;
const ownerOnly = 0o700;
