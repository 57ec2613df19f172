import type { ServerMessage } from "./problem.ts";

/**
 * When to try again, and how long to wait: decisions of the shell's loops, kept where they can
 * be tested without a clock. Times are milliseconds; `random` is between 0 and 1.
 */

/** The database is not there yet: not listening, no such host yet, starting up, or full. */
export function isNotThereYet(error: ServerMessage): boolean {
  const { code, message } = error;
  return notThereYet.has(code) || (code === protocolViolation && waitingPooler.test(message));
}

const notThereYet: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "EPIPE",
  "CONNECTION_CLOSED",
  // Another process has the folder.
  "PGLITE_IN_USE",
  // cannot_connect_now: starting up, shutting down, in recovery.
  "57P03",
  "57P01",
  "57P02",
  // too_many_connections
  "53300",
]);

/** PgBouncer has this one code for all that it says itself (1.18). */
const protocolViolation = "08P01";
/** Its server is not there yet, or all its connections are taken. */
const waitingPooler =
  /server_login_retry|cannot connect to server|max_client_conn|query_wait_timeout/;

/** Rolled back without a trace and worth another try: a lock not had in time, a deadlock, a
 *  serialization failure. https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html */
export function isRetryable(error: ServerMessage): boolean {
  return isLockTimeout(error) || error.code === "40P01" || error.code === "40001";
}

/** lock_not_available */
export function isLockTimeout(error: ServerMessage): boolean {
  return error.code === "55P03";
}

/** The lock_timeout of an attempt, from 1: 1, 2, 5, 5 … s. A queue behind us waits no longer. */
export function attemptLimitMs(attempt: number): number {
  return [1000, 2000][attempt - 1] ?? 5000;
}

/** The pause behind an attempt: at least as long as the attempt, so that traffic can pass. */
export function pauseMs(attemptMs: number, random: number): number {
  return Math.round(attemptMs * (1 + random / 2));
}

/** The wait before the lock, or the connection, is asked for again: 100 ms growing to 2 s. */
export function pollMs(attempt: number, random: number): number {
  const full = Math.min(2000, 200 * 2 ** Math.min(attempt - 1, 10));
  return Math.round(full * (0.5 + random / 2));
}

/**
 * How many connections in a row may be lost with nothing applied in between. A migration that ends
 * its own session, or crashes the server, is not sent for ever.
 */
export const mostLosses = 3;
