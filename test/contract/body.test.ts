/** What a migration's body may do to the session that carries it, and what may not come of it. */
import { expect } from "bun:test";
import { contract, contractInTurn, databaseSettings, pgliteSkips } from "./contract.ts";
import { databaseAt } from "../support/engines.ts";
import { type Ground, groundOn, type Ran } from "./ground.ts";

/** Applies one body, and a second migration that shows what it was left. */
async function applies(ground: Ground, body: string): Promise<Ran> {
  const ran = await ground.up({ "1_body.up.sql": body });
  expect({ body, problems: ran.problems }).toEqual({ body, problems: [] });
  expect(await ground.versions()).toEqual(["1"]);
  return ran;
}

function notices({ world }: Ran): readonly string[] {
  return world.events.flatMap((event) => (event.kind === "notice" ? [event.notice.message] : []));
}

/** A trigger on the tracker. */
async function sabotage(ground: Ground, timing: string, body: string): Promise<void> {
  await ground.up({});
  await ground.sql(
    `create function sabotage() returns trigger language plpgsql as $$ begin ${body} end $$; ` +
      `create ${timing} on public.applied_migrations for each row execute function sabotage()`,
  );
}

const leavesSettings = "no session setting reaches the next migration";
const leavesThings = "no object of the session reaches the next migration";
const slashes = "standard_conforming_strings off for the database changes nothing";
const asynchronous = "a commit is durable whatever synchronous_commit says";

const loginRole = "a role that the URL sets is what a body and its row start from";
const asynchronousDatabase = "a database with synchronous_commit off is no way around it";

const skips = pgliteSkips(databaseSettings, slashes, asynchronousDatabase).concat(
  pgliteSkips("PGlite has no URL", loginRole),
);

