/**
 * A connection that is cut, and a signal, while many migrations are on their way: each takes effect
 * once, and what is said is what is there.
 */
import { expect } from "bun:test";
import { up } from "../../src/commands/up.ts";
import { defaultTracker } from "../../src/core/tracker.ts";
import { lockKeyOf } from "../../src/ledger/lock.ts";
import type { Interruption, Reporter } from "../../src/ports.ts";
import { refusalAsOutcome, upRequest, worldOf } from "../support/worlds.ts";
import type { CutAt } from "../support/messages.ts";
import { contract, pgliteSkips } from "./contract.ts";
import { beside, type Ground, type Ran } from "./ground.ts";
import { throughRelay } from "./messages.ts";
import { base, count, expectDone, mostAhead, numbered, small } from "./numbered.ts";

const inReply = "cut where a COMMIT is acknowledged: each takes effect once";
const inRow = "cut in the middle of the rows that a body selects";
const inMessage = "cut in the middle of a message behind one that runs";
const whenStopped =
  "a signal while one runs: those behind it are not begun, and those ahead are said";
const betweenTries = "a session that ends between two attempts leaves nothing behind them in doubt";
const amongMany = "signals at moments of a run: what is said is what is there";

const names = (versions: readonly number[]): string[] => versions.map((version) => `${version}_x`);
const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, at) => at + 1);

const isFlightOf = (version: number, text: string): boolean =>
  text.includes("set local lacuna.marker") && text.includes(`nextval('ran_${version}')`);

/** How often each was begun is not known: a message may have been lost in front of it. */
async function expectOnce(ground: Ground): Promise<void> {
  expect(await ground.versions()).toEqual(["0", ...upTo(count).map(String)]);
  expect(
    await ground.value("select string_agg(version::text, ' ' order by version) from effects"),
  ).toBe(upTo(count).join(" "));
}

async function runCut(ground: Ground, cutAt: CutAt, files = numbered()): Promise<Ran> {
  await ground.up(base);
  let isCut = false;
  await using messages = await throughRelay(ground, (message) => {
    if (isCut || message.connection > 1) return undefined;
    const where = cutAt(message);
    isCut = where !== undefined;
    return where;
  });
  const ran = await messages.ground.up(files);
  expect(isCut).toBe(true);
  expect(messages.mostAhead).toBe(mostAhead);
  expect(ran.problems).toEqual([]);
  // In order, each once.
  expect(ran.applied).toEqual(names(upTo(count)));
  const said = ran.world.events.flatMap((event) =>
    event.kind === "applied" ? [event.migration.id] : [],
  );
  expect(said).toEqual(names(upTo(count)));
  expect(ran.world.events.filter((event) => event.kind === "reconnecting")).toHaveLength(1);
  await expectOnce(ground);
  return ran;
}

interface Switch extends Interruption {
  readonly press: () => void;
}

