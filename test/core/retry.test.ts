import { describe, expect, test } from "bun:test";
import {
  attemptLimitMs,
  isNotThereYet,
  isRetryable,
  pauseMs,
  pollMs,
} from "../../src/core/retry.ts";

describe("what an error means for another try", () => {
  test.each([
    { code: "ECONNREFUSED", what: "nobody listens", notThere: true, again: false },
    { code: "ENOTFOUND", what: "no such host yet", notThere: true, again: false },
    { code: "EAI_AGAIN", what: "DNS is not up", notThere: true, again: false },
    { code: "ETIMEDOUT", what: "no answer", notThere: true, again: false },
    { code: "ENOENT", what: "no socket yet", notThere: true, again: false },
    { code: "57P03", what: "the server is starting up", notThere: true, again: false },
    { code: "57P01", what: "the server is shutting down", notThere: true, again: false },
    { code: "53300", what: "too many connections", notThere: true, again: false },
    { code: "28P01", what: "a wrong password", notThere: false, again: false },
    { code: "28000", what: "no entry in pg_hba.conf", notThere: false, again: false },
    { code: "3D000", what: "no such database", notThere: false, again: false },
    { code: "55P03", what: "a lock not had in time", notThere: false, again: true },
    { code: "40P01", what: "a deadlock", notThere: false, again: true },
    { code: "40001", what: "a serialization failure", notThere: false, again: true },
    { code: "57014", what: "a statement that was cancelled", notThere: false, again: false },
    { code: "42P01", what: "a missing table", notThere: false, again: false },
    { code: "40003", what: "an unknown outcome", notThere: false, again: false },
    { code: "", what: "no code", notThere: false, again: false },
  ])("$what: wait for the database $notThere, try again $again", ({ code, notThere, again }) => {
    const error = { severity: "ERROR", code, message: "" };
    expect(isNotThereYet(error)).toBe(notThere);
    expect(isRetryable(error)).toBe(again);
  });
});

test.each([
  {
    message: "server login has been failing, try again later (server_login_retry)",
    notThere: true,
  },
  { message: "pgbouncer cannot connect to server", notThere: true },
  { message: "no more connections allowed (max_client_conn)", notThere: true },
  { message: "query_wait_timeout", notThere: true },
  { message: "no such database: nowhere", notThere: false },
  { message: "unsupported startup parameter: options", notThere: false },
])("what PgBouncer says: $message", ({ message, notThere }) => {
  expect(isNotThereYet({ severity: "FATAL", code: "08P01", message })).toBe(notThere);
});

test.each([
  { attempt: 1, limit: 1000 },
  { attempt: 2, limit: 2000 },
  { attempt: 3, limit: 5000 },
  { attempt: 4, limit: 5000 },
  { attempt: 100, limit: 5000 },
])("attempt $attempt waits at most $limit ms for a lock", ({ attempt, limit }) => {
  expect(attemptLimitMs(attempt)).toBe(limit);
});

const randoms = [0, 0.25, 0.5, 0.999];

test.each([1000, 2000, 5000])("the pause behind %d ms is at least as long", (attemptMs) => {
  for (const random of randoms) {
    expect(pauseMs(attemptMs, random)).toBeGreaterThanOrEqual(attemptMs);
    expect(pauseMs(attemptMs, random)).toBeLessThanOrEqual(2 * attemptMs);
  }
  expect(pauseMs(attemptMs, 0)).not.toBe(pauseMs(attemptMs, 0.5));
});

test.each([1, 2, 3, 5, 10, 1000, Number.MAX_SAFE_INTEGER])(
  "poll %d waits between 100 ms and 2 s",
  (attempt) => {
    for (const random of randoms) {
      expect(pollMs(attempt, random)).toBeGreaterThanOrEqual(100);
      expect(pollMs(attempt, random)).toBeLessThanOrEqual(2000);
    }
  },
);

test("polls get rarer, and no two runners keep in step", () => {
  const waits = [1, 2, 3, 4, 5].map((attempt) => pollMs(attempt, 0.5));
  expect(waits).toEqual(waits.toSorted((left, right) => left - right));
  expect(new Set(waits).size).toBe(waits.length);
  expect(pollMs(3, 0)).not.toBe(pollMs(3, 0.9));
});
