/** Bodies, settings and company that might upset migrations which are sent ahead. */
import { expect } from "bun:test";
import { SqlError } from "../../src/ports.ts";
import { contract, databaseSettings, oneBackend, pgliteSkips } from "./contract.ts";
import { beside, placeOfFailure, stageOfFailure } from "./ground.ts";
import { throughRelay } from "./messages.ts";
import { base, count, expectDone, expectSaid, mostAhead, numbered, small } from "./numbered.ts";

const manyRunners = "twelve runners at once: each migration is applied by one of them";
const copying =
  "a COPY that asks for data ends the session, and what was sent behind it does not run";
const noTimers = "a statement_timeout of the header's ends its own migration alone";
const serializable = "a default of serializable is no migration's isolation";
const manyRows = "a million rows of one are dropped, and those behind it run";

contract(
  [
    ...pgliteSkips(oneBackend, manyRunners),
    ...pgliteSkips("PGlite answers each message before the next", copying, manyRows),
    ...pgliteSkips("PGlite 0.5.16 has no timers", noTimers),
    ...pgliteSkips(databaseSettings, serializable),
  ],
  (check) => {
    for (const [name, own] of [
      ["for the session", "perform set_config('lacuna.' || 'turn', 'mine', false)"],
      ["for the transaction", "perform set_config('lacuna.' || 'turn', 'mine', true)"],
      ["and takes all settings back", "execute 'reset' || ' all'"],
    ] as const) {
      check(`a body that sets lacuna's own turn ${name} stops nothing`, async (ground) => {
        await ground.up(base);
        const body = `do $$ begin ${own}; end $$;\n${small(4)}`;
        const ran = await ground.up(numbered({ "4_x.up.sql": body }));
        if (name.startsWith("and")) {
          // The marker is gone with them.
          expect(ran.problems).toEqual(["not-proven"]);
          expect(ran.first).toMatchObject({ broken: "transaction" });
          await expectDone(ground, 3, { 4: 1 });
          return;
        }
        expect(ran.problems).toEqual([]);
        await expectDone(ground, count);
      });
    }

    for (const [what, when, body] of [
      ["keeps rows out", "before", "return null;"],
      ["takes rows out", "after", "delete from public.applied_migrations; return null;"],
      ["changes rows", "before", "new.name = 'another'; return new;"],
    ] as const) {
      check(`a trigger on every table that ${what} ends its own migration`, async (ground) => {
        await ground.up(base);
        // It does not name the tracker.
        await ground.sql(
          `create function f() returns trigger language plpgsql as $f$ begin ${body} end $f$`,
        );
        const onAll =
          "do $$ declare t name; begin for t in select tablename from pg_tables where schemaname = 'public' " +
          "and tablename not in ('effects', 'parents', 'children') loop " +
          `execute format('create trigger t ${when} insert on public.%I for each row execute function f()', t); ` +
          "end loop; end $$";
        const ran = await ground.up(numbered({ "4_x.up.sql": `${small(4)};\n${onAll}` }));
        expect(ran.problems).toEqual(["not-proven"]);
        expect(ran.first).toMatchObject({ id: "4_x", broken: "row" });
        expect(ran.applied).toEqual(["1_x", "2_x", "3_x"]);
        // In a convoy it is tried without, and then alone, where its row is looked at.
        await expectDone(ground, 3, { 4: ground.engine.kind === "server" ? 2 : 1 });
      });
    }

    check(
      "a function of old that puts triggers everywhere ends its own migration",
      async (ground) => {
        await ground.up(base);
        await ground.sql(
          "create function f() returns trigger language plpgsql as $f$ begin return null; end $f$; " +
            "create function everywhere() returns void language plpgsql as $f$ declare t name; begin " +
            "for t in select tablename from pg_tables where schemaname = 'public' and tablename <> 'effects' loop " +
            "execute format('create trigger t before insert on public.%I for each row execute function f()', t); " +
            "end loop; end $f$",
        );
        const plain = (version: number): string => `insert into effects values (${version})`;
        const files = Object.fromEntries(
          Array.from({ length: 8 }, (_, index) => [`${index + 1}_x.up.sql`, plain(index + 1)]),
        );
        const body = `${plain(4)}; select everywhere()`;
        const ran = await ground.up({ ...base, ...files, "4_x.up.sql": body });
        expect(ran.problems).toEqual(["not-proven"]);
        expect(ran.first).toMatchObject({ id: "4_x", broken: "row" });
        expect(await ground.versions()).toEqual(["0", "1", "2", "3"]);
        expect(await ground.value("select count(*) from effects")).toBe("3");
      },
    );

    for (const [what, setUp, own, begun] of [
      ["by its words", "", "deallocate all", 1],
      [
        "by a function of old",
        "create function tidy() returns void language plpgsql as $f$ begin execute 'deallocate all'; end $f$",
        "select tidy()",
        2,
      ],
    ] as const) {
      check(`a body that takes prepared statements away ${what} is applied`, async (ground) => {
        await ground.up(base);
        await ground.sql(setUp);
        const ran = await ground.up(numbered({ "4_x.up.sql": `${own};\n${small(4)}` }));
        expect(ran.problems).toEqual([]);
        expect(ran.applied).toHaveLength(count);
        // The record is prepared too: without it a flight of a convoy goes again, alone.
        await expectDone(ground, count, { 4: ground.engine.kind === "server" ? begun : 1 });
      });
    }

    check("what a body prepares is gone behind it", async (ground) => {
      await ground.up(base);
      const made = `prepare left_over as select 1; execute left_over;\n${small(4)}`;
      const used = `insert into effects select 50 where exists (select from pg_prepared_statements where name = 'left_over');\n${small(5)}`;
      const ran = await ground.up(numbered({ "4_x.up.sql": made, "5_x.up.sql": used }));
      expect(ran.problems).toEqual([]);
      await expectDone(ground, count);
    });

    check("the record does not go by a search_path that a body leaves", async (ground) => {
      await ground.up(base);
      // Operators that would take the proof for given, or never.
      await ground.sql(
        "create schema other; " +
          "create function other.no(text, text) returns boolean language sql immutable as 'select false'; " +
          "create function other.no(integer, integer) returns boolean language sql immutable as 'select false'; " +
          "create operator other.<> (leftarg = text, rightarg = text, function = other.no); " +
          "create operator other.= (leftarg = text, rightarg = text, function = other.no); " +
          "create operator other.= (leftarg = integer, rightarg = integer, function = other.no)",
      );
      const own = "set search_path = other, pg_catalog, public";
      const body = `do $$ begin execute 'reset' || ' all'; end $$;\n${small(6)}; ${own}`;
      const files = { "4_x.up.sql": `${small(4)}; ${own}`, "6_x.up.sql": body };
      const ran = await ground.up(numbered(files));
      expect(ran.problems).toEqual(["not-proven"]);
      expect(ran.first).toMatchObject({ id: "6_x", broken: "transaction" });
      await expectDone(ground, 5, { 6: 1 });
    });

    check("thousands of notices are told as their own migration's", async (ground) => {
      await ground.up(base);
      const many =
        "do $$ begin for n in 1..5000 loop raise notice 'one of many'; end loop; end $$;\n";
      const ran = await ground.up(numbered({ "4_x.up.sql": many + small(4) }));
      expect(ran.problems).toEqual([]);
      const told = ran.world.events.flatMap((event) =>
        event.kind === "notice" && event.notice.message === "one of many"
          ? [event.migration?.version]
          : [],
      );
      expect(told).toHaveLength(5000);
      expect(new Set(told.map(String))).toEqual(new Set(["4"]));
      await expectDone(ground, count);
    });

    check(manyRows, async (ground) => {
      await ground.up(base);
      await using messages = await throughRelay(ground);
      const body = `${small(4)}; select n, repeat('x', 20) from generate_series(1, 1000000) n`;
      const ran = await messages.ground.up(numbered({ "4_x.up.sql": body }));
      expect(ran.problems).toEqual([]);
      expect(messages.mostAhead).toBe(mostAhead);
      expectSaid(ran, 1, count);
      await expectDone(ground, count);
    });

    check(noTimers, async (ground) => {
      await ground.up(base);
      const body = `-- lacuna: statement-timeout 100ms\n${small(4)};\n  select pg_sleep(5)`;
      const slow = `select pg_sleep(0.15);\n${small(5)}`;
      const files = numbered({ "4_x.up.sql": body, "5_x.up.sql": slow });
      const ran = await ground.up(files);
      expect(ran.first).toMatchObject({ id: "4_x", error: { code: "57014" } });
      expect(placeOfFailure(ran)).toBe("5:3");
      expect(stageOfFailure(ran)).toBe("statement 4 of 4");
      await expectDone(ground, 3, { 4: 1 });
      const quicker = { ...files, "4_x.up.sql": body.replace("pg_sleep(5)", "1") };
      expect((await ground.up(quicker)).problems).toEqual([]);
      await expectDone(ground, count, { 4: 2 });
    });

    check("--to ends in the middle of what could be sent", async (ground) => {
      await ground.up(base);
      const ran = await ground.up(numbered(), { to: "7" });
      expect(ran.problems).toEqual([]);
      expectSaid(ran, 1, 7);
      await expectDone(ground, 7);
    });

    check("gaps are filled in their order", async (ground) => {
      await ground.up(base);
      const { "2_x.up.sql": second = "", "5_x.up.sql": fifth = "", ...others } = numbered();
      expect((await ground.up(others)).problems).toEqual([]);
      const ran = await ground.up({ ...others, "2_x.up.sql": second, "5_x.up.sql": fifth });
      expect(ran.applied).toEqual(["2_x", "5_x"]);
      const gaps = ran.world.events.flatMap((event) =>
        event.kind === "applied" ? [event.isGap] : [],
      );
      expect(gaps).toEqual([true, true]);
      await expectDone(ground, count);
    });

    check(serializable, async (ground) => {
      await ground.up(base);
      await ground.sql("create table seen (said text)");
      await ground.configure("default_transaction_isolation = serializable");
      const see = "insert into seen values (current_setting('trans' || 'action_iso' || 'lation'));";
      const own = `${see}\n${small(3)}`;
      const ran = await ground.up(numbered({ "3_x.up.sql": own, "4_x.up.sql": see + small(4) }));
      expect(ran.problems).toEqual([]);
      expect(await ground.value("select string_agg(said, ', ') from seen")).toBe(
        "read committed, read committed",
      );
      await expectDone(ground, count);
    });

    check(manyRunners, async (ground) => {
      await ground.up(base);
      const all = await Promise.all(Array.from({ length: 12 }, () => ground.up(numbered())));
      expect(all.flatMap((ran) => ran.problems)).toEqual([]);
      expect(all.flatMap((ran) => ran.applied)).toHaveLength(count);
      await expectDone(ground, count);
    });

    check(copying, async (ground) => {
      await ground.sql("create table copied (a int); create table behind (a int)");
      await beside(ground, async (session) => {
        const settled = await Promise.allSettled([
          session.run("insert into behind values (1)"),
          session.run("copy copied from stdin"),
          session.run("insert into behind values (2)"),
          session.run("insert into behind values (3)"),
        ]);
        const kinds = settled.map((one) =>
          one.status === "rejected" && one.reason instanceof SqlError
            ? one.reason.kind
            : one.status,
        );
        // It takes the next message for data, and ends the session.
        expect(kinds).toEqual(["fulfilled", "lost", "lost", "lost"]);
      });
      expect(await ground.value("select count(*) from copied")).toBe("0");
      expect(await ground.value("select string_agg(a::text, ' ') from behind")).toBe("1");
    });
  },
);
