/** What a reader and an attacker found, and what must not come back. */
import { expect } from "bun:test";
import { databaseAt } from "../support/engines.ts";
import { runUp } from "../support/worlds.ts";
import { contract, databaseSettings, oneBackend, pgliteSkips } from "./contract.ts";
import { placeOfFailure, stageOfFailure } from "./ground.ts";

const hidden = "a policy that hides rows is an error, not an empty tracker";
const skips = [
  ...pgliteSkips(oneBackend, hidden),
  ...pgliteSkips(
    databaseSettings,
    "names in quotes are no reason to refuse the tracker",
    "an operator in the search_path decides nothing",
  ),
];

contract(skips, (check) => {
  check("an operator in the search_path decides nothing", async (ground) => {
    const files = { "1_a.up.sql": "create table a ()", "2_b.up.sql": "create table b ()" };
    await ground.up(files);
    await ground.sql(
      "create schema evil; " +
        "create function evil.yes(numeric, int) returns boolean language sql as 'select true'; " +
        "create operator evil.= (leftarg = numeric, rightarg = int, function = evil.yes)",
    );
    await ground.configure("search_path = evil, public");
    expect((await ground.mark(files, { to: "pending", versions: ["1"] })).problems).toEqual([]);
    expect(await ground.versions()).toEqual(["2"]);
  });

  check("names in quotes are no reason to refuse the tracker", async (ground) => {
    const files = { "1_a.up.sql": "create table a ()" };
    await ground.up(files);
    await ground.configure("quote_all_identifiers = on");
    expect((await ground.up(files)).problems).toEqual([]);
  });

  check(hidden, async (ground) => {
    const files = { "1_a.up.sql": "create table a ()" };
    await ground.up(files);
    await ground.sql(
      "do $$ begin if not exists (select from pg_roles where rolname = 'lacuna_reader') then create role lacuna_reader login; end if; end $$; " +
        "grant select, insert on applied_migrations to lacuna_reader; grant create, usage on schema public to lacuna_reader; " +
        "alter table applied_migrations enable row level security",
    );
    const database = databaseAt(ground.url.replace("postgres@", "lacuna_reader@"));
    expect((await runUp(database, files)).problems).toEqual(["row-security"]);
  });

  check("an emptied tracker on a full database is not a new database", async (ground) => {
    const files = { "1_a.up.sql": "create table a ()" };
    await ground.up(files);
    await ground.sql("delete from applied_migrations");
    expect((await ground.up(files)).problems).toEqual(["not-a-new-database"]);
  });

  check("an unlogged tracker is refused", async (ground) => {
    await ground.sql(
      "create unlogged table applied_migrations (version numeric primary key, name text, applied_at timestamptz, checksum text)",
    );
    expect((await ground.up({ "1_a.up.sql": "" })).problems).toEqual(["bad-tracker"]);
  });

  check("an error in lacuna's own statement is not blamed on the file", async (ground) => {
    const ran = await ground.up({ "1_a.up.sql": "select 1;\ndrop table applied_migrations;" });
    expect(placeOfFailure(ran)).toBe("nowhere");
    expect(stageOfFailure(ran)).toBe("record");
  });

  check("a failure beside a migration keeps what was applied before it", async (ground) => {
    const { outcome, problems } = await ground.up({
      "1_a.up.sql": "create table a (); create table applied_migrations_progress (nothing int)",
      "2_b.up.sql": "-- lacuna: no-transaction\nselect 1;",
    });
    expect(outcome.kind === "up" ? outcome.applied.map((one) => one.id) : []).toEqual(["1_a"]);
    expect(problems).toEqual(["database-error"]);
  });

  check("an empty old tracker does not make a baseline reach another one", async (ground) => {
    await ground.sql(
      "create table nothing_yet (version bigint, dirty boolean); " +
        "create table schema_migrations (version bigint, dirty boolean); insert into schema_migrations values (2, false)",
    );
    const files = { "1_a.up.sql": "", "2_b.up.sql": "" };
    expect((await ground.mark(files, { to: "applied", upTo: "1" })).problems).toEqual([
      "not-marked",
    ]);
  });

  check("a baseline below the old tracker's version is refused", async (ground) => {
    await ground.sql(
      "create table schema_migrations (version bigint, dirty boolean); insert into schema_migrations values (2, false)",
    );
    const files = { "1_a.up.sql": "", "2_b.up.sql": "", "3_c.up.sql": "" };
    expect((await ground.mark(files, { to: "applied", upTo: "1" })).problems).toEqual([
      "not-marked",
    ]);
    expect((await ground.mark(files, { to: "applied", upTo: "2" })).problems).toEqual([]);
    expect((await ground.up(files)).applied).toEqual(["3_c"]);
  });
});
