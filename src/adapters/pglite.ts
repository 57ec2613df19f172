/**
 * The embedded Postgres, by PGlite: one backend in this process, on a folder or in memory.
 *
 * It is spoken to in the wire protocol and read by the same code as a server, so that command
 * tags and positions mean the same in both. It has no network and no other session: nothing
 * can be cancelled, and nobody else can hold the lock.
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { PGlite, PGliteOptions } from "@electric-sql/pglite";
import type { ServerMessage } from "../core/problem.ts";
import { type EmbeddedTarget, labelOf } from "../core/target.ts";
import { deferred } from "../deferred.ts";
import { type Database, type Session, SqlError, type StatementResult } from "../ports.ts";
import { lockFolder } from "./folder-lock.ts";
import { pgliteAssets, type PgliteModules, pgliteModules } from "./pglite-assets.ts";
import { extensionsFor } from "./pglite-extensions.ts";
import { type Asked, type Exchange, queryMessage, readWire, type WireReader } from "./wire.ts";

export interface EmbeddedOptions {
  /** A cluster to start from, as `dumpDataDir` gives it; the executable has one inside. */
  readonly image?: Blob | undefined;
  /** Compiled already, by another thread. */
  readonly modules?: PgliteModules;
}

export function embeddedDatabase(target: EmbeddedTarget, engine: EmbeddedOptions = {}): Database {
  let unlock: (() => void) | undefined;
  let loaded: readonly string[] | undefined;
  const database = databaseOver(labelOf(target), (extensions) => {
    if (target.folder !== undefined) unlock ??= lockFolder(target.folder);
    loaded = extensions;
    return openPglite(target, extensions, engine);
  });
  return {
    ...database,
    session(options, work) {
      const late = options.extensions.filter((name) => loaded?.includes(name) === false);
      const [missing] = Object.keys(extensionsFor(late));
      // CREATE EXTENSION would say that PGlite does not have it.
      if (missing !== undefined) {
        const words = `PGlite was started without the extension ${missing}, which is asked for now`;
        return Promise.reject(new SqlError("refused", failed("PGLITE_FAILED", words)));
      }
      return database.session(options, work);
    },
    async [Symbol.asyncDispose]() {
      try {
        await database[Symbol.asyncDispose]();
      } finally {
        unlock?.();
      }
    },
  };
}

/**
 * Opens PGlite when the first session asks for it, with the extensions that this one names, and
 * closes it in the end.
 */
export function databaseOver(
  label: string,
  open: (extensions: readonly string[]) => Promise<PGlite>,
): Database {
  let opened: Promise<Engine> | undefined;
  return {
    label,
    async session(options, work) {
      opened ??= open(options.extensions).then(engineOver);
      const session = await openSession(await opened, options.opening);
      try {
        return await work(session);
      } finally {
        // One backend serves all sessions: what one left behind would reach the next.
        await session.run(leaveNothing).catch(() => undefined);
      }
    },
    async [Symbol.asyncDispose]() {
      // One that could not be opened has told so already.
      await (await opened?.catch(() => undefined))?.close();
    },
  };
}

const leaveNothing =
  "rollback; set session authorization postgres; reset role; reset all; close all; deallocate all; " +
  "unlisten *; discard temp; discard sequences; select pg_catalog.pg_advisory_unlock_all()";

async function openPglite(
  target: EmbeddedTarget,
  extensions: readonly string[],
  { image, modules }: EmbeddedOptions,
): Promise<PGlite> {
  const { PGlite: Pglite } = await import("@electric-sql/pglite");
  const { folder } = target;
  const isNew = folder === undefined || !existsSync(join(folder, "PG_VERSION"));
  try {
    if (folder !== undefined) prepareFolder(folder);
    return await Pglite.create({
      ...(folder === undefined ? { postgresqlconf: forMemoryOnly } : { dataDir: folder }),
      ...(isNew && image !== undefined ? { loadDataDir: image } : {}),
      ...assetsFor(isNew),
      ...(modules ?? (await pgliteModules())),
      extensions: extensionsFor(extensions),
    });
  } catch (error) {
    throw new SqlError("refused", failed("PGLITE_FAILED", messageOf(error)), { cause: error });
  }
}

