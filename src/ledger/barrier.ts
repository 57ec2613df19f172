/**
 * A transaction behind which everything that was committed before it is on disk, also what was
 * committed with synchronous_commit off: it writes to the log itself, without which its COMMIT waits
 * for nothing, and its own COMMIT waits (research: mechanisms, M9). Any role may send such a message,
 * which nobody reads. https://www.postgresql.org/docs/current/functions-admin.html
 */
import type { Session } from "../ports.ts";
import { catalogRows } from "./catalog.ts";
import { holderPid } from "./lock.ts";

const waits =
  "select pg_catalog.set_config('synchronous_commit', 'on', true) " +
  "where pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'";
const writes = "select pg_catalog.pg_logical_emit_message(true, 'lacuna', '')";

export const barrier: string = `${waits}; ${writes}`;

/** Where a server has taken that function away: what the catalog says of a table is written too. */
export const barrierByTable: string = `${waits}; create temporary table lacuna_barrier () on commit drop`;

/**
 * The same from another session, while the runner's is busy: not where another server answers, as a
 * URL of several hosts may lead to, and not where a synchronous standby was not waited for, of which
 * PostgreSQL only warns.
 *
 * @param pid The backend that holds the lock.
 */
export async function isDurableBeside(
  session: Session,
  lockKey: bigint,
  pid: number,
): Promise<boolean> {
  let isWarned = false;
  const [rows] = await catalogRows(session, `select ${holderPid(lockKey)}::text as pid`);
  if (rows?.[0]?.["pid"] !== String(pid)) return false;
  await session.run(`set local client_min_messages = warning; ${barrier}`, () => {
    isWarned = true;
  });
  return !isWarned;
}
