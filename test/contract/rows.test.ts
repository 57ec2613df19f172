/** The digests of what is in the tables. */
import { expect } from "bun:test";
import { readRows } from "../../src/catalog/rows.ts";
import {
  type DatabaseRows,
  type LeftOut,
  rowDifferences,
  type TableRows,
} from "../../src/core/rows.ts";
import { defaultTracker } from "../../src/core/tracker.ts";
import { sessionOptions } from "../support/engines.ts";
import { contract } from "./contract.ts";
import type { Ground } from "./ground.ts";

function rowsOf(ground: Ground, leftOut?: LeftOut): Promise<DatabaseRows> {
  return ground.database.session(sessionOptions, (session) =>
    readRows(session, defaultTracker, leftOut),
  );
}

async function tableOf(ground: Ground, name: string, leftOut?: LeftOut): Promise<TableRows> {
  const { tables } = await rowsOf(ground, leftOut);
  const table = tables.find((one) => one.table === name);
  if (table === undefined) throw new Error(`${name} is not told`);
  return table;
}

/** Of the columns of `one` and `other` that differ: their names. */
function columnsThatDiffer(one: TableRows, other: TableRows): readonly string[] {
  const digests = new Map(other.columns.map(({ name, digest }) => [name, digest]));
  return one.columns
    .filter(({ name, digest }) => digests.get(name) !== digest)
    .map(({ name }) => name);
}

const settings = `
create table settings (id serial primary key, name text, value text, note text default '', bonus numeric generated always as (1.5) stored);
insert into settings (name, value, note) values ('a', 'one', ''), ('b', 'two', null), ('c', 'three', 'x');`;