contract(skips, (check) => {
  check("a body may end in a comment without a line end", async (ground) => {
    await applies(ground, "create table one (); -- the end");
    expect(await ground.exists("one")).toBe(true);
  });

  check("a body may lack its last semicolon, or have too many", async (ground) => {
    const { applied, problems } = await ground.up({
      "1_a.up.sql": "create table one ()",
      "2_b.up.sql": ";;create table two ();;;",
      "3_c.up.sql": "create table three () /* the end */",
    });
    expect(problems).toEqual([]);
    expect(applied).toEqual(["1_a", "2_b", "3_c"]);
  });

  const owners =
    "select string_agg(tableowner, ' ' order by tablename) from pg_tables where schemaname = 'public' and tablename <> 'applied_migrations'";

  check("a body may set the role", async (ground) => {
    await ground.sql(
      "create role contract_one; grant create, usage on schema public to contract_one",
    );
    const { problems } = await ground.up({
      "1_a.up.sql": "set role contract_one; create table a_one ()",
      "2_b.up.sql": "set local role contract_one; create table b_two ()",
      "3_c.up.sql": "create table c_three ()",
    });
    expect(problems).toEqual([]);
    expect(await ground.value(owners)).toBe("contract_one contract_one postgres");
    expect(await ground.versions()).toEqual(["1", "2", "3"]);
  });

  check("a body may set the session authorization", async (ground) => {
    await ground.sql(
      "create role contract_two; grant create, usage on schema public to contract_two",
    );
    const { problems } = await ground.up({
      "1_a.up.sql": "set session authorization contract_two; create table a_one ()",
      "2_b.up.sql": "set local session authorization contract_two; create table b_two ()",
      "3_c.up.sql": "create table c_three ()",
    });
    expect(problems).toEqual([]);
    expect(await ground.value(owners)).toBe("contract_two contract_two postgres");
    expect(await ground.versions()).toEqual(["1", "2", "3"]);
  });

  check(loginRole, async (ground) => {
    await ground.sql(
      "create role contract_owner; create role contract_login login noinherit; grant contract_owner to contract_login; grant create, usage on schema public to contract_owner",
    );
    const url = new URL(ground.url);
    url.username = "contract_login";
    // libpq, and lacuna with it, takes a plus for a plus.
    url.search = "?options=-c%20role%3Dcontract_owner";
    const login = groundOn(ground.engine, { ...ground, database: databaseAt(url.href) });
    const { problems } = await login.up({
      "1_a.up.sql": "create table a_one ()",
      "2_b.up.sql": "set role none; create temp table b_two ()",
      "3_c.up.sql": "create table c_three ()",
      "4_d.up.sql":
        "-- lacuna: no-transaction\nset role none; create table if not exists a_one (); set role contract_owner; create table d_four ()",
      "5_e.up.sql": "create table e_five ()",
    });
    expect(problems).toEqual([]);
    expect(await ground.versions()).toEqual(["1", "2", "3", "4", "5"]);
    expect(
      await ground.value(
        "select count(*) from pg_tables where tableowner = 'contract_owner' and tablename ~ '_'",
      ),
    ).toBe("6");
  });

  check("a body may empty search_path, in each of the three ways", async (ground) => {
    await ground.up({
      "1_a.up.sql": "set search_path = ''",
      "2_b.up.sql": "select set_config('search_path', '', false)",
      "3_c.up.sql": "set local search_path = ''",
      "4_d.up.sql": "create schema s; set search_path = s; create table in_s ()",
      "5_e.up.sql": "create table in_public ()",
    });
    expect(await ground.versions()).toEqual(["1", "2", "3", "4", "5"]);
    expect(await ground.exists("s.in_s")).toBe(true);
    expect(await ground.exists("public.in_public")).toBe(true);
  });

  check("a body may begin with SET TRANSACTION", async (ground) => {
    await applies(
      ground,
      "set transaction isolation level repeatable read; create table level as select current_setting('transaction_isolation') as it",
    );
    expect(await ground.value("select it from level")).toBe("repeatable read");
  });

  check("a body that gives the lock away is not recorded", async (ground) => {
    for (const body of [
      "create table one (); select pg_advisory_unlock_all()",
      "create table one (); do $$ begin perform pg_advisory_unlock_all(); end $$",
    ]) {
      const { problems, first } = await ground.up({
        "1_body.up.sql": body,
        "2_next.up.sql": "create table two ()",
      });
      expect(problems).toEqual(["not-proven"]);
      expect(first).toMatchObject({ broken: "lock", id: "1_body" });
      expect(await ground.versions()).toEqual([]);
      expect(await ground.exists("one")).toBe(false);
      expect(await ground.exists("two")).toBe(false);
    }
  });

  check("a body that hides its way around the parser is caught by the proof", async (ground) => {
    // RESET ALL by a function is what no parser sees; it takes the marker with it.
    for (const body of [
      "create table one (); do $$ begin execute 'reset all'; end $$",
      "create table one (); do $$ begin execute 'reset lacuna.marker'; end $$",
      "create table one (); do $$ begin execute $x$set lacuna.marker = 'x'$x$; end $$",
    ]) {
      const { problems, first } = await ground.up({ "1_body.up.sql": body });
      expect({ body, problems }).toEqual({ body, problems: ["not-proven"] });
      expect(first).toMatchObject({ broken: "transaction" });
      expect(await ground.exists("one")).toBe(false);
      expect(await ground.versions()).toEqual([]);
    }
  });

  check("a body's own limits are its own", async (ground) => {
    await ground.up({
      "1_a.up.sql": "set lock_timeout = '17min'; set statement_timeout = '18min'",
      "2_b.up.sql":
        "create table limits as select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement",
      "3_c.up.sql":
        "-- lacuna: lock-timeout 7s\n-- lacuna: statement-timeout 8min\n" +
        "create table given as select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement",
    });
    expect(await ground.value("select lock || ' ' || statement from limits")).toBe("1s 0");
    expect(await ground.value("select lock || ' ' || statement from given")).toBe("7s 8min");
  });

  check(leavesSettings, async (ground) => {
    const names =
      "'work_mem', 'search_path', 'lock_timeout', 'statement_timeout', 'synchronous_commit', 'standard_conforming_strings', " +
      "'default_transaction_isolation', 'default_transaction_read_only', 'session_replication_role', 'role', 'client_min_messages', 'DateStyle', 'my.own'";
    const look = `select name, setting from unnest(array[${names}]) as name, lateral (select coalesce(current_setting(name, true), '') as setting) as it`;
    const show = (table: string): string => `create table public.${table} as ${look}`;
    await ground.up({
      "1_before.up.sql": show("before"),
      "2_sets.up.sql":
        "set work_mem = '77MB'; set search_path = pg_catalog; set lock_timeout = '7s'; set statement_timeout = '7min'; " +
        "set synchronous_commit = off; set standard_conforming_strings = off; set default_transaction_isolation = serializable; " +
        "set default_transaction_read_only = on; set session_replication_role = replica; set client_min_messages = error; " +
        "set datestyle = 'SQL, DMY'; select set_config('my.own', 'x', false)",
      "3_after.up.sql": show("after"),
    });
    expect(await ground.versions()).toEqual(["1", "2", "3"]);
    expect(
      await ground.value(
        "select string_agg(name || ': ' || b.setting || ' -> ' || a.setting, ', ') from before b join after a using (name) where a.setting <> b.setting",
      ),
    ).toBeNull();
  });

  check(leavesThings, async (ground) => {
    const { applied, problems } = await ground.up({
      "1_leaves.up.sql":
        "create temp table applied_migrations (version int); create temp table left_over (); create temp sequence counter; prepare one as select 1; listen noise; " +
        "declare held cursor with hold for select 1; create table kept (id serial); insert into kept default values; " +
        "select pg_advisory_lock(42)",
      "2_looks.up.sql":
        "create table found as select " +
        "(select count(*) from pg_class where relpersistence = 't') as temporary, " +
        "(select count(*) from pg_prepared_statements) as prepared, " +
        "(select count(*) from pg_listening_channels()) as channels, " +
        "(select count(*) from pg_cursors) as cursors",
    });
    expect(problems).toEqual([]);
    expect(applied).toEqual(["1_leaves", "2_looks"]);
    expect(await ground.value("select found::text from found")).toBe("(0,0,0,0)");
    expect(await ground.versions()).toEqual(["1", "2"]);
    // What the last one leaves does not reach whoever comes next either.
    expect(await ground.value("select count(*) from pg_locks where locktype = 'advisory'")).toBe(
      "0",
    );
  });

  check("a temporary table of the tracker's name does not catch its row", async (ground) => {
    await applies(
      ground,
      "create temp table applied_migrations (version numeric, name text, applied_at timestamptz, checksum text); set search_path = pg_temp, public",
    );
  });

  check("functions and operators of a user do not stand in for the server's", async (ground) => {
    await applies(
      ground,
      "create schema evil; create function evil.clock_timestamp() returns timestamptz language sql as $$ select '2000-01-01'::timestamptz $$; " +
        "create function evil.never(numeric, numeric) returns bool language sql as 'select false'; " +
        "create operator evil.= (leftarg = numeric, rightarg = numeric, function = evil.never); " +
        "set search_path = evil, pg_catalog, public",
    );
    expect(
      await ground.value("select applied_at > '2001-01-01' from public.applied_migrations"),
    ).toBe("t");
  });

  check(slashes, async (ground) => {
    await ground.configure("standard_conforming_strings = off");
    // With it off, the server would read a COMMIT where the parser sees a string.
    await applies(
      ground,
      "create table one (t text); insert into one values ('a\\b'), ('\\'); select 'x\\'; -- ; commit; begin; select '\n",
    );
    expect(await ground.value("select string_agg(t, ' ' order by t) from one")).toBe("\\ a\\b");
    const { problems } = await ground.up({
      "1_body.up.sql":
        "create table one (t text); insert into one values ('a\\b'), ('\\'); select 'x\\'; -- ; commit; begin; select '\n",
      "2_o'clock\\.up.sql": "select '\\'",
    });
    expect(problems).toEqual([]);
    expect(await ground.value("select name from public.applied_migrations where version = 2")).toBe(
      "o'clock\\",
    );
  });

  /** What synchronous_commit is when a migration's COMMIT begins, told by a deferred trigger. */
  const watchCommits = async (ground: Ground): Promise<void> => {
    await ground.up({});
    await ground.sql(
      "create table seen (setting text); " +
        "create function looks() returns trigger language plpgsql as $$ begin insert into public.seen values (current_setting('synchronous_commit')); return null; end $$; " +
        "create constraint trigger looks after insert on public.applied_migrations deferrable initially deferred for each row execute function looks(); " +
        // A flight makes all constraints immediate beforehand; this one looks at the very end.
        "create function defers() returns trigger language plpgsql as $$ begin set constraints public.looks deferred; return new; end $$; " +
        "create trigger defers before insert on public.applied_migrations for each row execute function defers()",
    );
  };

  check(asynchronous, async (ground) => {
    await watchCommits(ground);
    const { problems } = await ground.up(
      {
        "1_a.up.sql": "set synchronous_commit = off",
        "2_b.up.sql": "set local synchronous_commit = off",
        "3_c.up.sql": "select 1",
        "4_d.up.sql": "set synchronous_commit = local",
        "5_e.up.sql": "-- lacuna: no-transaction\nset synchronous_commit = off; select 1",
      },
      { newHere: true },
    );
    expect(problems).toEqual([]);
    expect(await ground.value("select string_agg(setting, ' ') from seen")).toBe(
      "on on on local on",
    );
  });

  check(asynchronousDatabase, async (ground) => {
    await watchCommits(ground);
    await ground.configure("synchronous_commit = off");
    const files = { "1_a.up.sql": "select 1", "2_b.up.sql": "select 2" };
    expect((await ground.up(files, { to: "1", newHere: true })).problems).toEqual([]);
    const change = { to: "applied", versions: ["2"] } as const;
    expect((await ground.mark(files, change)).problems).toEqual([]);
    expect(await ground.value("select string_agg(setting, ' ') from seen")).toBe("on on");
  });

  check("a row that a trigger swallows or takes away is no success", async (ground) => {
    for (const [timing, body] of [
      ["trigger sabotage before insert", "return null;"],
      [
        "trigger sabotage after insert",
        "delete from public.applied_migrations where version = new.version; return null;",
      ],
      ["trigger sabotage before insert", "new.version := new.version + 100; return new;"],
      ["trigger sabotage before insert", "new.checksum := null; return new;"],
    ] as const) {
      await sabotage(ground, timing, body);
      const { problems, first, applied } = await ground.up(
        {
          "1_body.up.sql": "create table one ()",
        },
        { newHere: true },
      );
      expect({ body, problems }).toEqual({ body, problems: ["not-proven"] });
      expect(first).toMatchObject({ broken: "row" });
      expect(applied).toEqual([]);
      expect(await ground.exists("one")).toBe(false);
      expect(await ground.versions()).toEqual([]);
      await ground.sql("drop table public.applied_migrations; drop function sabotage()");
    }
  });

  check("a row that a deferred trigger takes away at COMMIT is no success", async (ground) => {
    await ground.up({}, { newHere: true });
    await ground.sql(
      "create function sabotage() returns trigger language plpgsql as $$ begin delete from public.applied_migrations where version = new.version; return null; end $$; " +
        "create constraint trigger sabotage after insert on public.applied_migrations deferrable initially deferred for each row execute function sabotage()",
    );
    const { problems, applied } = await ground.up(
      { "1_body.up.sql": "create table one ()" },
      { newHere: true },
    );
    expect(problems).toEqual(["not-proven"]);
    expect(applied).toEqual([]);
    expect(await ground.exists("one")).toBe(false);
  });

  check("deferred triggers of a body see the body's search_path", async (ground) => {
    await applies(
      ground,
      "create schema app; set search_path = app; create table log (text text); create table a (id int); " +
        "create function logs() returns trigger language plpgsql as $$ begin insert into log values ('seen'); return null; end $$; " +
        "create constraint trigger logs after insert on a deferrable initially deferred for each row execute function logs(); " +
        "insert into a values (1)",
    );
    expect(await ground.value("select text from app.log")).toBe("seen");
  });

  check("a reply that does not say what it should is no success", async (ground) => {
    // The row is there, but it is the trigger's: the server counts no row for our INSERT.
    await sabotage(
      ground,
      "trigger sabotage before insert",
      "if pg_trigger_depth() > 1 then return new; end if; " +
        "insert into public.applied_migrations values (new.version, new.name, new.applied_at, new.checksum); return null;",
    );
    const { problems, first, applied } = await ground.up(
      {
        "1_body.up.sql": "create table one ()",
        "2_next.up.sql": "create table two ()",
      },
      { newHere: true },
    );
    expect(problems).toEqual(["not-proven"]);
    expect(first).toMatchObject({ broken: "reply" });
    expect(first?.code === "not-proven" && first.reply).toContain("INSERT 0 0");
    expect(applied).toEqual([]);
    expect(await ground.exists("two")).toBe(false);
  });

  check("a rule on the tracker that does something else is no success", async (ground) => {
    await ground.up({}, { newHere: true });
    await ground.sql(
      "create rule elsewhere as on insert to public.applied_migrations do instead nothing",
    );
    const { problems } = await ground.up(
      { "1_body.up.sql": "create table one ()" },
      { newHere: true },
    );
    expect(problems).not.toEqual([]);
    expect(await ground.exists("one")).toBe(false);
  });

  check("a body that writes its own row fails on the primary key", async (ground) => {
    const { problems, first } = await ground.up(
      {
        "1_body.up.sql":
          "create table one (); insert into public.applied_migrations values (1, 'body', now(), null)",
      },
      { newHere: true },
    );
    expect(problems).toEqual(["migration-failed"]);
    expect(first).toMatchObject({ error: { code: "23505" }, stage: { kind: "record" } });
    expect(await ground.exists("one")).toBe(false);
  });

  check("notices of a body are shown, and belong to it", async (ground) => {
    const ran = await applies(
      ground,
      "do $$ begin raise notice 'first'; end $$; drop table if exists nowhere; do $$ begin raise warning 'second'; end $$",
    );
    expect(notices(ran)).toEqual(["first", 'table "nowhere" does not exist, skipping', "second"]);
  });

  check("a file whose name needs quotes is recorded as it is", async (ground) => {
    await ground.up({ '1_it\'s $$ a "name" é😀.up.sql': "select 1" }, { newHere: true });
    expect(await ground.value("select name from public.applied_migrations")).toBe(
      'it\'s $$ a "name" é😀',
    );
  });
});

contractInTurn((check) => {
  check("rows of a body are dropped, a million of them too", async (ground) => {
    const count = ground.engine.name === "PostgreSQL 18" ? 1_000_000 : 50_000;
    Bun.gc(true);
    const before = process.memoryUsage().rss;
    await applies(
      ground,
      `create table one (); select generate_series(1, ${count}), repeat('x', 300); select 2`,
    );
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(200);
    expect(await ground.exists("one")).toBe(true);
  });
});
