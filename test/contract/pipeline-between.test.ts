/**
 * Migrations that are sent ahead, and what comes in between: a lock that is not to be had, a body that
 * has to be alone, a reset that fails, a signal, a connection that is cut.
 */
import { expect } from "bun:test";
import { up } from "../../src/commands/up.ts";
import type { Event } from "../../src/events.ts";

import { refusalAsOutcome, upRequest, worldOf } from "../support/worlds.ts";
import { contract, pgliteSkips } from "./contract.ts";
import { beside, type Ground, type Ran } from "./ground.ts";
import { throughRelay } from "./messages.ts";
import { base, count, expectDone, expectSaid, mostAhead, numbered, small } from "./numbered.ts";

const oneByOne = "PGlite answers each message before the next";

const failsOnce = (code: string): string =>
  `do $$ begin if nextval('ran_4') = 1 then raise sqlstate '${code}' using message = 'once'; end if; end $$;\n`;

const quick = "-- lacuna: lock-timeout 60ms\n";
/** What `small` says and does, behind something that draws from the sequence itself. */
const rest4 = small(4).split("\n").slice(1).join("\n");

const blocked = "a lock that is not to be had is tried for again, and what was behind it goes then";
const atCommit =
  "a serialization failure at COMMIT is tried again, and what was behind it goes then";
const lockDropped = "a body that drops the lock ends all";
const tailFails = "a reset that fails behind a COMMIT fails neither its migration nor the next";
const limited = ["statement_timeout", "lock_timeout"].map(
  (limit) => `a ${limit} of the database's does not end the reset behind a COMMIT`,
);
const largeBetween = "a large file goes alone, between small ones that do not";
const stepsBetween = "a no-transaction file goes alone, behind what is on disk";
const triggered = "a tracker with a trigger of somebody's is gone to one by one";
const ruled = "a tracker with a rule of somebody's is gone to one by one";
const heldBack = "what is not on disk is not said, and then all of it in order";
const seen = "a body sees the session's own synchronous_commit, and what it sets for itself stays";

const isFlightOf = (version: number, text: string): boolean =>
  text.includes("set local lacuna.marker") && text.includes(`nextval('ran_${version}')`);

function kinds({ world }: Ran, kind: Event["kind"]): readonly Event[] {
  return world.events.filter((event) => event.kind === kind);
}

const waitsForWanted =
  "select exists (select from pg_locks where not granted and relation = 'wanted'::regclass " +
  "and database = (select oid from pg_database where datname = current_database()))";

/** DISCARD TEMP takes the column away with its type, and needs the table for that. */
const takesAway =
  `-- lacuna: lock-timeout 30s\n${small(4)}; create temp table odd (); ` +
  "alter table wanted add column odd_one odd; select pg_advisory_xact_lock(77)";

const ofTakingAway =
  "from pg_stat_activity where query like '%alter table wanted%' and pid <> pg_backend_pid() " +
  "and datname = current_database()";

/** Does something while the table is another's, whom the reset behind `takesAway` waits for. */
async function whileWanted(
  ground: Ground,
  start: () => Promise<Ran>,
  work: () => Promise<void>,
): Promise<Ran> {
  const untilWaits = async (what: string): Promise<void> => {
    const waits =
      `select exists (select from pg_locks where not granted and ${what} ` +
      "and database = (select oid from pg_database where datname = current_database()))";
    while ((await ground.value(waits)) !== "t") await Bun.sleep(5);
  };
  const patient = "set lock_timeout = 0; set statement_timeout = 0; begin";
  const wanted = "relation = 'wanted'::regclass";
  return beside(ground, (holder) =>
    beside(ground, async (next) => {
      await holder.run(`${patient}; select pg_advisory_xact_lock(77)`);
      const running = start();
      await untilWaits("locktype = 'advisory' and objid = 77");
      const taken = next.run(`${patient}; lock table wanted`);
      await untilWaits(wanted);
      await holder.run("commit");
      await taken;
      await untilWaits(wanted);
      await work();
      await next.run("commit");
      return running;
    }),
  );
}

