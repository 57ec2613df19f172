/** What may stand between a row and the tracker, or between two flights, and the words of a body do not tell. */
import { expect, test } from "bun:test";
import { databaseAt, engines } from "../support/engines.ts";
import { startServer } from "../support/servers.ts";
import { contract } from "./contract.ts";
import { groundOn } from "./ground.ts";
import { base, count, expectDone, numbered, small } from "./numbered.ts";

const rules = {
  "do instead nothing": "not-proven",
  "do instead notify noise": "not-proven",
  "do instead select 1": "not-proven",
  "do instead insert into public.parents values (77)": "not-proven",
  "where new.version > 2 do instead nothing": "not-proven",
  "do also delete from public.applied_migrations where version > 2": "not-proven",
} as const;

contract([], (check) => {
  for (const [rule, problem] of Object.entries(rules)) {
    check(`a rule that a body makes without naming the tracker: ${rule}`, async (ground) => {
      await ground.up(base);
      await ground.sql(
        "create function freeze() returns void language plpgsql as $f$ begin " +
          `execute 'create rule r as on insert to public.applied_migrations ${rule}'; end $f$`,
      );
      const ran = await ground.up(
        numbered({ "4_x.up.sql": `${small(4)};\ndo $$ begin perform freeze(); end $$` }),
      );
      expect(ran.problems).toEqual([problem]);
      expect(ran.applied).toEqual(["1_x", "2_x", "3_x"]);
      // Whatever took effect has its row.
      await expectDone(ground, 3, { 4: ground.engine.kind === "server" ? 2 : 1 });
    });
  }

  for (const [what, body] of [
    ["keeps rows out", "return null;"],
    ["changes rows", "new.name = 'other'; return new;"],
  ] as const) {
    check(`a partition of the tracker with a trigger that ${what}`, async (ground) => {
      await ground.sql(
        "create table public.applied_migrations (version numeric primary key, name text, applied_at timestamptz, checksum text) " +
          "partition by range (version); create table public.p partition of public.applied_migrations default; " +
          `create function f() returns trigger language plpgsql as $$ begin if new.version > 2 then ${body} end if; return new; end $$; ` +
          "create trigger t before insert on public.p for each row execute function f()",
      );
      await ground.up(base, { newHere: true });
      const ran = await ground.up(numbered());
      expect(ran.problems).toEqual(["not-proven"]);
      await expectDone(ground, 2, { 3: 1 });
    });
  }

  check("what a function of old prepares is in the way of no migration", async (ground) => {
    await ground.up(base);
    await ground.sql(
      "create function helper() returns void language plpgsql as $f$ begin execute 'prepare q as select 1'; end $f$",
    );
    const files = numbered({
      "4_x.up.sql": `select helper();\n${small(4)}`,
      "9_x.up.sql": `select helper();\n${small(9)}`,
    });
    const ran = await ground.up(files);
    expect(ran.problems).toEqual([]);
    // The second finds the first one's, and goes again, alone.
    expect(ran.applied).toHaveLength(count);
  });
});

/** A configuration is a whole server's. */
for (const [name, value, look] of [
  ["statement_timeout", "'17min'", "current_setting('statement_timeout')"],
  ["standard_conforming_strings", "off", String.raw`'a\b'`],
  ["default_transaction_isolation", "'serializable'", "current_setting('transaction_isolation')"],
  ["client_min_messages", "'error'", "current_setting('client_min_messages')"],
] as const) {
  test(`a reload in the middle of a run that sets ${name} reaches no migration`, async () => {
    const engine = engines.find((one) => one.kind === "server" && one.major === 18);
    if (engine === undefined) throw new Error("there is no PostgreSQL 18");
    await using server = await startServer(18);
    await using fresh = await engine.fresh();
    const database = databaseAt(server.url());
    const ground = groundOn(engine, { ...fresh, database, url: server.url() });
    const see = (version: number): string => `insert into public.seen select ${version}, ${look}`;
    const reload = `alter system set ${name} = ${value};\nselect pg_reload_conf();\nselect pg_sleep(0.3);`;
    const ran = await ground.up({
      "1_a.up.sql": "create table public.seen (version int, it text)",
      "2_b.up.sql": see(2),
      "3_c.up.sql": `-- lacuna: no-transaction\n${reload}`,
      ...Object.fromEntries(
        [4, 5, 6, 7, 8, 9].map((version) => [`${version}_x.up.sql`, see(version)]),
      ),
    });
    expect(ran.problems).toEqual([]);
    const [rows] = await database.session(
      {
        opening: "select 1",
        applicationName: "lacuna/test",
        connectTimeoutMs: 5000,
        extensions: [],
      },
      (session) =>
        session.rows(
          "select string_agg(distinct it, ' | ') as seen, count(*)::text as all from public.seen",
        ),
    );
    expect(rows?.[0]?.["all"]).toBe("7");
    expect(rows?.[0]?.["seen"]).not.toContain(" | ");
  }, 60_000);
}
