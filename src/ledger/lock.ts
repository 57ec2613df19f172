/**
 * The advisory lock: one runner a tracker at a time.
 *
 * It is taken by polling. A session that is blocked in pg_advisory_lock holds a snapshot, and
 * the holder's CREATE INDEX CONCURRENTLY waits for every snapshot: a deadlock between the two
 * (golang-migrate#960, flyway#1654).
 */
import { createHash } from "node:crypto";
import { pollMs } from "../core/retry.ts";
import type { TrackerName } from "../core/tracker.ts";
import { backendColumns, readBackend } from "./backend.ts";
import { catalogRows } from "./catalog.ts";
import type { Clock, Interruption, Reporter, Session } from "../ports.ts";

/**
 * The lock's key: the first 8 bytes of SHA-256 over schema, NUL and table, as a signed
 * big-endian integer. Two trackers in one database do not wait for each other.
 */
export function lockKeyOf({ schema, table }: TrackerName): bigint {
  return createHash("sha256").update(`${schema}\0${table}`).digest().readBigInt64BE(0);
}

export interface LockOptions {
  readonly key: bigint;
  readonly waitMs: number;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly interruption: Interruption;
}

export type LockResult =
  | { readonly held: true; readonly lock: HeldLock }
  | { readonly held: false; readonly waitedMs: number; readonly holder: string | undefined };

/** A session lock is its backend's: no other one can let go of it. */
export interface HeldLock {
  readonly key: bigint;
  readonly backendPid: number;
}

export async function takeLock(session: Session, options: LockOptions): Promise<LockResult> {
  const { clock, reporter, key } = options;
  const startMs = clock.nowMs();
  let holder: string | undefined;
  let reportedMs = Number.NEGATIVE_INFINITY;
  for (let attempt = 1; ; attempt++) {
    const [answer] = await session.rows(
      `select pg_catalog.pg_try_advisory_lock(${key})::text as held, ${backendColumns}`,
    );
    const row = answer?.[0];
    if (row?.["held"] === "true")
      return { held: true, lock: { key, backendPid: readBackend(row).pid } };
    const waitedMs = clock.nowMs() - startMs;
    if (waitedMs - reportedMs >= reportEveryMs) {
      holder = await describeHolder(session, key);
      reporter.report({ kind: "waiting-for-lock", holder, waitedMs });
      reportedMs = waitedMs;
    }
    const pause = pollMs(attempt, clock.random());
    if (waitedMs + pause > options.waitMs || options.interruption.signal !== undefined) {
      return { held: false, waitedMs, holder };
    }
    await clock.sleep(pause);
  }
}

/**
 * A pooler that was vouched for wrongly may answer with another backend. There nothing is unlocked,
 * which may be somebody else's lock: it is asked again until the right one answers.
 */
export async function releaseLock(session: Session, { key, backendPid }: HeldLock): Promise<void> {
  for (let attempt = 1; attempt <= releaseAttempts; attempt++) {
    const [rows] = await session.rows(
      `select case when pg_catalog.pg_backend_pid() operator(pg_catalog.=) ${backendPid} ` +
        `then pg_catalog.pg_advisory_unlock(${key})::text end as released`,
    );
    if ((rows?.[0]?.["released"] ?? null) !== null) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}

const releaseAttempts = 50;

/** Whether this backend holds the lock, as a condition for SQL. */
export function holdsLock(key: bigint): string {
  return (
    "exists (select from pg_catalog.pg_locks l where l.pid = pg_catalog.pg_backend_pid() " +
    `and ${isHolder(key)})`
  );
}

/** Whether a row `l` of pg_locks is the lock, held by somebody. */
export function isHolder(key: bigint): string {
  // pg_locks shows a bigint key in two halves, with objsubid 1.
  const unsigned = BigInt.asUintN(64, key);
  return (
    "l.locktype = 'advisory' and l.granted " +
    `and l.classid = ${unsigned >> 32n} and l.objid = ${unsigned & 0xffff_ffffn} and l.objsubid = 1 ` +
    "and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())"
  );
}

const reportEveryMs = 5000;

async function describeHolder(session: Session, key: bigint): Promise<string | undefined> {
  const unsigned = BigInt.asUintN(64, key);
  const [rows] = await catalogRows(
    session,
    `
select l.pid::text as pid, a.application_name, coalesce(pg_catalog.host(a.client_addr), 'local') as address,
       pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.backend_start)::text as age,
       pg_catalog.left(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), 60) as query
  from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'advisory' and l.granted and l.objsubid = 1
   and l.classid = ${unsigned >> 32n} and l.objid = ${unsigned & 0xffff_ffffn}
   and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
 limit 1`,
  );
  const row = rows?.[0];
  if (row === undefined) return undefined;
  // The columns of other users' sessions are empty for an ordinary role.
  const parts = [
    `pid ${row["pid"]}`,
    row["application_name"] ?? "",
    row["address"] === null ? "" : `from ${row["address"]}`,
    row["age"] === null ? "" : `connected for ${row["age"]}`,
    // What a runner sends is its own business, and may hold what is not to be shown.
    (row["query"] ?? "") === "" || row["application_name"]?.startsWith("lacuna/") === true
      ? ""
      : `running: ${row["query"]}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}
