/**
 * Which migrations may be sent before the ones ahead of them are answered, and how many: decisions
 * of apply/pipeline.ts, kept where they can be tested without a server.
 */
import type { Executable, TransactionScript } from "./script.ts";
import type { TrackerName } from "./tracker.ts";

/**
 * Whether a migration may be sent before those ahead of it are answered, with a guard in front of it. What a
 * transaction is (its isolation) has to be said before the guard: such a file is told by its words, wherever
 * they stand. One that says itself what its COMMIT waits for is left to itself, and one that speaks of
 * the tracker: what it makes there (a trigger) may be in the way of rows behind it.
 * https://www.postgresql.org/docs/current/sql-set-transaction.html
 */
export function canFollow(script: Executable, { table }: TrackerName): script is TransactionScript {
  return (
    script.mode === "transaction" &&
    script.characteristics === undefined &&
    script.body.length <= largestFollower &&
    !/\btransaction(?:_|\b)|isolation|synchronous_commit/i.test(script.body) &&
    !script.body.toLowerCase().includes(table.toLowerCase())
  );
}

/**
 * Whether a body may make prepared statements, or take them away: the session's own is one (`prepareRecord`). A
 * function that is older than the run may do so too, and is not looked for.
 */
export function mayPrepare({ body }: TransactionScript): boolean {
  return /prepare|deallocate|discard/i.test(body);
}

/**
 * How many flights are on their way at most. Those behind one that failed fail by their guards, and
 * each leaves an error in the server's log; eight keep a server busy over any but the longest network.
 */
export const mostInFlight = 8;
/** With so many left the next ones are sent, which keeps the server busy meanwhile. */
export const fewInFlight = 4;

/** Characters. What is larger keeps a server busy by itself. */
const largestFollower = 65_536;

/**
 * Whether a flight waits until its COMMIT is on disk, and with it everything ahead of it: the last
 * of a run, and one often enough for people to see how far it is.
 *
 * @param waitedMs How long it is since the last one that did was sent.
 */
export function isDurable(isLast: boolean, waitedMs: number): boolean {
  return isLast || waitedMs >= durableEveryMs;
}

const durableEveryMs = 100;