contract([], (check) => {
  check("a table is told with its count and its columns, an empty one is not", async (ground) => {
    await ground.sql(`${settings} create table empty (id integer); create view seen as select 1;`);
    const { tables } = await rowsOf(ground);
    expect(tables.map(({ table, count }) => [table, count])).toEqual([["public.settings", 3]]);
    expect(tables[0]?.columns.map(({ name, isNumbered }) => [name, isNumbered])).toEqual([
      ["bonus", false],
      ["id", true],
      ["name", false],
      ["note", false],
      ["value", false],
    ]);
  });

  check("neither the order of rows nor that of columns matters", async (ground) => {
    await ground.sql(settings);
    const before = await tableOf(ground, "public.settings");
    await ground.sql(`
      create table other (note text, value text, name text, gone text, bonus numeric, id integer default nextval('settings_id_seq'));
      alter table other drop column gone;
      insert into other (note, value, name, bonus, id) select note, value, name, bonus, id from settings order by id desc;
      drop table settings cascade; alter table other rename to settings;`);
    const after = await tableOf(ground, "public.settings");
    expect(after.digest).toBe(before.digest);
    expect(columnsThatDiffer(before, after)).toEqual([]);
  });

  const changes: readonly (readonly [
    name: string,
    sql: string,
    columns: readonly string[],
    isCountChanged?: true,
  ])[] = [
    ["one value", "update settings set value = 'Two' where name = 'b'", ["value"]],
    ["a null becomes an empty text", "update settings set note = '' where note is null", ["note"]],
    ["an empty text becomes a null", "update settings set note = null where note = ''", ["note"]],
    [
      "two rows have their values the other way round",
      "update settings set value = case name when 'a' then 'two' when 'b' then 'one' else value end",
      [],
    ],
    [
      "two columns have their values the other way round",
      "update settings set name = value, value = name where name = 'a'",
      ["name", "value"],
    ],
    [
      "a value moves over a comma",
      "update settings set name = 'a,one', value = '' where name = 'a'",
      ["name", "value"],
    ],
    [
      "a row more",
      "insert into settings (name) values ('d')",
      ["bonus", "id", "name", "note", "value"],
      true,
    ],
    [
      "a row twice",
      "alter table settings drop constraint settings_pkey; insert into settings (id, name, value, note) select id, name, value, note from settings where id = 1",
      ["bonus", "id", "name", "note", "value"],
      true,
    ],
    [
      "a row less",
      "delete from settings where name = 'a'",
      ["bonus", "id", "name", "note", "value"],
      true,
    ],
  ];
  for (const [name, sql, columns, isCountChanged = false] of changes) {
    check(`noticed: ${name}`, async (ground) => {
      await ground.sql(settings);
      const before = await tableOf(ground, "public.settings");
      await ground.sql(sql);
      const after = await tableOf(ground, "public.settings");
      expect(after.digest).not.toBe(before.digest);
      expect(after.digestWithoutNumbers).not.toBe(before.digestWithoutNumbers);
      expect(columnsThatDiffer(before, after)).toEqual(columns);
      expect(after.count !== before.count).toBe(isCountChanged);
    });
  }

  check("numbers that a sequence gave are told apart from the rest", async (ground) => {
    await ground.sql(`${settings}
      create table counted (id bigint generated always as identity, name text, "Number" integer default nextval('settings_id_seq'::text));
      insert into counted (name) values ('a'), ('b');`);
    const before = await tableOf(ground, "public.counted");
    expect(before.columns.filter((one) => one.isNumbered).map(({ name }) => name)).toEqual([
      '"Number"',
      "id",
    ]);
    await ground.sql('update counted set id = default, "Number" = "Number" + 7');
    const after = await tableOf(ground, "public.counted");
    expect(after.digest).not.toBe(before.digest);
    expect(after.digestWithoutNumbers).toBe(before.digestWithoutNumbers);
    expect(columnsThatDiffer(before, after)).toEqual(['"Number"', "id"]);
  });

  check("a column that is another each time can be left out", async (ground) => {
    await ground.sql(
      `create table seen ("At" timestamptz default clock_timestamp(), key uuid default gen_random_uuid(), name text);
       insert into seen (name) values ('a'), ('b')`,
    );
    const leftOut = new Map([["public.seen", new Set(['"At"', "key"])]]);
    const whole = await tableOf(ground, "public.seen");
    const before = await tableOf(ground, "public.seen", leftOut);
    await ground.sql("update seen set \"At\" = default, key = default where name = 'b'");
    expect((await tableOf(ground, "public.seen")).digest).not.toBe(whole.digest);
    const after = await tableOf(ground, "public.seen", leftOut);
    expect(after).toEqual(before);
    expect(after.columns.map(({ name }) => name)).toEqual(["name"]);
    await ground.sql("update seen set name = 'c' where name = 'b'");
    expect((await tableOf(ground, "public.seen", leftOut)).digest).not.toBe(before.digest);
  });

  check("times of the run are alike, others are not", async (ground) => {
    const since = new Date(Date.now() - 60_000);
    await ground.sql(
      "set timezone = 'UTC'; create table a (id int, at timestamptz, local timestamp); " +
        "insert into a values (1, clock_timestamp(), clock_timestamp()), (2, '2020-02-02', '2020-02-02')",
    );
    const told = async (): Promise<DatabaseRows> =>
      ground.database.session(sessionOptions, (session) =>
        readRows(session, defaultTracker, undefined, since),
      );
    const before = await told();
    await ground.sql(
      "set timezone = 'UTC'; update a set at = clock_timestamp(), local = clock_timestamp() where id = 1",
    );
    expect(await told()).toEqual(before);
    await ground.sql("update a set at = '2020-02-03' where id = 2");
    const columns = rowDifferences(before, await told()).map(({ left }) => left?.split(",")[1]);
    expect(columns[0]?.trim()).toStartWith("at ");
    await ground.sql("update a set at = 'infinity' where id = 1");
    expect(rowDifferences(before, await told())).toHaveLength(1);
  });

  check("a number of another table means the row that has it", async (ground) => {
    const tables =
      "create table parent (id serial primary key, name text); create table child (label text, parent_id int references parent (id))";
    await ground.sql(
      `${tables}; insert into parent (name) values ('a'), ('b'); insert into child values ('x', 1)`,
    );
    const first = await rowsOf(ground);
    await ground.sql(
      `drop table child, parent; ${tables}; insert into parent (name) values ('b'), ('a'); insert into child values ('x', 2)`,
    );
    const renumbered = rowDifferences(first, await rowsOf(ground));
    expect(renumbered.map(({ what, isNumberingOnly }) => [what, isNumberingOnly])).toEqual([
      ["rows of public.child", true],
      ["rows of public.parent", true],
    ]);
    // The number stays, and the row behind it is another one.
    await ground.sql("update child set parent_id = 1");
    const broken = rowDifferences(first, await rowsOf(ground));
    expect(broken.map(({ what, isNumberingOnly }) => [what, isNumberingOnly])).toEqual([
      ["rows of public.child", false],
      ["rows of public.parent", true],
    ]);
  });

  check("a row that is told by what it refers to itself", async (ground) => {
    await ground.sql(
      "create table users (name text primary key); insert into users values ('u'), ('v'); " +
        "create table members (id serial primary key, who text references users, role text); " +
        "insert into members (who, role) values ('u', 'admin'), ('v', 'admin'); " +
        "create table settings (member int references members (id)); insert into settings values (1)",
    );
    const before = await rowsOf(ground);
    await ground.sql("update settings set member = 2");
    expect(rowDifferences(before, await rowsOf(ground))).toMatchObject([
      { isNumberingOnly: false },
    ]);
  });

  check("a random key means the row that has it", async (ground) => {
    await ground.sql(
      "create table roles (id uuid primary key default gen_random_uuid(), name text); " +
        "insert into roles (name) values ('admin'), ('user'); " +
        "create table chosen (role uuid references roles (id)); insert into chosen select id from roles where name = 'user'",
    );
    const leftOut = new Map([
      ["public.roles", new Set(["id"])],
      ["public.chosen", new Set(["role"])],
    ]);
    const before = await rowsOf(ground, leftOut);
    await ground.sql("update chosen set role = (select id from roles where name = 'admin')");
    expect(rowDifferences(before, await rowsOf(ground, leftOut))).toMatchObject([
      { what: "rows of public.chosen", isNumberingOnly: false },
    ]);
  });

  check("numbers that no sequence gave are no other numbering", async (ground) => {
    await ground.sql(
      "create table role (id serial, name text); insert into role values (7, 'auditor')",
    );
    const before = await rowsOf(ground);
    await ground.sql("update role set id = 9");
    expect(rowDifferences(before, await rowsOf(ground))).toMatchObject([
      { isNumberingOnly: false },
    ]);
  });

  check(
    "a materialized view holds rows as well, and an empty one is left alone",
    async (ground) => {
      await ground.sql(
        "create materialized view filled as select 1 as a; create materialized view empty as select 1 as a with no data",
      );
      expect((await rowsOf(ground)).tables.map(({ table }) => table)).toEqual(["public.filled"]);
    },
  );

  check("of a column that is left out it counts where it is null", async (ground) => {
    await ground.sql(
      "create table k (id int, token text); insert into k values (1, 'x'), (2, 'y')",
    );
    const leftOut = new Map([["public.k", new Set(["token"])]]);
    const before = await rowsOf(ground, leftOut);
    await ground.sql("update k set token = 'z' where id = 1");
    expect(rowDifferences(before, await rowsOf(ground, leftOut))).toEqual([]);
    await ground.sql("update k set token = null where id = 1");
    expect(rowDifferences(before, await rowsOf(ground, leftOut))).toHaveLength(1);
  });

  check("rows are counted where they lie: in partitions, and in children", async (ground) => {
    await ground.sql(`
      create table logs (id integer, body text) partition by range (id);
      create table logs_1 partition of logs for values from (0) to (10);
      create table logs_2 partition of logs for values from (10) to (20);
      create table "Parents" (name text); create table children () inherits ("Parents");
      insert into logs values (1, 'a'), (2, 'b'), (11, 'c');
      insert into "Parents" values ('a'); insert into children values ('b'), ('c');`);
    const { tables } = await rowsOf(ground);
    expect(tables.map(({ table, count }) => [table, count])).toEqual([
      ['public."Parents"', 1],
      ["public.children", 2],
      ["public.logs_1", 2],
      ["public.logs_2", 1],
    ]);
  });

  check("sequences tell what comes next, and stay where they are", async (ground) => {
    await ground.sql(`
      create sequence fresh start 7;
      create sequence used; select nextval('used'), nextval('used');
      create sequence back increment -5 start 100 minvalue 1 maxvalue 100; select nextval('back');
      create sequence over maxvalue 2; select nextval('over'), nextval('over');
      create sequence "Around" maxvalue 2 minvalue 0 start 1 cycle; select nextval('"Around"'), nextval('"Around"');
      create sequence large; select setval('large', 9223372036854775806);`);
    const expected = [
      ['public."Around"', "0"],
      ["public.back", "95"],
      ["public.fresh", "7"],
      ["public.large", "9223372036854775807"],
      ["public.over", "none"],
      ["public.used", "3"],
    ];
    for (let look = 1; look <= 2; look++) {
      const { sequences } = await rowsOf(ground);
      expect(sequences.map(({ name, next }) => [name, next])).toEqual(expected);
    }
    expect(await ground.value(`select nextval('"Around"')`)).toBe("0");
    expect(await ground.value("select nextval('back')")).toBe("95");
  });

  check("the tracker is left out, and settings of the session change nothing", async (ground) => {
    await ground.up({
      "1_a.up.sql":
        "create table a (at timestamptz, f float8, b bytea, i interval, m money, x xml); " +
        "insert into a values ('2024-01-02 03:04:05+00', 0.1::float8 + 0.2, '\\x00ff', '1 year 2 days 03:04', 12.5, '<a/>')",
    });
    const read = (sets: string): Promise<DatabaseRows> =>
      ground.database.session(sessionOptions, async (session) => {
        await session.run(sets);
        const rows = await readRows(session, defaultTracker);
        const [after] = await session.rows("show timezone");
        expect(after?.[0]?.["TimeZone"]).toBe(sets.includes("Tokyo") ? "Asia/Tokyo" : "UTC");
        return rows;
      });
    const plain = await read("set timezone = 'UTC'");
    expect(plain.tables.map(({ table }) => table)).toEqual(["public.a"]);
    expect(
      await read(
        "set timezone = 'Asia/Tokyo'; set datestyle = 'SQL, DMY'; set intervalstyle = 'iso_8601'; " +
          "set bytea_output = 'escape'; set extra_float_digits = -5; set search_path = public",
      ),
    ).toEqual(plain);
  });

  check("rows that row security would hide are an error, not fewer rows", async (ground) => {
    await ground.sql(`${settings}
      alter table settings enable row level security; create policy mine on settings using (name = 'a');
      create role contract_reader; grant select on settings, settings_id_seq to contract_reader`);
    const asReader = ground.database.session(sessionOptions, async (session) => {
      await session.run("set role contract_reader");
      return readRows(session, defaultTracker);
    });
    const told = await asReader.then(
      () => "rows",
      (error: unknown) => String(error),
    );
    expect(told).toContain("row-level security");
  });

  check("a digest is the same on every engine", async (ground) => {
    await ground.sql(
      "create table a (id integer, name text, ok boolean); insert into a values (1, 'x', true), (2, null, false)",
    );
    const { digest } = await tableOf(ground, "public.a");
    expect(digest).toBe("64baffb56112d85437cfe382dd141834");
  });

  check(
    "of an extension's tables only those are read that it leaves to its users",
    async (ground) => {
      await ground.sql(
        "create table fixed as select 1 as a; create table filled as select 2 as a; " +
          "alter extension plpgsql add table fixed; alter extension plpgsql add table filled; " +
          "update pg_extension set extconfig = array['filled'::regclass::oid] where extname = 'plpgsql'",
      );
      try {
        const { tables } = await rowsOf(ground);
        expect(tables.map(({ table }) => table)).toEqual(["public.filled"]);
      } finally {
        await ground.sql(
          "update pg_extension set extconfig = null where extname = 'plpgsql'; " +
            "alter extension plpgsql drop table fixed; alter extension plpgsql drop table filled",
        );
      }
    },
  );
});
