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
import { type Database, type Row, type Session, SqlError, type StatementResult } from "../ports.ts";
import { lockFolder } from "./folder-lock.ts";
import { pgliteAssets } from "./pglite-assets.ts";
import { type Exchange, queryMessage, readWire } from "./wire.ts";

export function embeddedDatabase(target: EmbeddedTarget): Database {
  let unlock: (() => void) | undefined;
  const database = databaseOver(labelOf(target), () => {
    if (target.folder !== undefined) unlock ??= lockFolder(target.folder);
    return openPglite(target);
  });
  return {
    ...database,
    async [Symbol.asyncDispose]() {
      try {
        await database[Symbol.asyncDispose]();
      } finally {
        unlock?.();
      }
    },
  };
}

/** Opens PGlite when the first session asks for it, and closes it in the end. */
export function databaseOver(label: string, open: () => Promise<PGlite>): Database {
  let opened: Promise<PGlite> | undefined;
  return {
    label,
    async session(options, work) {
      opened ??= open();
      let isOpen = true;
      const session = await openSession(await opened, options.opening, (notice) => {
        // What the clean-up below is told is nobody's concern.
        if (isOpen) options.onNotice(notice);
      });
      try {
        return await work(session);
      } finally {
        isOpen = false;
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

async function openPglite(target: EmbeddedTarget): Promise<PGlite> {
  const { PGlite: Pglite } = await import("@electric-sql/pglite");
  const { folder } = target;
  const isNew = folder === undefined || !existsSync(join(folder, "PG_VERSION"));
  try {
    if (folder !== undefined) prepareFolder(folder);
    return await Pglite.create({
      ...(folder === undefined ? {} : { dataDir: folder }),
      ...(await assetsFor(isNew)),
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SqlError(
      "refused",
      { severity: "FATAL", code: "PGLITE_FAILED", message },
      { cause: error },
    );
  }
}

/** A cluster is poured into an empty folder, or over one that was half made: nowhere else. */
function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(folder);
  const isOurs =
    names.length === 0 || ["PG_VERSION", "global", "pg_wal"].some((name) => names.includes(name));
  if (!isOurs) throw new Error("the folder holds other files, and no database");
}

/** In the executable the files of PGlite are inside; elsewhere it finds them by itself. */
async function assetsFor(isNew: boolean): Promise<Partial<PGliteOptions>> {
  if (pgliteAssets === undefined) return {};
  const { dataDirImage, ...assets } = await pgliteAssets();
  // A new database starts from an image: initdb would take seconds and twice the memory.
  return isNew ? { ...assets, loadDataDir: dataDirImage } : assets;
}

/** What of a PGlite a session needs: another copy of the package gives it as well. */
export interface PgliteBackend {
  execProtocolRawStream(
    message: Uint8Array,
    options: { readonly onRawData: (chunk: Uint8Array) => void },
  ): Promise<void>;
}

export async function openSession(
  pglite: PgliteBackend,
  opening: string,
  onNotice: (notice: ServerMessage) => void,
): Promise<Session> {
  const wire = readWire(onNotice);
  const send = async (script: string, keepRows: boolean): Promise<Exchange> => {
    const exchange = wire.begin(keepRows);
    await pglite.execProtocolRawStream(queryMessage(script), {
      onRawData: (chunk) => {
        wire.feed(chunk);
      },
    });
    if (exchange.error === undefined) return exchange;
    throw new SqlError("server", exchange.error, { completed: exchange.tags.length });
  };
  const rows = async (script: string): Promise<readonly (readonly Row[])[]> =>
    (await send(script, true)).rowSets;

  const [pid] = await rows("select pg_catalog.pg_backend_pid()::text as pid");
  return {
    backendPid: Number(pid?.[0]?.["pid"]),
    opening: await rows(opening),
    lost: new Promise(() => undefined),
    async run(script): Promise<readonly StatementResult[]> {
      return (await send(script, false)).tags.map((tag) => ({ tag }));
    },
    rows,
    async undo() {
      await send("rollback", false);
    },
    // PGlite runs in this thread: while a statement runs, nobody can ask it to stop.
    cancel: () => Promise.resolve(),
  };
}
