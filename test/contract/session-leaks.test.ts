/** What a migration may leave in its session, and that neither the next one nor the tracker meets it. */
import { expect } from "bun:test";
import { contract } from "./contract.ts";

interface Leak {
  readonly name: string;
  /** What the second migration does. */
  readonly leaves: string;
  /** An expression that is worth the same in the first and in the third migration. */
  readonly look: string;
  /** Whether a `no-transaction` file may do it, too. */
  readonly alone: boolean;
}

const setting = (name: string, value: string): Leak => ({
  name: `SET ${name}`,
  leaves: `set ${name} = ${value}`,
  // One that was made up stays known to the session, with nothing in it.
  look: `coalesce(current_setting('${name}', true), '')`,
  alone: true,
});

const thing = (name: string, leaves: string, look: string): Leak => ({
  name,
  leaves,
  look,
  alone: false,
});

const leaks: readonly Leak[] = [
  setting("search_path", "pg_temp, pg_catalog"),
  thing(
    "search_path emptied as pg_dump does it",
    "select pg_catalog.set_config('search_path', '', false)",
    "current_setting('search_path')",
  ),
  { ...setting("role", "contract_other"), name: "SET ROLE", look: "current_user" },
  {
    ...setting("session authorization", "contract_other"),
    name: "SET SESSION AUTHORIZATION",
    leaves: "set session authorization contract_other",
    look: "session_user || ' ' || current_user",
  },
  setting("statement_timeout", "'18min'"),
  setting("lock_timeout", "'17min'"),
  setting("idle_in_transaction_session_timeout", "'16min'"),
  { ...setting("standard_conforming_strings", "off"), alone: false },
  { ...setting("client_encoding", "'LATIN1'"), alone: false },
  setting("datestyle", "'SQL, DMY'"),
  setting("intervalstyle", "'iso_8601'"),
  setting("timezone", "'Asia/Kathmandu'"),
  setting("extra_float_digits", "0"),
  setting("bytea_output", "'escape'"),
  setting("check_function_bodies", "off"),
  // In a `no-transaction` file it would keep the file's own progress from being written.
  { ...setting("default_transaction_read_only", "on"), alone: false },
  setting("default_transaction_isolation", "'serializable'"),
  setting("default_transaction_deferrable", "on"),
  {
    ...setting("session characteristics", ""),
    leaves: "set session characteristics as transaction isolation level serializable, read only",
    look: "current_setting('transaction_isolation') || current_setting('transaction_read_only')",
    alone: false,
  },
  setting("row_security", "off"),
  setting("session_replication_role", "replica"),
  setting("synchronous_commit", "off"),
  setting("client_min_messages", "error"),
  setting("quote_all_identifiers", "on"),
  setting("my.setting", "'made up'"),
  thing(
    "a setting made up by set_config()",
    "select set_config('my.other', 'made up', false)",
    "coalesce(current_setting('my.other', true), '')",
  ),
  thing(
    "a temporary table",
    "create temp table left_over ()",
    "(select count(*) from pg_class where relpersistence = 't')",
  ),
  thing(
    "a temporary table of the tracker's name",
    "create temp table applied_migrations (version numeric primary key, name text, applied_at timestamptz, checksum text)",
    "to_regclass('applied_migrations')",
  ),
  thing(
    "a temporary function",
    "create function pg_temp.left_over() returns int language sql return 1",
    "to_regprocedure('pg_temp.left_over()')",
  ),
  thing(
    "a prepared statement",
    "prepare left_over as select 1",
    "(select count(*) from pg_prepared_statements)",
  ),
  thing(
    "a cursor WITH HOLD",
    "declare left_over cursor with hold for select 1",
    "(select count(*) from pg_cursors)",
  ),
  thing("LISTEN", "listen left_over", "(select count(*) from pg_listening_channels())"),
  thing(
    "currval of a sequence",
    "create sequence public.counter; select nextval('public.counter')",
    "public.tried('select currval(''public.counter'')')",
  ),
  thing(
    "lastval",
    "create sequence public.counter; select nextval('public.counter')",
    "public.tried('select lastval()')",
  ),
];

const helpers = `
create function public.tried(query text) returns text language plpgsql as $$
declare answer text;
begin execute query into answer; return answer; exception when others then return 'nothing'; end $$;`;

const seen = (table: string, look: string): string =>
  `create table public.${table} as select (${look})::text as it;`;

contract([], (check) => {
  for (const { name, leaves, look, alone } of leaks) {
    for (const head of alone ? ["", "-- lacuna: no-transaction\n"] : [""]) {
      const suffix = head === "" ? "" : ", of a no-transaction file";
      check(
        `${name} reaches neither the next migration nor the tracker${suffix}`,
        async (ground) => {
          await ground.sql(
            "create role contract_other; grant all on schema public to contract_other",
          );
          const { problems } = await ground.up({
            "1_before.up.sql": `${helpers}${seen("before", look)}`,
            "2_leaks.up.sql": `${head}${leaves}`,
            "3_after.up.sql": seen("after", look),
            // Its name would break where a backslash escapes, and its letter in another encoding.
            "4_é'\\.up.sql": "select 'é\\'",
          });
          expect(problems).toEqual([]);
          expect(
            await ground.value(
              "select concat(b.it, ' -> ', a.it) from public.before b, public.after a where a.it is distinct from b.it",
            ),
          ).toBeNull();
          expect(
            await ground.value(
              "select string_agg(version || ' ' || name || ' ' || length(checksum), ', ' order by version) " +
                "from public.applied_migrations where applied_at > now() - interval '1 hour'",
            ),
          ).toBe("1 before 64, 2 leaks 64, 3 after 64, 4 é'\\ 64");
        },
      );
    }
  }

  check("a lock that a body takes for its session does not outlive the run", async (ground) => {
    const { problems } = await ground.up({
      "1_locks.up.sql": "select pg_advisory_lock(42), pg_advisory_lock_shared(43)",
      "2_looks.up.sql":
        "create table found as select count(*) as it from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
    });
    expect(problems).toEqual([]);
    // Ours, and the body's two: they can be given up only one by one, and all of them with ours.
    expect(Number(await ground.value("select it from found"))).toBeLessThanOrEqual(3);
    expect(await ground.value("select count(*) from pg_locks where locktype = 'advisory'")).toBe(
      "0",
    );
  });
});
