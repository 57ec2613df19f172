/** Who is in the way of a statement that waits for a lock, in words. */
import { formatDuration } from "./duration.ts";

/** A session that another one waits for, as far as it may be seen. */
export interface Blocker {
  /** 0: a prepared transaction, which has no session. */
  readonly pid: number;
  readonly application: string | undefined;
  /** The client's address, or `local`. */
  readonly address: string | undefined;
  readonly state: string | undefined;
  /** How long its transaction has been open. */
  readonly openForMs: number | undefined;
  /** What it runs, or ran last: cut, and without passwords. */
  readonly query: string | undefined;
}

export function describeBlocker(blocker: Blocker): string {
  const { pid, application, address, state, openForMs, query } = blocker;
  if (pid === 0) return "a prepared transaction (see pg_prepared_xacts)";
  const who = [application, address === undefined ? undefined : `from ${address}`].filter(
    (part) => part !== undefined,
  );
  return [
    `pid ${pid}${who.length === 0 ? "" : ` (${who.join(", ")})`}`,
    state,
    openForMs === undefined ? undefined : `its transaction open for ${formatDuration(openForMs)}`,
    query === undefined ? undefined : `${state === "active" ? "running" : "last ran"}: ${query}`,
  ]
    .filter((part) => part !== undefined)
    .join(", ");
}

/**
 * A query as a message may repeat it: in one line, not the whole of it, and without what stands
 * behind the word password. pg_stat_activity has it as its session sent it.
 */
export function shownQuery(query: string): string | undefined {
  const line = query
    .replace(
      /(password\w*['"]?\s*(?:=>|:=|[=:,]|\((?=\s*'))?\s*)(?:[eu]&?)?(?:'(?:[^']|'')*'?|[^\s,;()]+)/gi,
      "$1***",
    )
    .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ")
    .trim();
  if (line === "") return undefined;
  const characters = Array.from(line);
  return characters.length > longestQuery
    ? `${characters.slice(0, longestQuery).join("")} …`
    : line;
}

const longestQuery = 80;

/** Others than before are said at once; the same again after 5, 10, 20, 40 and then each 60 s. */
export function isWorthSaying(
  blockers: readonly Blocker[],
  said: { readonly blockers: readonly Blocker[]; readonly times: number; readonly agoMs: number },
): boolean {
  const pids = (some: readonly Blocker[]): string => some.map(({ pid }) => pid).join(" ");
  if (pids(blockers) !== pids(said.blockers)) return true;
  return said.agoMs >= Math.min(60_000, 5000 * 2 ** Math.min(said.times - 1, 10));
}

/**
 * When to look, from 0: not while a statement is still young, before a lock timeout can end its
 * wait, and ever less often where none does.
 */
export function lookAfterMs(look: number, lockTimeoutMs: number | undefined): number {
  if (lockTimeoutMs !== undefined && lockTimeoutMs > 0) {
    return Math.min(look === 0 ? 700 : 400, Math.round(lockTimeoutMs * 0.6));
  }
  return look === 0 ? 700 : Math.min(5000, 400 * 1.2 ** Math.min(look - 1, 20));
}
