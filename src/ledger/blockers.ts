/** Who the session that holds the lock waits for, asked by a second session. */
import { type Blocker, shownQuery } from "../core/blockers.ts";
import type { Session } from "../ports.ts";
import { catalogRows } from "./catalog.ts";
import { holderPid } from "./lock.ts";

/**
 * The watcher's settings. Each of its questions is one message and so one short transaction: a
 * snapshot that stays would be waited for by the CREATE INDEX CONCURRENTLY that it watches.
 */
export const watcherSettings: string = [
  "set standard_conforming_strings = on",
  "set client_encoding = 'UTF8'",
  "set client_min_messages = error",
  "set statement_timeout = '1s'",
  "set lock_timeout = '500ms'",
  "set idle_in_transaction_session_timeout = '1s'",
  "set default_transaction_isolation = 'read committed'",
].join("; ");

export interface Wait {
  /** Nobody: it does not wait for a lock. */
  readonly blockers: readonly Blocker[];
  /** How far a build of an index has come, in PostgreSQL's words. */
  readonly phase: string | undefined;
}

/**
 * The runner's session is told by the lock that it holds: its pid may be a pooler's, and a URL
 * with several hosts may have led the watcher to another server.
 *
 * pg_blocking_pids() stops the whole lock manager for a moment, so it is asked only while there is
 * something to wait for. https://www.postgresql.org/docs/current/functions-info.html
 */
export async function readWait(session: Session, lockKey: bigint): Promise<Wait> {
  const [rows = []] = await catalogRows(
    session,
    `
select waiting.blocker::text as pid, a.application_name, a.state, a.query,
       coalesce(pg_catalog.host(a.client_addr), 'local') as address,
       (extract(epoch from pg_catalog.clock_timestamp() - a.xact_start) * 1000)::bigint::text as open_for_ms,
       p.phase || case when p.lockers_total > 0
                       then ', ' || p.lockers_done || ' of ' || p.lockers_total || ' waited for' else '' end as phase
  from (select w.pid, pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) as blocker
          from pg_catalog.pg_stat_activity w
         where w.wait_event_type = 'Lock'
           and w.pid = ${holderPid(lockKey)}) as waiting
  left join pg_catalog.pg_stat_activity a on a.pid = waiting.blocker
  left join pg_catalog.pg_stat_progress_create_index p on p.pid = waiting.pid
 order by waiting.blocker`,
  );
  const blockers = new Map(rows.map((row) => [row["pid"], blockerOf(row)]));
  return { blockers: [...blockers.values()], phase: rows[0]?.["phase"] ?? undefined };
}

function blockerOf(row: Readonly<Record<string, string | null>>): Blocker {
  const query = row["query"] ?? "";
  // Of other users' sessions an ordinary role sees the name alone.
  const isHidden = query === "<insufficient privilege>";
  const application = row["application_name"] ?? "";
  // What another runner sends is its own business, and may hold what is not to be shown.
  const isQuoted = !isHidden && !application.startsWith("lacuna/");
  const openForMs = row["open_for_ms"] ?? null;
  return {
    pid: Number(row["pid"]),
    application: application === "" ? undefined : application,
    address: isHidden ? undefined : (row["address"] ?? undefined),
    state: row["state"] ?? undefined,
    openForMs: openForMs === null ? undefined : Number(openForMs),
    query: isQuoted ? shownQuery(query) : undefined,
  };
}
