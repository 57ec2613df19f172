/** What `up` applies, in which order, and what it refuses before anything is written. */
import { expect } from "bun:test";
import { contract, databaseSettings, pgliteSkips } from "./contract.ts";
import { lastRows, planned, trackerNamed } from "./ground.ts";

function creates(...versions: readonly (number | string)[]): Record<string, string> {
  return Object.fromEntries(
    versions.map((version) => [`${version}_v${version}.up.sql`, `create table v${version} ()`]),
  );
}

const skips = pgliteSkips(databaseSettings, "the tracker is found whatever search_path says");

contract(skips, (check) => {
  check(
    "a gap is planned as one, is applied alone, and a second up does nothing",
    async (ground) => {
      expect((await ground.up(creates(1, 2, 4, 5))).applied).toEqual([
        "1_v1",
        "2_v2",
        "4_v4",
        "5_v5",
      ]);
      const whole = creates(1, 2, 3, 4, 5);
      expect(planned(await ground.plan(whole))).toEqual(["3_v3 (gap)"]);
      expect(await ground.states(whole)).toEqual([
        "1: applied",
        "2: applied",
        "3: gap",
        "4: applied",
        "5: applied",
      ]);
      expect(await ground.exists("v3")).toBe(false);

      const late = await ground.up(whole);
      expect(late.problems).toEqual([]);
      expect(late.applied).toEqual(["3_v3"]);
      expect(late.world.events).toContainEqual(
        expect.objectContaining({ kind: "applying", isGap: true }),
      );
      expect(await ground.versions()).toEqual(["1", "2", "3", "4", "5"]);
      expect(await ground.exists("v3")).toBe(true);

      const before = await ground.snapshot();
      const again = await ground.up(whole);
      expect(again.applied).toEqual([]);
      expect(again.problems).toEqual([]);
      expect(await ground.snapshot()).toBe(before);
    },
  );

  check("the row says what was applied", async (ground) => {
    const text = "create table one ();\n";
    await ground.up({ "007_the first.up.sql": text, "007_the first.down.sql": "drop table one" });
    const rows = await lastRows(
      ground,
      "select version::text as version, name, checksum, applied_at between now() - interval '1 min' and clock_timestamp() as recent from public.applied_migrations",
    );
    const checksum = new Bun.CryptoHasher("sha256").update(text).digest("hex");
    expect(rows).toEqual([{ version: "7", name: "the first", checksum, recent: "t" }]);
  });

  check("the tracker has the four columns of the contract", async (ground) => {
    await ground.up({});
    const rows = await lastRows(
      ground,
      "select attname || ' ' || format_type(atttypid, null) || case when attnotnull then ' not null' else '' end as it " +
        "from pg_attribute where attrelid = 'public.applied_migrations'::regclass and attnum > 0 order by attnum",
    );
    expect(rows.map((row) => row["it"])).toEqual([
      "version numeric not null",
      "name text not null",
      "applied_at timestamp with time zone not null",
      "checksum text",
    ]);
    expect(
      await ground.value(
        "select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'public.applied_migrations'::regclass and contype = 'p'",
      ),
    ).toBe("PRIMARY KEY (version)");
  });

  check("order is numeric, and versions may have twenty digits", async (ground) => {
    const files = creates(10, 9, "99999999999999999999", "20240101000000", "0100", 1);
    const { applied } = await ground.up(files);
    expect(applied).toEqual([
      "1_v1",
      "9_v9",
      "10_v10",
      "0100_v0100",
      "20240101000000_v20240101000000",
      "99999999999999999999_v99999999999999999999",
    ]);
    expect(await ground.versions()).toEqual([
      "1",
      "9",
      "10",
      "100",
      "20240101000000",
      "99999999999999999999",
    ]);
    expect((await ground.up(files)).applied).toEqual([]);
  });

  check("empty files, comments, a BOM and CRLF are applied", async (ground) => {
    const files = {
      "1_empty.up.sql": "",
      "2_comment.up.sql": "-- nothing yet\n/* at all */",
      "3_semicolons.up.sql": " ;\n; ",
      "4_bom.up.sql": "\ufeffcreate table bom (a int);\r\ninsert into bom\r\nvalues (1);\r\n",
      "5_only_bom.up.sql": "\ufeff",
      "6_no_ending.sql": "create table six ()",
    };
    const { applied, problems } = await ground.up(files);
    expect(problems).toEqual([]);
    expect(applied).toHaveLength(6);
    expect(await ground.value("select a from bom")).toBe("1");
    const checksum = new Bun.CryptoHasher("sha256").update(files["4_bom.up.sql"]).digest("hex");
    expect(
      await ground.value("select checksum from public.applied_migrations where version = 4"),
    ).toBe(checksum);
    expect((await ground.up(files)).applied).toEqual([]);
  });

  check(
    "a version twice is refused with both names, before anything is written",
    async (ground) => {
      const before = await ground.snapshot();
      const { first, problems } = await ground.up({
        "7_a.up.sql": "select 1",
        "007_b.up.sql": "select 1",
      });
      expect(problems).toEqual(["duplicate"]);
      expect(first).toMatchObject({
        version: "7",
        paths: ["migrations/007_b.up.sql", "migrations/7_a.up.sql"],
      });
      expect(await ground.snapshot()).toBe(before);
    },
  );

  check("a rename after the apply is refused, and nothing that is pending runs", async (ground) => {
    await ground.up({ "1_old.up.sql": "select 1" });
    const { first, problems } = await ground.up({
      "1_new.up.sql": "select 1",
      ...creates(2),
    });
    expect(problems).toEqual(["renamed"]);
    expect(first).toMatchObject({ version: "1", was: "old", is: "new" });
    expect(await ground.exists("v2")).toBe(false);
  });

  check("a new number for an applied file is refused", async (ground) => {
    await ground.up(creates(1, 2));
    const { first, problems } = await ground.up({
      ...creates(1),
      "3_v2.up.sql": "create table v2 ()",
    });
    expect(problems).toEqual(["renumbered"]);
    expect(first).toMatchObject({ version: "3", from: "2" });
    // Placeholders are all alike: a new one is not an old one under another number.
    await ground.mark({}, { to: "pending", versions: ["1", "2"] });
    await ground.up({ "4_empty.up.sql": "-- later\n" }, { newHere: true });
    expect((await ground.up({ "5_empty.up.sql": "-- later\n" })).problems).toEqual([]);
  });

  check("an older image goes on beside newer versions, and strict refuses", async (ground) => {
    await ground.up(creates(1, 2, 3));
    const older = creates(1, 4);
    const refused = await ground.up(older, { unknown: "refuse" });
    expect(refused.problems).toEqual(["unknown-version", "unknown-version"]);
    expect(await ground.exists("v4")).toBe(false);
    const { problems, applied } = await ground.up(older);
    expect(problems).toEqual([]);
    expect(applied).toEqual(["4_v4"]);
  });

  check("a changed file is noted, and enforced where that is asked for", async (ground) => {
    await ground.up({ "1_a.up.sql": "select 1;\nselect 2" });
    const edited = { "1_a.up.sql": "select 1;\nselect 3", ...creates(2) };
    expect((await ground.up(edited, { checksums: "enforce" })).problems).toEqual(["changed"]);
    expect(await ground.exists("v2")).toBe(false);
    const { applied, world } = await ground.up(edited);
    expect(applied).toEqual(["2_v2"]);
    expect(world.events).toContainEqual(
      expect.objectContaining({
        kind: "history-note",
        note: expect.objectContaining({ code: "changed" }),
      }),
    );
    const lineEnds = { "1_a.up.sql": "select 1;\r\nselect 2", ...creates(2) };
    expect((await ground.up(lineEnds, { checksums: "enforce" })).problems).toEqual([]);
  });

  check("--to applies every version up to it, gaps included", async (ground) => {
    await ground.up(creates(2, 4));
    const files = creates(1, 2, 3, 4, 5, 6);
    expect((await ground.up(files, { to: "9" })).problems).toEqual(["not-in-set"]);
    const { applied, outcome } = await ground.up(files, { to: "005" });
    expect(applied).toEqual(["1_v1", "3_v3", "5_v5"]);
    expect(outcome.kind === "up" && outcome.left.map((one) => one.id)).toEqual(["6_v6"]);
  });

  check("an outer BEGIN and COMMIT are the migration's own transaction", async (ground) => {
    const { applied, problems } = await ground.up({
      "1_wrapped.up.sql": "-- golang-migrate said so\nBEGIN;\ncreate table one ();\nCOMMIT;\n",
      "2_serializable.up.sql":
        "BEGIN ISOLATION LEVEL SERIALIZABLE;\ncreate table level as select current_setting('transaction_isolation') as it;\nEND",
      "3_start.up.sql": "start transaction read write;select 1;commit work; -- done",
      "4_nothing.up.sql": "begin;commit",
    });
    expect(problems).toEqual([]);
    expect(applied).toHaveLength(4);
    expect(await ground.value("select it from level")).toBe("serializable");

    const failed = await ground.up({
      "5_wrapped.up.sql": "BEGIN;\ncreate table five ();\nselect 1 / 0;\nCOMMIT;\n",
    });
    expect(failed.problems).toEqual(["migration-failed"]);
    expect(await ground.exists("five")).toBe(false);
    expect(await ground.versions()).toEqual(["1", "2", "3", "4"]);
  });

  check("transaction control in a file is refused before anything is written", async (ground) => {
    const before = await ground.snapshot();
    const refused: Record<string, [string, string]> = {
      "a COMMIT in the middle": ["create table a ();\ncommit;\ncreate table b ();", "2:1"],
      "a COMMIT behind a dollar-quoted body": [
        "create function f() returns text language sql as $f$ select ';commit;' $f$; commit;select 1",
        "1:77",
      ],
      "a pair in the middle": ["begin; select 1; commit; begin; select 2; commit;", "1:18"],
      "a statement outside the pair": ["begin; select 1; commit; select 2", "1:1"],
      "a ROLLBACK at the end": ["begin; select 1; rollback", "1:1"],
      "AND CHAIN": ["begin; select 1; commit and chain", "1:1"],
      "a SAVEPOINT": ["select 1; savepoint one", "1:11"],
      "a two-phase commit": ["select 1; prepare transaction 'x'", "1:11"],
      "a COPY from the client": ["copy t from stdin", "1:1"],
      "a RESET ALL": ["select 1;\n reset all", "2:2"],
      "a DISCARD": ["discard all", "1:1"],
      "our marker": ["set lacuna.marker = 'x'", "1:1"],
      "our marker, by function": ["select set_config('lacuna.marker', 'x', true)", "1:1"],
    };
    for (const [what, [text, place]] of Object.entries(refused)) {
      const { problems, first } = await ground.up({ ...creates(1), "2_x.up.sql": text });
      expect({ what, problems: new Set(problems) }).toEqual({
        what,
        problems: new Set(["refused-statement"]),
      });
      expect(
        first?.code === "refused-statement" && `${first.place.line}:${first.place.column}`,
      ).toBe(place);
    }
    for (const text of [
      "select 1; create index concurrently i on t (a)",
      "vacuum; select 1",
      "begin; create index concurrently i on t (a); commit",
    ]) {
      expect((await ground.up({ "1_x.up.sql": text })).problems).toContain("needs-no-transaction");
    }
    // What is put behind the body would be read as part of the string.
    for (const [text, place] of [
      ["select 'é😀';\n\tselect 'no end", "2:9"],
      ["select 1; select $$ no end", "1:18"],
      ["select 1;\n/* no end", "2:1"],
      ['select 1 as "no end', "1:13"],
    ] as const) {
      const { problems, first } = await ground.up({ "1_x.up.sql": text });
      expect(problems).toEqual(["open-quote"]);
      expect(first?.code === "open-quote" && `${first.place.line}:${first.place.column}`).toBe(
        place,
      );
    }
    for (const bytes of [new Uint8Array([0x73, 0, 0x31]), new Uint8Array([0x27, 0xff, 0x27])]) {
      expect((await ground.up({ "1_x.up.sql": bytes })).problems).toEqual(["not-text"]);
    }
    expect(await ground.snapshot()).toBe(before);
  });

  check("a COMMIT inside CALL or DO is caught by the server", async (ground) => {
    await ground.up({
      "1_p.up.sql":
        "create procedure commits() language plpgsql as $$ begin create table leaked (); commit; end $$",
    });
    for (const [id, text] of [
      ["2_call", "create table two (); call commits()"],
      ["3_do", "create table two (); do $$ begin create table leaked (); commit; end $$"],
      ["4_do_rollback", "create table two (); do $$ begin rollback; end $$"],
    ] as const) {
      const { problems, first } = await ground.up({
        "1_p.up.sql":
          "create procedure commits() language plpgsql as $$ begin create table leaked (); commit; end $$",
        [`${id}.up.sql`]: text,
      });
      expect(problems).toEqual(["migration-failed"]);
      expect(first?.code === "migration-failed" && first.error.code).toBe("2D000");
      expect(await ground.exists("leaked")).toBe(false);
      expect(await ground.exists("two")).toBe(false);
    }
    expect(await ground.versions()).toEqual(["1"]);
  });

  check(
    "a set with a wrong name or directive is refused before anything is written",
    async (ground) => {
      const before = await ground.snapshot();
      expect((await ground.up({ "users.sql": "select 1" })).problems).toEqual(["bad-name"]);
      const directives = "-- lacuna: no-transactions\nselect 1";
      expect((await ground.up({ "1_a.up.sql": directives })).problems).toEqual(["bad-directive"]);
      expect(await ground.snapshot()).toBe(before);
    },
  );

  check("a tracker's name may need quotes, and its schema is made", async (ground) => {
    const { tracker, sql } = trackerNamed('we"ird', "Table.x");
    const files = { ...creates(1), "2_n.up.sql": "-- lacuna: no-transaction\ncreate table v2 ()" };
    expect((await ground.up(files, { tracker })).applied).toEqual(["1_v1", "2_n"]);
    expect(await ground.versions(sql)).toEqual(["1", "2"]);
    expect((await ground.up(files, { tracker })).applied).toEqual([]);
    expect(await ground.states(files, { tracker })).toEqual(["1: applied", "2: applied"]);
    await ground.mark(files, { to: "pending", versions: ["1"] }, { tracker });
    expect(await ground.versions(sql)).toEqual(["2"]);
    expect(await ground.exists("public.applied_migrations")).toBe(false);
  });

  check("two trackers in one database do not see each other", async (ground) => {
    await ground.up(creates(1));
    const other = trackerNamed("other", "applied_migrations");
    const { applied } = await ground.up(creates(2), { tracker: other.tracker, newHere: true });
    expect(applied).toEqual(["2_v2"]);
    expect(await ground.versions()).toEqual(["1"]);
    expect(await ground.versions(other.sql)).toEqual(["2"]);
  });

  check("the tracker is found whatever search_path says", async (ground) => {
    await ground.sql(
      "create schema decoy; create table decoy.applied_migrations (version numeric primary key, name text, applied_at timestamptz, checksum text)",
    );
    await ground.configure("search_path = decoy");
    const { problems, applied } = await ground.up(
      { "1_v1.up.sql": "create table public.v1 ()" },
      { newHere: true },
    );
    expect(problems).toEqual([]);
    expect(applied).toEqual(["1_v1"]);
    expect(await ground.versions("public.applied_migrations")).toEqual(["1"]);
    expect(await ground.versions("decoy.applied_migrations")).toEqual([]);
  });

  check("a tracker with bigint versions is accepted as it is", async (ground) => {
    await ground.sql(
      "create table public.applied_migrations (version bigint primary key, name varchar(200) not null, applied_at timestamp not null, checksum char(64), extra int default 1); " +
        "insert into public.applied_migrations values (1, 'v1', now(), null)",
    );
    expect((await ground.up(creates(1, 2))).applied).toEqual(["2_v2"]);
    expect(await ground.states(creates(1, 2))).toEqual(["1: adopted", "2: applied"]);
    const { problems, first } = await ground.up(creates(1, 2, "99999999999999999999"));
    expect(problems).toEqual(["migration-failed"]);
    expect(first).toMatchObject({ stage: { kind: "record" }, error: { code: "22003" } });
    expect(await ground.exists("v99999999999999999999")).toBe(false);
  });

  check("a tracker without a column, or of other types, is refused", async (ground) => {
    for (const columns of [
      "version numeric primary key, name text not null, applied_at timestamptz not null",
      "version text primary key, name text not null, applied_at timestamptz not null, checksum text",
      "version numeric primary key, name text not null, applied_at text not null, checksum text",
    ]) {
      await ground.sql(
        `drop table if exists public.applied_migrations; create table public.applied_migrations (${columns})`,
      );
      const before = await ground.snapshot();
      for (const ran of [
        await ground.up(creates(1)),
        await ground.plan(creates(1)),
        await ground.status(creates(1)),
        await ground.mark(creates(1), { to: "applied", versions: ["1"] }),
      ]) {
        expect(ran.problems).toEqual(["bad-tracker"]);
      }
      expect(await ground.snapshot()).toBe(before);
    }
  });

  check("a tracker that has become one of other types is refused too", async (ground) => {
    for (const [column, type] of [
      ["version", "text"],
      ["applied_at", "date"],
      ["checksum", "bytea using convert_to(checksum, 'UTF8')"],
    ] as const) {
      await ground.up(creates(1));
      await ground.sql(`alter table public.applied_migrations alter column ${column} type ${type}`);
      expect((await ground.up(creates(1))).problems).toEqual(["bad-tracker"]);
      expect((await ground.up(creates(1, 2))).problems).toEqual(["bad-tracker"]);
      await ground.sql("drop table public.applied_migrations, v1");
    }
  });

  check("rows that no migration can have are refused", async (ground) => {
    await ground.up({});
    for (const row of [
      "7.5, 'a', now(), null",
      "7.0, 'a', now(), null",
      "'NaN', 'a', now(), null",
      "-7, 'a', now(), null",
      "7, 'a', now(), 'not a checksum'",
    ]) {
      await ground.sql(`insert into public.applied_migrations values (${row})`);
      expect((await ground.up(creates(1))).problems).toEqual(["bad-tracker-row"]);
      expect((await ground.status(creates(1))).problems).toEqual(["bad-tracker-row"]);
      await ground.sql("delete from public.applied_migrations");
    }
    expect(await ground.exists("v1")).toBe(false);
    expect((await ground.up(creates(1))).applied).toEqual(["1_v1"]);
  });

  check("a row taken out by hand makes its version pending", async (ground) => {
    await ground.up(creates(1, 2));
    await ground.sql("drop table v1; delete from public.applied_migrations where version = 1");
    expect(await ground.states(creates(1, 2))).toEqual(["1: gap", "2: applied"]);
    expect((await ground.up(creates(1, 2))).applied).toEqual(["1_v1"]);
  });
});
