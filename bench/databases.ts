/** The server of a run, its databases, and what is in one when a tool has ended. */
import postgres from "postgres";
import { startServer, type TestServer } from "../test/support/servers.ts";
import type { Made } from "./history.ts";

export interface Databases extends AsyncDisposable {
  readonly server: TestServer;
  /** Its URL; a copy of another one where that is named. */
  readonly create: (template?: string) => Promise<string>;
  readonly drop: (url: string) => Promise<void>;
  readonly contents: (url: string) => Promise<Made>;
  /** What is done here waits for the disk, as settings say; all else does not. */
  readonly durably: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * As PostgreSQL is set up where it counts: every commit is on the disk before it is answered, and
 * fsync is off only while databases are made, dropped and filled for a run. Autovacuum would work at
 * times of its own choice. The WAL lies on a disk and all else in memory, where there is enough: ext4
 * looks for a new file's inode past all that were deleted lately, so that databases that were dropped
 * before would make each CREATE TABLE three times as slow.
 */
const settings: Readonly<Record<string, string>> = {
  fsync: "off",
  synchronous_commit: "on",
  full_page_writes: "on",
  autovacuum: "off",
  max_wal_size: "8GB",
  shared_buffers: "256MB",
};

export async function startDatabases(): Promise<Databases> {
  const server = await startServer(18, { settings, isWalOnDisk: true });
  const sql = postgres(server.url(), { max: 1, fetch_types: false });
  let count = 0;
  return {
    server,
    async create(template) {
      const name = `bench_${++count}`;
      const from = template === undefined ? "template0" : databaseOf(template);
      // Files that are copied leave no WAL for the first commit of the run to sync.
      await sql.unsafe(`create database ${name} template ${from} strategy file_copy`);
      return `${server.url(name)}?sslmode=disable`;
    },
    async drop(url) {
      await sql.unsafe(`drop database ${databaseOf(url)} with (force)`);
    },
    contents: (url) => contentsOf(url),
    async durably(work) {
      await setFsync(sql, "on");
      try {
        return await work();
      } finally {
        await setFsync(sql, "off");
      }
    },
    async [Symbol.asyncDispose]() {
      await sql.end();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function setFsync(sql: postgres.Sql, value: "on" | "off"): Promise<void> {
  await sql.unsafe(`alter system set fsync = ${value}`);
  await sql.unsafe("select pg_reload_conf()");
  // The postmaster tells its children, so a session that knows it comes behind the postmaster.
  for (;;) {
    const [row] = await sql.unsafe<{ fsync: string }[]>("show fsync");
    if (row?.fsync === value) return;
    await Bun.sleep(2);
  }
}

export async function contentsOf(url: string): Promise<Made> {
  const sql = postgres(url, { max: 1, fetch_types: false });
  try {
    const [row] = await sql.unsafe<Made[]>(`select
      (select count(*)::int from pg_class where relkind = 'r' and relname like 'item\\_%') as tables,
      (select count(*)::int from pg_attribute where attname like 'extra\\_%'
        and attrelid in (select oid from pg_class where relkind = 'r')) as columns,
      (select count(*)::int from pg_class where relkind = 'i' and relname like 'by\\_%') as indexes,
      (select count(*)::int from audit) as rows`);
    if (row === undefined) throw new Error("a count gave no row");
    return { ...row };
  } finally {
    await sql.end();
  }
}

function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