contract(
  pgliteSkips(
    oneByOne,
    largeBetween,
    tailFails,
    ...limited,
    heldBack,
    triggered,
    ruled,
    seen,
    blocked,
  ),
  (check, { kind }) => {
    check(blocked, async (ground) => {
      await ground.up({ ...base });
      await ground.sql("create table wanted ()");
      await using messages = await throughRelay(ground);
      const body = `${quick}select nextval('ran_4'); lock table wanted;\n${rest4}`;
      const running = await beside(ground, async (session) => {
        await session.run("begin; lock table wanted");
        const started = messages.ground.up(numbered({ "4_x.up.sql": body }));
        while ((await ground.value(waitsForWanted)) !== "t") await Bun.sleep(5);
        await Bun.sleep(150);
        await session.run("commit");
        return { started };
      });
      const ran = await running.started;
      expect(ran.problems).toEqual([]);
      expect(messages.behindFailure).toBeGreaterThanOrEqual(4);
      expectSaid(ran, 1, count);
      const tries = 1 + kinds(ran, "retrying").length;
      expect(tries).toBeGreaterThan(1);
      await expectDone(ground, count, { 4: tries });
    });

    for (const code of ["55P03", "40P01", "40001"]) {
      check(`${code} is tried again, and what was behind it goes then`, async (ground) => {
        await ground.up(base);
        await using messages = kind === "server" ? await throughRelay(ground) : undefined;
        const set = numbered({ "4_x.up.sql": quick + failsOnce(code) + rest4 });
        const ran = await (messages?.ground ?? ground).up(set);
        expect(ran.problems).toEqual([]);
        if (messages !== undefined) expect(messages.behindFailure).toBeGreaterThanOrEqual(4);
        expectSaid(ran, 1, count);
        expect(kinds(ran, "retrying")).toHaveLength(1);
        // What was applied before is said before it is waited.
        const at = ran.world.events.findIndex((event) => event.kind === "retrying");
        const before = ran.world.events.slice(0, at).filter((event) => event.kind === "applied");
        expect(before).toHaveLength(3);
        await expectDone(ground, count, { 4: 2 });
      });
    }

    check(atCommit, async (ground) => {
      await ground.up(base);
      await ground.sql(
        "create function fail_once() returns int language plpgsql as $$ begin " +
          "if nextval('public.ran_4') = 1 then raise sqlstate '40001' using message = 'once'; end if; return 1; end $$",
      );
      await using messages = kind === "server" ? await throughRelay(ground) : undefined;
      const body = `${quick}${rest4};\ndeclare c cursor with hold for select fail_once()`;
      const ran = await (messages?.ground ?? ground).up(numbered({ "4_x.up.sql": body }));
      expect(ran.problems).toEqual([]);
      if (messages !== undefined) expect(messages.behindFailure).toBeGreaterThanOrEqual(4);
      expect(kinds(ran, "retrying")).toHaveLength(1);
      expect(ran.applied).toHaveLength(count);
      await expectDone(ground, count, { 4: 2 });
    });

    check(lockDropped, async (ground) => {
      await ground.up(base);
      const set = numbered({ "4_x.up.sql": `${small(4)}; select pg_advisory_unlock_all()` });
      const ran = await ground.up(set);
      expect(ran.problems).toEqual(["not-proven"]);
      expect(ran.first).toMatchObject({ broken: "lock" });
      expect(ran.applied).toEqual(["1_x", "2_x", "3_x"]);
      await expectDone(ground, 3, { 4: 1 });
    });

    check(tailFails, async (ground) => {
      await ground.up(base);
      await ground.sql("create table wanted ()");
      await using messages = await throughRelay(ground);
      const ran = await whileWanted(
        ground,
        () => messages.ground.up(numbered({ "4_x.up.sql": takesAway })),
        async () => {
          await ground.value(`select pg_cancel_backend(pid) ${ofTakingAway}`);
        },
      );
      expect(ran.problems).toEqual([]);
      expect(messages.behindFailure).toBeGreaterThanOrEqual(4);
      expectSaid(ran, 1, count);
      await expectDone(ground, count);
      expect(
        await ground.value("select count(*) from pg_attribute where attname = 'odd_one'"),
      ).toBe("0");
    });

    for (const [at, limit] of ["statement_timeout", "lock_timeout"].entries()) {
      check(limited[at] ?? "", async (ground) => {
        await ground.up(base);
        await ground.sql("create table wanted ()");
        await ground.configure(`${limit} = 100`);
        const ran = await whileWanted(
          ground,
          () => ground.up(numbered({ "4_x.up.sql": takesAway })),
          () => Bun.sleep(300),
        );
        expect(ran.problems).toEqual([]);
        expectSaid(ran, 1, count);
        await expectDone(ground, count);
      });
    }

    for (const version of [1, 2, 3]) {
      check(`SET TRANSACTION in front of migration ${version} is what it says`, async (ground) => {
        await ground.up(base);
        await using messages = kind === "server" ? await throughRelay(ground) : undefined;
        const body =
          `set transaction isolation level serializable;\nselect nextval('ran_${version}');\n` +
          `do $$ begin raise notice 'of ${version}'; end $$;\n` +
          `insert into effects select ${version} where current_setting('transaction_isolation') = 'serializable'`;
        const set = numbered({ [`${version}_x.up.sql`]: body });
        const ran = await (messages?.ground ?? ground).up(set);
        expect(ran.problems).toEqual([]);
        expectSaid(ran, 1, count);
        await expectDone(ground, count);
        if (messages === undefined) return;
        expect(messages.mostAhead).toBe(mostAhead);
        const own = messages.sent.find(({ text }) => isFlightOf(version, text));
        expect(own?.ahead).toBe(0);
      });
    }

    check(
      "a complaint about the transaction that is not the guard's doing is told",
      async (ground) => {
        await ground.up(base);
        const body = `${small(4)};\ndo $$ begin execute 'vacuum'; end $$`;
        const ran = await ground.up(numbered({ "4_x.up.sql": body }));
        expect(ran.problems).toEqual(["migration-failed"]);
        expect(ran.first).toMatchObject({ id: "4_x", error: { code: "25001" }, attempts: 1 });
        expect(ran.applied).toHaveLength(3);
        expect(await ground.versions()).toEqual(["0", "1", "2", "3"]);
      },
    );

    check(largeBetween, async (ground) => {
      await ground.up(base);
      await using messages = await throughRelay(ground);
      const large = `-- ${"x".repeat(1_000_000)}\n${small(5)}`;
      const ran = await messages.ground.up(numbered({ "5_x.up.sql": large }));
      expect(ran.problems).toEqual([]);
      expectSaid(ran, 1, count);
      await expectDone(ground, count);
      // In front of the first, and behind the large one, a message prepares the session.
      const aheadOf = (version: number): number | undefined =>
        messages.sent.find(({ text }) => isFlightOf(version, text))?.ahead;
      expect([1, 2, 3, 4, 5, 6, 7, 8].map(aheadOf)).toEqual([1, 2, 3, 4, 0, 1, 2, 3]);
    });

    check(stepsBetween, async (ground) => {
      await ground.up(base);
      await using messages = kind === "server" ? await throughRelay(ground) : undefined;
      const set = numbered({ "5_x.up.sql": `-- lacuna: no-transaction\n${small(5)}` });
      const ran = await (messages?.ground ?? ground).up(set);
      expect(ran.problems).toEqual([]);
      expectSaid(ran, 1, count);
      await expectDone(ground, count);
      if (messages !== undefined) expect(messages.mostAhead).toBe(mostAhead);
    });

    for (const [name, sql] of [
      [
        triggered,
        "create function pause() returns trigger language plpgsql as $$ begin return new; end $$; " +
          "create trigger pause before insert on applied_migrations for each row execute function pause()",
      ],
      [ruled, "create rule noted as on insert to applied_migrations do also select 1"],
    ] as const) {
      check(name, async (ground) => {
        await ground.up(base);
        await ground.sql(sql);
        await using messages = await throughRelay(ground);
        const ran = await messages.ground.up(numbered());
        expect(ran.problems).toEqual([]);
        expect(messages.mostAhead).toBe(1);
        expectSaid(ran, 1, count);
        await expectDone(ground, count);
      });
    }

    check(heldBack, async (ground) => {
      await ground.up(base);
      await using messages = await throughRelay(ground);
      const files = numbered({ "4_x.up.sql": `select pg_sleep(0.6); ${small(4)}` }, 4);
      const world = worldOf(messages.ground.database, files);
      const running = refusalAsOutcome(() => up(world, upRequest));
      while ((await ground.value("select count(*) from applied_migrations")) !== "4")
        await Bun.sleep(5);
      await Bun.sleep(50);
      const saidBefore = world.events.filter((event) => event.kind === "applied");
      expect(await running).toMatchObject({ problems: [] });
      expect(saidBefore).toEqual([]);
      await expectDone(ground, 4);
    });

    check(seen, async (ground) => {
      await ground.up(base);
      await ground.sql("create table seen (version int, said text)");
      const see = (version: number): string =>
        `insert into seen values (${version}, current_setting('sync' || 'hronous_commit'));\n${small(version)}`;
      const files = numbered(
        {
          ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((one) => [`${one}_x.up.sql`, see(one)])),
          "3_x.up.sql": `set synchronous_commit = remote_write;\n${see(3)}`,
        },
        6,
      );
      for (const [given, wanted] of [
        ["local", "local local remote_write local local local"],
        ["off", "on on remote_write on on on"],
      ] as const) {
        await ground.sql(
          "drop table effects, seen; delete from applied_migrations where version > 0; " +
            "create table effects (version int); create table seen (version int, said text)",
        );
        await ground.configure(`synchronous_commit = ${given}`);
        await using messages = await throughRelay(ground);
        const ran = await messages.ground.up(files);
        expect(ran.problems).toEqual([]);
        expect(await ground.value("select string_agg(said, ' ' order by version) from seen")).toBe(
          wanted,
        );
        expect(messages.mostAhead).toBeGreaterThan(1);
        const own = messages.sent.find(({ text }) => isFlightOf(3, text));
        expect(own?.ahead).toBe(0);
        expect(own?.text).toContain("= 'off' then pg_catalog.length(pg_catalog.set_config");
      }
    });
  },
);
