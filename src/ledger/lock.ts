/**
 * The advisory lock: one runner a tracker at a time.
 *
 * It is taken by polling. A session that is blocked in pg_advisory_lock holds a snapshot, and
 * the holder's CREATE INDEX CONCURRENTLY waits for every snapshot: a deadlock between the two
 * (golang-migrate#960, flyway#1654).
 */
import { createHash } from "../core/hash.ts";
import { pollMs } from "../core/retry.ts";
import type { TrackerName } from "../core/tracker.ts";
import { backendColumns, readBackend } from "./backend.ts";
import { catalogRows } from "./catalog.ts";
import {
  type Clock,
  type Interruption,
  type Reporter,
  type Row,
  type Session,
  SqlError,
} from "../ports.ts";

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
  /** The session's own settings: they travel with the first attempt. */
  readonly settings?: string;
  /** What is to be read as soon as the lock is held: it travels with the first attempt too. */
  readonly reading?: string | undefined;
}

export type LockResult =
  | {
      readonly held: true;
      readonly lock: HeldLock;
      /** What `reading` brought; undefined where it was not asked, or failed. */
      readonly read: readonly (readonly Row[])[] | undefined;
    }
  | { readonly held: false; readonly waitedMs: number; readonly holder: string | undefined };

/** A session lock is its backend's: no other one can let go of it. */
export interface HeldLock {
  readonly backendPid: number;
}

export async function takeLock(session: Session, options: LockOptions): Promise<LockResult> {
  const { clock, reporter, key } = options;
  const startMs = clock.nowMs();
  let holder: string | undefined;
  let reportedMs = Number.NEGATIVE_INFINITY;
  for (let attempt = 1; ; attempt++) {
    const answer = await (attempt === 1
      ? firstAttempt(session, options)
      : askForLock(session, key));
    const row = answer[0]?.[0];
    if (row?.["held"] === "true") {
      const read = answer.length > 1 ? answer.slice(1) : undefined;
      return { held: true, lock: { backendPid: readBackend(row).pid }, read };
    }
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
 * One message for the settings, the lock, and what is read under it: each statement sees what was
 * committed before it, so the reading sees what the lock's last holder did. Only READ COMMITTED
 * promises that, and a role may have another default, which is too late to change by a setting.
 */
async function firstAttempt(
  session: Session,
  { key, settings, reading }: LockOptions,
): Promise<readonly (readonly Row[])[]> {
  // Inside of a rehearsal's transaction it is too late for that, and nobody else is there.
  const isolation =
    session.bracket === undefined ? ["set transaction isolation level read committed"] : [];
  const before = settings === undefined ? [] : [settings];
  const script = (...parts: readonly string[]): string =>
    [...isolation, ...before, lockQuery(key), ...parts].join("; ");
  if (reading !== undefined) {
    try {
      return await session.rows(script(reading));
    } catch (error) {
      if (!(error instanceof SqlError) || error.kind !== "server") throw error;
      // Whatever is wrong with it is found again where it is asked for alone. The lock outlives a
      // message that failed. https://www.postgresql.org/docs/current/explicit-locking.html
      await session.undo();
      await session.rows(unlockQuery(key));
    }
  }
  return session.rows(script());
}

function askForLock(session: Session, key: bigint): Promise<readonly (readonly Row[])[]> {
  return session.rows(lockQuery(key));
}

/**
 * Taken twice, so that one of the two can be let go of and taken again, which proves that it is held
 * (`stillHolds`), and never for a moment be nobody's.
 */
function lockQuery(key: bigint): string {
  const tryLock = `pg_catalog.pg_try_advisory_lock(${key})`;
  return (
    `select case when ${tryLock} then ${tryLock} else false end::pg_catalog.text as held, ` +
    backendColumns
  );
}

function unlockQuery(key: bigint): string {
  const unlock = `pg_catalog.pg_advisory_unlock(${key})`;
  return `select case when ${unlock} then ${unlock} else false end::pg_catalog.text as released`;
}

/**
 * Whether this backend holds the lock, as an expression for SQL: unlocking says so. It costs the
 * server a tenth of a look into pg_locks, which collects every lock of the whole server.
 */
export function stillHolds(key: bigint): string {
  return (
    `(case when pg_catalog.pg_advisory_unlock(${key}) ` +
    `then pg_catalog.pg_try_advisory_lock(${key}) else false end)`
  );
}

/**
 * With it all that bodies have locked for the session: nobody waits for them behind a run that is over.
 *
 * A pooler that was vouched for wrongly may answer with another backend. There nothing is unlocked,
 * which may be somebody else's lock: it is asked again until the right one answers.
 *
 * @param before What is to be done in the same message.
 */
export async function releaseLock(
  session: Session,
  { backendPid }: HeldLock,
  before?: string,
): Promise<void> {
  const first = before === undefined ? "" : `${before}; `;
  for (let attempt = 1; attempt <= releaseAttempts; attempt++) {
    const rowSets = await session.rows(
      `${first}select case when pg_catalog.pg_backend_pid() operator(pg_catalog.=) ${backendPid} ` +
        "then pg_catalog.pg_advisory_unlock_all()::pg_catalog.text end as released",
    );
    if ((rowSets.at(-1)?.[0]?.["released"] ?? null) !== null) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}

const releaseAttempts = 50;

/** The pid of the backend that holds the lock, as an expression for SQL; null where nobody does. */
export function holderPid(key: bigint): string {
  return `(select l.pid from pg_catalog.pg_locks l where ${isHolder(key)} limit 1)`;
}

/** Whether a row `l` of pg_locks is the lock, held by somebody. */
function isHolder(key: bigint): string {
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
