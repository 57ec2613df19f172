/** `verify` on a database: everything is tried, and the database is as before. */
import { expect } from "bun:test";
import type { VerifyOutcome } from "../../src/outcome.ts";
import type { Files } from "../support/worlds.ts";
import { contract, oneBackend, pgliteSkips } from "./contract.ts";
import { type Ground, type Ran, verdicts } from "./ground.ts";

const base: Files = {
  "1_base.sql": `
create table parent (id int primary key);
create table child (id int primary key, parent int constraint child_parent
  references parent deferrable initially deferred);
create table people (id bigint generated always as identity primary key, name text not null);
insert into people (name) values ('a'), ('b');
insert into parent values (1); insert into child values (1, 1);`,
};

contract(
  [
    ...pgliteSkips(
      oneBackend,
      "other clients are a reason to refuse",
      "another runner's lock is waited for",
    ),
    ...pgliteSkips(
      "its only session would be gone",
      "a session that ends itself ends the rehearsal",
    ),
    ...pgliteSkips(
      "PGlite runs in this thread: nothing can stop a statement",
      "the time limit ends it",
    ),
  ],
  (check) => {
    check("what builds on itself passes, and the database is as before", async (ground) => {
      const ran = await rehearse(ground, {
        "2_column.sql": "alter table people add column email text",
        "3_index.sql": "create unique index people_email on people (email)",
        "4_data.sql":
          "insert into people (name, email) values ('c', 'c@x'); delete from child; drop table child",
      });
      expect(verdicts(ran)).toEqual(["2_column: passed", "3_index: passed", "4_data: passed"]);
      expect(ran.problems).toEqual([]);
    });

    check("sequences that moved are told", async (ground) => {
      const ran = await rehearse(ground, { "2_c.sql": "insert into people (name) values ('c')" });
      const { changes } = outcomeOf(ran).leftovers;
      expect(changes.filter((change) => change.kind === "sequence")).toEqual([
        { kind: "sequence", name: "public.people_id_seq", was: "2", is: "3" },
      ]);
    });

    check("what a rollback cannot undo is told from the text", async (ground) => {
      const ran = await rehearse(ground, {
        "2_kept.sql": "prepare p as select 1;\nselect pg_advisory_lock(7)",
      });
      expect(verdicts(ran)).toEqual(["2_kept: passed"]);
      const told = outcomeOf(ran).leftovers.statements.map(({ what, line }) => `${line} ${what}`);
      expect(told.map((one) => one.split(":")[0])).toEqual(["1 PREPARE", "2 pg_advisory_lock()"]);
    });

    check("a failure is found, and what comes behind it is tried too", async (ground) => {
      const ran = await rehearse(ground, {
        "2_required.sql": "alter table people add column email text not null",
        "3_regex.sql":
          "select 1;\nalter table people add check (name ~ '.');\nselect 'x' ~ '(unclosed'",
        "4_fine.sql": "alter table people add column age int",
        "5_typo.sql": "alter tabel people add column x int",
        "6_fine.sql": "alter table people alter column age set default 1",
      });
      expect(verdicts(ran)).toEqual([
        "2_required: failed",
        "3_regex: failed",
        "4_fine: passed",
        "5_typo: failed",
        "6_fine: passed",
      ]);
      expect(failures(ran)).toEqual(["2_required 23502 1", "3_regex 2201B 3", "5_typo 42601 1"]);
      expect(ran.problems).toEqual(["verify-found"]);
      expect(outcomeOf(ran).verdicts.map((one) => one.after)).toEqual([
        undefined,
        ...Array.from({ length: 4 }, () => "2_required"),
      ]);
    });

    check("transaction control is refused before anything runs", async (ground) => {
      const ran = await rehearse(ground, {
        "2_fine.sql": "create table t2 ()",
        "3_commit.sql": "create table t3 (); commit; create table t4 ()",
      });
      expect(ran.problems).toEqual(["refused-statement"]);
    });

    check("a COMMIT inside of DO or CALL ends nothing", async (ground) => {
      const ran = await rehearse(ground, {
        "2_do.sql": "create table t2 (); do $$ begin commit; end $$",
        "3_call.sql":
          "create procedure p() language plpgsql as $$ begin commit; end $$; call p(); create table t3 ()",
        "4_hidden.sql": "do $$ begin execute 'commit'; end $$",
        "5_fine.sql": "create table t5 ()",
      });
      expect(verdicts(ran)).toEqual([
        "2_do: failed",
        "3_call: failed",
        "4_hidden: failed",
        "5_fine: passed",
      ]);
    });

    check("a deferred constraint fails where COMMIT would, and only there", async (ground) => {
      const ran = await rehearse(ground, {
        "2_orphan.sql": "insert into child values (2, 99)",
        "3_child_first.sql": "insert into child values (3, 3); insert into parent values (3)",
        "4_new_key.sql": `
create table own (id int primary key, boss int references own deferrable initially deferred);
insert into own values (1, 2); insert into own values (2, 2)`,
        "5_again.sql": "insert into own values (3, 4); insert into own values (4, 4)",
        "6_orphan.sql": "insert into own values (5, 6)",
      });
      expect(verdicts(ran)).toEqual([
        "2_orphan: failed",
        "3_child_first: passed",
        "4_new_key: passed",
        "5_again: passed",
        "6_orphan: failed",
      ]);
      expect(failures(ran)).toEqual(["2_orphan 23503 commit", "6_orphan 23503 commit"]);
    });

    check("a body's SET CONSTRAINTS ends with it", async (ground) => {
      const key = "create table own (id int primary key, boss int references own deferrable)";
      const ran = await rehearse(ground, {
        "2_key.sql": key,
        "3_all.sql":
          "set constraints all deferred; insert into own values (1, 2); insert into own values (2, 2)",
        "4_at_once.sql": "insert into own values (3, 4); insert into own values (4, 4)",
        "5_immediate.sql": "set constraints all immediate; insert into parent values (5)",
        "6_child_first.sql": "insert into child values (6, 6); insert into parent values (6)",
      });
      // In 4 the key is checked with the statement, as it would be in production.
      expect(verdicts(ran)).toEqual([
        "2_key: passed",
        "3_all: passed",
        "4_at_once: failed",
        "5_immediate: passed",
        "6_child_first: passed",
      ]);
    });

    check("deferred triggers run under the body's search_path and role", async (ground) => {
      await ground.sql(
        "create role contract_owner; grant create on schema public to contract_owner",
      );
      const ran = await rehearse(ground, {
        "2_trigger.sql": `
create schema inner_one; grant usage, create on schema inner_one to contract_owner;
set role contract_owner; set search_path = inner_one;
create table log (who text); create table watched (id int);
create function note() returns trigger language plpgsql as
  $$ begin insert into log values (current_user); return null; end $$;
create constraint trigger note after insert on watched deferrable initially deferred
  for each row execute function note();
insert into watched values (1)`,
        "3_look.sql": `do $$ begin
  if (select string_agg(who, ',') from inner_one.log) is distinct from 'contract_owner' then
    raise 'wrong: %', (select string_agg(who, ',') from inner_one.log);
  end if; end $$`,
      });
      expect([...verdicts(ran), ...failures(ran)]).toEqual(["2_trigger: passed", "3_look: passed"]);
    });

    check("constraints of any name, of temporary tables and of one name twice", async (ground) => {
      const ran = await rehearse(ground, {
        "2_names.sql": `
create schema "we""ird.one";
create table "we""ird.one"."T" (id int constraint "c'1 "" x" unique deferrable initially deferred);
create temporary table passing (id int unique deferrable initially deferred);
insert into passing values (1);
create table first (id int primary key, f int constraint same references first deferrable initially deferred);
create table second (id int primary key, f int constraint same references second);
insert into first values (1, 2), (2, 2)`,
        "3_twice.sql": `insert into "we""ird.one"."T" values (1), (1)`,
        "4_fine.sql": `insert into "we""ird.one"."T" values (1)`,
      });
      expect(verdicts(ran)).toEqual(["2_names: passed", "3_twice: failed", "4_fine: passed"]);
    });

    check("what a session keeps does not reach the next migration", async (ground) => {
      const ran = await rehearse(ground, {
        "2_leaks.sql": `
create role contract_other; create schema aside; grant all on schema aside to contract_other;
create temporary table people (id int); set search_path = aside; set statement_timeout = 10000;
prepare p as select 1; set role contract_other; create table mine (); listen x`,
        "3_clean.sql": `
insert into people (name) values ('z'); create table public_one (); prepare p as select 2;
do $$ begin
  if current_user <> session_user or current_setting('statement_timeout') <> '0' then raise 'leak'; end if;
  if to_regclass('public.public_one') is null then raise 'path'; end if;
end $$`,
      });
      expect([...verdicts(ran), ...failures(ran)]).toEqual(["2_leaks: passed", "3_clean: passed"]);
    });

    check("what drops the runner's lock fails, and the next one has it again", async (ground) => {
      const ran = await rehearse(ground, {
        "2_unlock.sql": "create table t2 (); select pg_advisory_unlock_all()",
        "3_fine.sql": "create table t3 ()",
      });
      expect(verdicts(ran)).toEqual(["2_unlock: failed", "3_fine: passed"]);
    });

    check(
      "what cannot be rolled back is not verified, with the way to verify it",
      async (ground) => {
        const files = {
          "2_index.sql": "create index concurrently people_name on people (name)",
          "3_enum.sql": "create type mood as enum ('glad'); alter type mood add value 'sad'",
          "4_uses.sql": "create table moods (m mood default 'sad')",
          "5_both.sql":
            "alter type mood add value 'odd'; create table odd_moods (m mood default 'odd')",
          "6_needs.sql": "alter table moods add column x int",
          "7_isolation.sql": "set transaction isolation level serializable; create table t7 ()",
          "8_regex.sql": "select 'x' ~ '(unclosed'",
        };
        const ran = await rehearse(ground, files);
        expect(verdicts(ran)).toEqual([
          "2_index: not verified",
          "3_enum: passed",
          "4_uses: not verified",
          "5_both: failed",
          "6_needs: not verified",
          "7_isolation: not verified",
          "8_regex: failed",
        ]);
        const [, , uses, , needs] = outcomeOf(ran).verdicts;
        expect(uses?.result === "not verified" && uses.way).toContain("--scratch");
        // Behind two of them the one is named that could have made what is missing.
        expect(needs?.result === "not verified" && needs.reason).toContain("4_uses");
      },
    );

    check("a slip of the pen behind such a file is a failure", async (ground) => {
      const ran = await rehearse(ground, {
        "2_index.sql": "create unique index concurrently people_name on people (name)",
        "3_typo.sql": "update poeple set name = null",
        "4_conflict.sql": "insert into people (name) values ('a') on conflict (name) do nothing",
      });
      expect(verdicts(ran)).toEqual([
        "2_index: not verified",
        "3_typo: failed",
        "4_conflict: not verified",
      ]);
    });

    check("what a role without rights leaves behind is settled all the same", async (ground) => {
      await ground.sql("create role contract_nobody");
      const ran = await rehearse(ground, {
        "2_orphan.sql": `
create schema hidden; create table hidden.p (id int primary key);
create table hidden.c (p int references hidden.p deferrable initially deferred);
insert into hidden.c values (9); set role contract_nobody`,
        "3_fine.sql": "create table fine ()",
      });
      expect(verdicts(ran)).toEqual(["2_orphan: failed", "3_fine: passed"]);
    });

    check("a deferred trigger on the tracker shows itself", async (ground) => {
      await ground.up(base);
      await ground.sql(`
create function refuse() returns trigger language plpgsql as
  $$ begin if new.version = 3 then raise exception 'guard'; end if; return null; end $$;
create constraint trigger guard after insert on applied_migrations deferrable initially deferred
  for each row execute function refuse()`);
      const ran = await ground.verify({ ...base, "2_a.sql": "select 1", "3_b.sql": "select 2" });
      expect(verdicts(ran)).toEqual(["2_a: passed", "3_b: failed"]);
    });

    check("what another migration records is not passed over in silence", async (ground) => {
      const ran = await rehearse(ground, {
        "2_enum.sql": "create type e as enum ('a'); alter type e add value 'b'",
        "3_records.sql": "insert into applied_migrations values (5, 'd', now(), null)",
        "4_uses.sql": "create table uses (x e default 'b')",
        "5_d.sql": "select 1 / 0",
      });
      expect(verdicts(ran).at(-1)).not.toBe("5_d: passed");
      expect(verdicts(ran)).toHaveLength(4);
    });

    check("strict makes a failure of it", async (ground) => {
      const files = { "2_index.sql": "create index concurrently people_name on people (name)" };
      expect((await rehearse(ground, files)).problems).toEqual([]);
      const strict = await ground.verify({ ...base, ...files }, { strict: true });
      expect(strict.problems).toEqual(["verify-found"]);
    });

    check("isolated: each alone, and rolled back behind it", async (ground) => {
      const ran = await rehearse(
        ground,
        {
          "2_table.sql": "create table t2 (id int); insert into people (name) values ('c')",
          "3_needs.sql": "alter table t2 add column x int",
          "4_fails.sql": "alter table people add column email text not null",
          "5_fine.sql": "alter table people add column age int; set constraints all deferred",
        },
        { method: "isolated" },
      );
      expect(verdicts(ran)).toEqual([
        "2_table: passed",
        "3_needs: not verified",
        "4_fails: failed",
        "5_fine: passed",
      ]);
    });

    check("a database without a tracker stays without one", async (ground) => {
      const before = await ground.snapshot();
      const ran = await ground.verify({
        "1_a.sql": "create table a ()",
        "2_b.sql": "drop table a",
      });
      expect(verdicts(ran)).toEqual(["1_a: passed", "2_b: passed"]);
      expect(await ground.snapshot()).toBe(before);
      expect(await ground.exists("applied_migrations")).toBe(false);
    });

    check("gaps are pending, and what an old tool applied is not", async (ground) => {
      await ground.sql(
        "create table schema_migrations (version bigint not null primary key, dirty boolean not null); insert into schema_migrations values (2, false)",
      );
      const before = await ground.snapshot();
      const files = { "1_a.sql": "broken", "2_b.sql": "broken", "3_c.sql": "create table c ()" };
      const ran = await ground.verify(files);
      expect(verdicts(ran)).toEqual(["3_c: passed"]);
      expect(outcomeOf(ran).adoption?.version).toBe("2" as never);
      expect(await ground.snapshot()).toBe(before);

      await ground.sql("update schema_migrations set dirty = true");
      expect((await ground.verify(files)).problems).toEqual(["legacy-dirty"]);
    });

    check("a history that `up` refuses is refused", async (ground) => {
      await ground.up(base);
      const renamed = { "1_other.sql": base["1_base.sql"] ?? "", "2_b.sql": "select 1" };
      expect((await ground.verify(renamed)).problems).toEqual(["renamed"]);
      const unknown = { ...base, "2_b.sql": "-- lacuna: hurry\nselect 1" };
      expect((await ground.verify(unknown)).problems).toEqual(["bad-directive"]);
    });

    check("notices are passed on with their migration", async (ground) => {
      await ground.up(base);
      const ran = await ground.verify({
        ...base,
        "2_talks.sql": "do $$ begin raise notice 'hear me'; end $$",
      });
      const notices = ran.world.events.filter((event) => event.kind === "notice");
      expect(notices.map((one) => [one.notice.message, one.migration?.id])).toEqual([
        ["hear me", "2_talks"],
      ]);
    });

    check("other clients are a reason to refuse", async (ground) => {
      // The suite's own session is one.
      const ran = await rehearse(ground, { "2_a.sql": "create table a ()" }, { others: "refused" });
      expect(ran.problems).toEqual(["other-clients"]);
      expect(ran.first?.code === "other-clients" && ran.first.clients.join()).toContain("contract");
    });

    check("the time limit ends it", async (ground) => {
      const files = { "2_a.sql": "create table a ()", "3_slow.sql": "select pg_sleep(30)" };
      const startMs = performance.now();
      const ran = await rehearse(ground, files, { timeLimitMs: 5000 });
      expect(ran.first).toMatchObject({ code: "time-limit", during: "3_slow" });
      expect(verdicts(ran)).toEqual(["2_a: passed"]);
      expect(performance.now() - startMs).toBeLessThan(15_000);
    });

    check("a session that ends itself ends the rehearsal", async (ground) => {
      const ran = await rehearse(ground, {
        "2_a.sql": "create table a ()",
        "3_ends.sql": "select pg_terminate_backend(pg_backend_pid())",
        "4_b.sql": "create table b ()",
      });
      expect(verdicts(ran)).toEqual(["2_a: passed"]);
      expect(ran.first).toMatchObject({ code: "connection-lost", doing: "rehearsing 3_ends" });
    });

    check("another runner's lock is waited for", async (ground) => {
      await ground.up(base);
      const key = await ground.value(
        "select ('x' || substr(encode(sha256('public'::bytea || '\\x00'::bytea || 'applied_migrations'::bytea), 'hex'), 1, 16))::bit(64)::bigint",
      );
      await ground.sql(`select pg_advisory_lock(${key})`);
      const files = { ...base, "2_a.sql": "create table a ()" };
      expect((await ground.verify(files, { lockWaitMs: 300 })).problems).toEqual([
        "lock-unavailable",
      ]);
      await ground.sql(`select pg_advisory_unlock(${key})`);
      expect((await ground.verify(files)).problems).toEqual([]);
    });
  },
);

/** With `base` applied; the database has to be the same behind it, to the last row version. */
async function rehearse(
  ground: Ground,
  files: Files,
  request: Parameters<Ground["verify"]>[1] = {},
): Promise<Ran> {
  await ground.up(base);
  const before = await ground.snapshot();
  const ran = await ground.verify({ ...base, ...files }, request);
  expect(await ground.snapshot()).toBe(before);
  expect(await ground.versions()).toEqual(["1"]);
  const locks = await ground.value(
    "select count(*) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()",
  );
  expect(locks).toBe("0");
  return ran;
}

function outcomeOf({ outcome }: Ran): VerifyOutcome {
  if (outcome.kind !== "verify") throw new Error(`no rehearsal: ${JSON.stringify(outcome)}`);
  return outcome;
}

/** Each failure with its SQLSTATE and its line, or where else it came up. */
function failures(ran: Ran): readonly string[] {
  return outcomeOf(ran).verdicts.flatMap((verdict) => {
    if (verdict.result !== "failed") return [];
    const { problem, migration } = verdict;
    if (problem.code !== "migration-failed") return [`${migration.id} ${problem.code}`];
    const where = problem.place?.line ?? problem.stage.kind;
    return [`${migration.id} ${problem.error.code} ${where}`];
  });
}