function newSwitch(): Switch {
  const listeners = new Set<() => void>();
  let signal: Interruption["signal"];
  return {
    get signal() {
      return signal;
    },
    onSignal(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    press() {
      signal = "SIGTERM";
      for (const listener of listeners) listener();
    },
  };
}

contract(
  pgliteSkips(
    "PGlite is in this process",
    inReply,
    inRow,
    inMessage,
    whenStopped,
    betweenTries,
    amongMany,
  ),
  (check) => {
    check(inReply, async (ground) => {
      const { world } = await runCut(ground, ({ from, text, type, answers }) =>
        from === "server" && type === "C" && text.startsWith("COMMIT") && isFlightOf(5, answers)
          ? "before"
          : undefined,
      );
      // What the server said of them has come, also where nothing more may be said of them yet.
      const early = world.events.slice(
        0,
        world.events.findIndex(({ kind }) => kind === "reconnecting"),
      );
      const notices = early.flatMap((event) =>
        event.kind === "notice" ? [`${event.migration?.version} ${event.notice.message}`] : [],
      );
      expect(notices).toEqual(upTo(5).map((one) => `${one} of ${one}`));
    });

    check(inRow, async (ground) => {
      let rows = 0;
      const body = `${small(5)}; select repeat('x', 1000) from generate_series(1, 20000)`;
      await runCut(
        ground,
        ({ from, type, answers }) =>
          from === "server" && type === "D" && isFlightOf(5, answers) && ++rows === 9000
            ? "inside"
            : undefined,
        numbered({ "5_x.up.sql": body }),
      );
    });

    check(inMessage, async (ground) => {
      const body = `${small(4)}; select pg_sleep(0.2)`;
      await runCut(
        ground,
        ({ from, text }) => (from === "client" && isFlightOf(6, text) ? "inside" : undefined),
        // Small enough to be followed, and of a size that is cut within the body.
        numbered({ "4_x.up.sql": body, "6_x.up.sql": `${small(6)} -- ${"x".repeat(50_000)}` }),
      );
    });

    check(whenStopped, async (ground) => {
      await ground.up(base);
      await using messages = await throughRelay(ground);
      const files = numbered({ "5_x.up.sql": `${small(5)}; select pg_sleep(30)` });
      const interruption = newSwitch();
      const world = { ...worldOf(messages.ground.database, files), interruption };
      const running = refusalAsOutcome(() => up(world, upRequest));
      while ((await ground.value(sleeping)) !== "1") await Bun.sleep(5);
      const startMs = performance.now();
      interruption.press();
      const outcome = await running;
      expect(performance.now() - startMs).toBeLessThan(10_000);
      expect(outcome).toMatchObject({ problems: [{ code: "interrupted", during: { id: "5_x" } }] });
      const applied = outcome.kind === "up" ? outcome.applied.map((one) => one.id) : [];
      expect(applied).toEqual(names(upTo(4)));
      expect(messages.behindFailure).toBeGreaterThanOrEqual(3);
      await expectDone(ground, 4, { 5: 1 });
      // The session is gone, and with it the lock.
      expect((await ground.up(numbered())).problems).toEqual([]);
      await expectDone(ground, count, { 5: 2 });
    });

    check(betweenTries, async (ground) => {
      await ground.up(base);
      const key = lockKeyOf(defaultTracker);
      const body =
        "-- lacuna: lock-timeout 1s\ndo $$ begin if nextval('ran_4') = 1 then " +
        "raise sqlstate '40001' using message = 'once'; end if; end $$";
      const made = worldOf(ground.database, numbered({ "4_x.up.sql": body }));
      const { promise: isRetrying, resolve: retrying } = Promise.withResolvers<void>();
      const reporter: Reporter = {
        report(event) {
          made.reporter.report(event);
          if (event.kind === "retrying") retrying();
        },
      };
      await beside(ground, async (other) => {
        const running = refusalAsOutcome(() =>
          up({ ...made, reporter }, { ...upRequest, lockWaitMs: 500 }),
        );
        await isRetrying;
        const [taken] = await Promise.all([
          other.run(`select pg_advisory_lock(${key})`),
          ground.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity " +
              "where application_name like 'lacuna/%' and pid <> pg_backend_pid() " +
              `and pid <> ${other.backendPid} and datname = current_database()`,
          ),
        ]);
        expect(taken).toHaveLength(1);
        const outcome = await running;
        expect(outcome).toMatchObject({
          problems: [{ code: "outcome-unknown", id: "4_x" }, { code: "lock-unavailable" }],
        });
        const [first] = "problems" in outcome ? outcome.problems : [];
        expect(first).not.toHaveProperty("others");
      });
      expect((await ground.up(numbered())).problems).toEqual([]);
      await expectOnce(ground);
    });

    check(amongMany, async (ground) => {
      await ground.up(base);
      const codes: string[] = [];
      for (let round = 0; round < 12; round++) {
        const interruption = newSwitch();
        const made = worldOf(ground.database, numbered());
        // Behind so many events of the work itself, and then anywhere in the turn of the loop.
        let left = 1 + round * 3;
        const reporter: Reporter = {
          report(event) {
            made.reporter.report(event);
            if (event.kind === "connected") return;
            if (--left === 0) setTimeout(interruption.press, round % 4);
          },
        };
        const world = { ...made, reporter, interruption };
        const outcome = await refusalAsOutcome(() => up(world, upRequest));
        const problems = "problems" in outcome ? outcome.problems.map((one) => one.code) : [];
        codes.push(problems.join());
        const applied = outcome.kind === "up" ? outcome.applied.map((one) => one.id) : [];
        const there = (await ground.versions()).filter((version) => version !== "0");
        expect(applied).toEqual(there.map((version) => `${version}_x`));
        await expectDone(ground, there.length, await begunOnce(ground, there.length + 1));
        await ground.sql(
          "delete from applied_migrations where version > 0; truncate effects; " +
            `do $$ begin for n in 1..${count} loop execute format('alter sequence ran_%s restart', n); end loop; end $$`,
        );
      }
      expect(new Set(codes)).toEqual(new Set(["interrupted", ""]));
    });
  },
);

const sleeping =
  "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and query like '%pg_sleep(30)%'";

/** The one that ran when the signal came may have been begun, and nothing behind it. */
async function begunOnce(
  ground: Ground,
  version: number,
): Promise<Readonly<Record<number, number>>> {
  if (version > count) return {};
  const begun = await ground.value(
    `select last_value from pg_sequences where sequencename = 'ran_${version}'`,
  );
  return begun === null ? {} : { [version]: 1 };
}
