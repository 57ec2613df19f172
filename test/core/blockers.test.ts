import { describe, expect, test } from "bun:test";
import {
  type Blocker,
  describeBlocker,
  isWorthSaying,
  lookAfterMs,
  shownQuery,
} from "../../src/core/blockers.ts";

const blocker: Blocker = {
  pid: 4711,
  application: "psql",
  address: "10.0.0.7",
  state: "idle in transaction",
  openForMs: 185_000,
  query: "select 1",
};
const unseen: Blocker = {
  pid: 12,
  application: undefined,
  address: undefined,
  state: undefined,
  openForMs: undefined,
  query: undefined,
};

describe("a blocker in words", () => {
  test.each([
    [
      blocker,
      "pid 4711 (psql, from 10.0.0.7), idle in transaction, its transaction open for 3.1 min, last ran: select 1",
    ],
    [
      { ...blocker, state: "active", application: undefined },
      "pid 4711 (from 10.0.0.7), active, its transaction open for 3.1 min, running: select 1",
    ],
    [unseen, "pid 12"],
    [{ ...unseen, pid: 0 }, "a prepared transaction (see pg_prepared_xacts)"],
  ])("%#", (one, words) => {
    expect(describeBlocker(one)).toBe(words);
  });
});

test.each([
  ["  select\n\t1  ", "select 1"],
  ["", undefined],
  [" \n", undefined],
  ["select '\u001b[31m\u009b'", "select ' [31m '"],
  ["alter role a password 'geheim' valid until 'x'", "alter role a password *** valid until 'x'"],
  ["alter role a PASSWORD E'ge''heim'", "alter role a PASSWORD ***"],
  // Cut by pg_stat_activity in the middle of the literal.
  ["alter role a password 'geheim und", "alter role a password ***"],
  ["connection 'host=h password=geheim user=u'", "connection 'host=h password=*** user=u'"],
  ["options (user 'u', password 'geheim')", "options (user 'u', password ***)"],
  ["select crypt_password('geheim')", "select crypt_password(***)"],
  ["set_password(password => 'geheim')", "set_password(password => ***)"],
  [`select ${"x".repeat(100)}`, `select ${"x".repeat(73)} …`],
  ["é😀".repeat(40), "é😀".repeat(40)],
])("a query as it is shown: %j", (query, shown) => {
  expect(shownQuery(query)).toBe(shown);
});

test("who is in the way is said when they change, and then ever less often", () => {
  const at = (times: number, agoMs: number): boolean =>
    isWorthSaying([blocker], { blockers: [blocker], times, agoMs });
  expect(isWorthSaying([blocker], { blockers: [], times: 0, agoMs: 0 })).toBe(true);
  expect(isWorthSaying([unseen, blocker], { blockers: [blocker], times: 1, agoMs: 0 })).toBe(true);
  expect(at(1, 4999)).toBe(false);
  expect(at(1, 5000)).toBe(true);
  expect(at(2, 9999)).toBe(false);
  expect(at(3, 20_000)).toBe(true);
  expect(at(50, 59_999)).toBe(false);
  expect(at(50, 60_000)).toBe(true);
});

test("a look comes before the lock timeout, whenever the wait begins", () => {
  for (const limit of [100, 400, 1000, 5000]) {
    expect(lookAfterMs(0, limit)).toBeLessThan(limit);
    expect(lookAfterMs(7, limit)).toBeLessThan(limit);
  }
  expect(lookAfterMs(0, undefined)).toBe(700);
  expect(lookAfterMs(1, 0)).toBe(400);
  expect(lookAfterMs(100, 0)).toBe(5000);
});