/**
 * No crash is survived in memory. A segment of the log that is not filled with zeros first does
 * not grow step by step, and each step is a copy: that alone takes 100 MB off the peak.
 */
const forMemoryOnly: string[] = [
  "wal_init_zero = off",
  "full_page_writes = off",
  // 128 MB of WebAssembly memory take longer to touch than to do without.
  "shared_buffers = 16MB",
];

/** A cluster is poured into an empty folder, or over one that was half made: nowhere else. */
function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(folder);
  const isOurs =
    names.length === 0 || ["PG_VERSION", "global", "pg_wal"].some((name) => names.includes(name));
  if (!isOurs) throw new Error("the folder holds other files, and no database");
}

/** In the executable the files of PGlite are inside; elsewhere it finds them by itself. */
function assetsFor(isNew: boolean): Partial<PGliteOptions> {
  const found = pgliteAssets();
  if (found === undefined) return {};
  const { dataDirImage, ...assets } = found;
  // A new database starts from an image: initdb would take seconds and twice the memory.
  return isNew ? { ...assets, loadDataDir: dataDirImage } : assets;
}

/** What of a PGlite a session needs: another copy of the package gives it as well. */
export interface PgliteBackend {
  execProtocolRawStream(
    message: Uint8Array,
    options: { readonly onRawData: (chunk: Uint8Array) => void },
  ): Promise<void>;
  close(): Promise<void>;
}

/** One PGlite, and what is known of its end. */
interface Engine {
  readonly lost: Promise<SqlError>;
  send(wire: WireReader, script: string, asked: Asked): Promise<Exchange>;
  close(): Promise<void>;
}

/**
 * An engine that ends a message without ReadyForQuery is dead: it reports no error and answers
 * nothing from then on, or never comes back (COPY to a PROGRAM, a trap in its WebAssembly, no
 * memory left). It is not spoken to again.
 */
export function engineOver(pglite: PgliteBackend): Engine {
  const { promise: lost, resolve: announceLoss } = deferred<SqlError>();
  let death: SqlError | undefined;
  return {
    lost,
    async send(wire, script, asked) {
      if (death !== undefined) throw new SqlError("lost", death.server, { cause: death });
      const exchange = wire.begin(asked);
      let thrown: unknown;
      try {
        await pglite.execProtocolRawStream(queryMessage(script), {
          onRawData: (chunk) => {
            wire.feed(chunk);
          },
        });
      } catch (error) {
        if (exchange.isOver) throw error;
        thrown = error;
      }
      const { tags } = exchange;
      if (!exchange.isOver) {
        const why = thrown === undefined ? "" : `: ${messageOf(thrown)}`;
        const words = `PGlite broke down in the middle of a statement${why}`;
        const server = wire.fatal ?? failed("PGLITE_DIED", words);
        death = new SqlError("lost", server, { tags, cause: thrown });
        announceLoss(death);
        throw death;
      }
      if (exchange.error === undefined) return exchange;
      throw new SqlError("server", exchange.error, { tags });
    },
    async close() {
      if (death === undefined) await pglite.close();
    },
  };
}

export async function openSession(engine: Engine, opening: string): Promise<Session> {
  const wire = readWire();
  const rows: Session["rows"] = async (script, onNotice) =>
    (await engine.send(wire, script, { keepRows: true, onNotice })).rowSets;

  const [pid] = await rows("select pg_catalog.pg_backend_pid()::text as pid");
  return {
    backendPid: Number(pid?.[0]?.["pid"]),
    opening: await rows(opening),
    lost: engine.lost,
    async run(script, onNotice): Promise<readonly StatementResult[]> {
      const { tags } = await engine.send(wire, script, { keepRows: false, onNotice });
      return tags.map((tag) => ({ tag }));
    },
    rows,
    async undo() {
      await engine.send(wire, "rollback", { keepRows: false });
    },
    // PGlite runs in this thread: while a statement runs, nobody can ask it to stop.
    cancel: () => Promise.resolve(),
  };
}

function failed(code: "PGLITE_FAILED" | "PGLITE_DIED", message: string): ServerMessage {
  return { severity: "FATAL", code, message };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
