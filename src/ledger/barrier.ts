/**
 * A transaction behind which everything that was committed before it is on disk, also what was
 * committed with synchronous_commit off: it writes to the log itself, without which its COMMIT waits
 * for nothing, and its own COMMIT waits (research: mechanisms, M9). Any role may send such a message,
 * which nobody reads. https://www.postgresql.org/docs/current/functions-admin.html
 */
import { holderPid } from "./lock.ts";

const waits =
  "select pg_catalog.set_config('synchronous_commit', 'on', true) " +
  "where pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'";
const writes = "select pg_catalog.pg_logical_emit_message(true, 'lacuna', '')";

export const barrier: string = `${waits}; ${writes}`;

/** The same from another session, if it is on the server where `pid` holds the lock; raises if not. */
export function barrierBeside(lockKey: bigint, pid: number): string {
  return (
    `${waits}; select case when ${holderPid(lockKey)} operator(pg_catalog.=) ${pid} then 0 ` +
    `else pg_catalog.concat('not this server')::pg_catalog.int4 end; ${writes}`
  );
}
