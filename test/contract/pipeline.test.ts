/**
 * Migrations that are sent before those ahead of them are answered. Where one fails, nothing of those
 * behind it has taken effect, not even what a rollback leaves: each body draws from a sequence of its own.
 */
import { expect } from "bun:test";
import { contract, pgliteSkips } from "./contract.ts";
import { placeOfFailure, stageOfFailure } from "./ground.ts";
import { throughRelay } from "./messages.ts";
import { base, count, expectDone, expectSaid, mostAhead, numbered } from "./numbered.ts";

const failing = 4;

const failures: readonly {
  readonly name: string;
  readonly body: string;
  /** How often its sequence was drawn from. */
  readonly begun: number;
  readonly code: string;
  readonly place: string;
  readonly stage: string;
}[] = [
  {
    name: "a syntax error",
    body: "select nextval('ran_4');\nselect 1,\n  from from effects",
    begun: 0,
    code: "42601",
    place: "3:3",
    stage: "statement 2 of 2",
  },
  {
    name: "an error of analysis",
    body: "select nextval('ran_4');\ninsert into effects values (4); select\n  nope from effects",
    begun: 1,
    code: "42703",
    place: "3:3",
    stage: "statement 3 of 3",
  },
  {
    name: "an error at run time",
    body: "select nextval('ran_4');\ninsert into effects values (4);\n  select 1 / 0 -- no line end",
    begun: 1,
    code: "22012",
    place: "3:3",
    stage: "statement 3 of 3",
  },
  {
    name: "a deferred constraint",
    body: "select nextval('ran_4'); insert into effects values (4); insert into children values (1)",
    begun: 1,
    code: "23503",
    place: "nowhere",
    stage: "commit",
  },
  {
    name: "a failure at COMMIT itself",
    body:
      "select nextval('ran_4'); insert into effects values (4);\n" +
      "declare c cursor with hold for select 1 / (g - 2) from generate_series(1, 3) g",
    begun: 1,
    code: "22012",
    place: "nowhere",
    stage: "commit",
  },
];

const pipelines = "PGlite answers each message before the next";
const counted = "small migrations go over a network in a few round trips, all told in order";

contract(pgliteSkips(pipelines, counted), (check, { kind }) => {
  check(counted, async (ground) => {
    await ground.up(base);
    await using messages = await throughRelay(ground);
    const ran = await messages.ground.up(numbered());
    expect(ran.problems).toEqual([]);
    expectSaid(ran, 1, count);
    await expectDone(ground, count);
    expect(messages.mostAhead).toBe(mostAhead);
    // The opening, the lock, and eight flights at a time: one by one they would be 22.
    expect(messages.roundTrips).toBeLessThanOrEqual(11);
    const flights = messages.sent.filter(({ text }) => text.includes("set local lacuna.marker"));
    expect(flights.map(({ ahead }) => ahead).slice(0, 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(flights).toHaveLength(count);
  });

  for (const { name, body, begun, code, place, stage } of failures) {
    check(`${name} ends what is on its way behind it`, async (ground) => {
      await ground.up(base);
      const set = numbered({ [`${failing}_x.up.sql`]: body });
      await using messages = kind === "server" ? await throughRelay(ground) : undefined;
      const ran = await (messages?.ground ?? ground).up(set);
      expect(ran.problems).toEqual(["migration-failed"]);
      expect(ran.first).toMatchObject({ id: "4_x", error: { code }, attempts: 1 });
      expect(placeOfFailure(ran)).toBe(place);
      expect(stageOfFailure(ran)).toBe(stage);
      expect(ran.applied).toEqual(["1_x", "2_x", "3_x"]);
      expectSaid(ran, 1, failing - 1);
      await expectDone(ground, failing - 1, begun === 0 ? {} : { [failing]: begun });
      if (messages !== undefined) expect(messages.behindFailure).toBeGreaterThanOrEqual(4);

      // Mended, the rest follows.
      const rest = await ground.up(numbered());
      expect(rest.problems).toEqual([]);
      expectSaid(rest, failing, count);
      await expectDone(ground, count, { [failing]: begun + 1 });
    });
  }
});
