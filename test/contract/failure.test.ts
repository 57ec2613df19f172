/** A migration that fails: what is left of it, and where it is said to have failed. */
import { expect } from "bun:test";
import type { Files } from "../support/worlds.ts";
import { contract, pgliteSkips } from "./contract.ts";
import { type Ground, placeOfFailure, type Ran, stageOfFailure } from "./ground.ts";

const encoder = new TextEncoder();

function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

async function fails(ground: Ground, text: string | Uint8Array): Promise<Ran> {
  const files: Files = { "1_fails.up.sql": text };
  // What a test makes beside it is no reason to refuse.
  const ran = await ground.up(files, { newHere: true });
  expect({ text: String(text), problems: ran.problems }).toEqual({
    text: String(text),
    problems: ["migration-failed"],
  });
  expect(await ground.versions()).toEqual([]);
  return ran;
}

function codeOf({ first }: Ran): string {
  return first?.code === "migration-failed" ? first.error.code : `no failure: ${first?.code}`;
}

const skips = pgliteSkips(
  "PGlite 0.5.16 has no timers",
  "a statement that takes longer than the header allows is cancelled",
);

contract(skips, (check) => {
  check("its effects and its row are absent, and what came before it stays", async (ground) => {
    const files = {
      "1_one.up.sql": "create table one (a int); insert into one values (1)",
      "2_two.up.sql":
        "create table two (); insert into one values (2); alter table one add b int;\nselect * from nowhere;\ncreate table never ()",
      "3_three.up.sql": "create table three ()",
    };
    const { problems, applied, outcome, first } = await ground.up(files);
    expect(problems).toEqual(["migration-failed"]);
    expect(applied).toEqual(["1_one"]);
    expect(outcome.kind === "up" && outcome.left.map((one) => one.id)).toEqual([
      "2_two",
      "3_three",
    ]);
    expect(first).toMatchObject({
      id: "2_two",
      path: "migrations/2_two.up.sql",
      error: { code: "42P01" },
      kept: { kind: "nothing" },
      attempts: 1,
    });
    expect(await ground.versions()).toEqual(["1"]);
    expect(await ground.value("select string_agg(t::text, ' ') from one t")).toBe("(1)");
    for (const name of ["two", "never", "three"]) expect(await ground.exists(name)).toBe(false);
    expect(await ground.states(files)).toEqual(["1: applied", "2: pending", "3: pending"]);

    const mended = { ...files, "2_two.up.sql": "create table two ()" };
    expect((await ground.up(mended)).applied).toEqual(["2_two", "3_three"]);
  });

  check("the lock is let go of and no transaction stays open", async (ground) => {
    await fails(ground, "select 1 / 0");
    await fails(ground, "selec 1");
    expect(await ground.value("select count(*) from pg_locks where locktype = 'advisory'")).toBe(
      "0",
    );
  });

  check("a failure comes without notices that are lacuna's own", async (ground) => {
    for (const text of [
      "select 1 / 0",
      "selec 1",
      "do $$ begin raise notice 'own'; end $$; selec",
    ]) {
      const { world } = await fails(ground, text);
      const notices = world.events.flatMap((event) =>
        event.kind === "notice" ? [event.notice.message] : [],
      );
      expect({ text, notices }).toEqual({ text, notices: [] });
    }
    const { world } = await fails(ground, "do $$ begin raise notice 'own'; end $$; select 1 / 0");
    expect(
      world.events.flatMap((event) => (event.kind === "notice" ? [event.notice.message] : [])),
    ).toEqual(["own"]);
  });

  check("an error with a position is at its line and column", async (ground) => {
    for (const [text, place, stage] of [
      ["select nothing", "1:8", "statement 1 of 1"],
      ["select 1;\n\n  select nothing;\nselect 2", "3:10", "statement 2 of 3"],
      ["-- é 😀\nselect 'é😀', nothing", "2:14", "statement 1 of 1"],
      ["select 'é😀'; /* 😀😀 */ select nothing", "1:30", "statement 2 of 2"],
      ["select 1;\r\nselect\r\n\tnothing;\r\n", "3:2", "statement 2 of 2"],
      ["\ufeffselect nothing", "1:8", "statement 1 of 1"],
      ["\ufeff-- x\r\n\tselect\tnothing", "2:9", "statement 1 of 1"],
      ["BEGIN;\nselect 1;\n\tselect 'é', nothing;\nCOMMIT;\n", "3:14", "statement 2 of 2"],
      ["begin isolation level serializable; select nothing; commit", "1:44", "statement 1 of 1"],
      ["-- lacuna: statement-timeout 5min\nselect nothing", "2:8", "statement 1 of 1"],
    ] as const) {
      const ran = await fails(ground, bytes(text));
      const found = { text, place: placeOfFailure(ran), stage: stageOfFailure(ran) };
      expect(found).toEqual({ text, place, stage });
      expect(codeOf(ran)).toBe("42703");
    }
  });

  check("a syntax error is where the server sees it", async (ground) => {
    for (const [text, place, stage] of [
      ["select 1;\nselec 2;\nselect 3", "2:1", "statement 2 of 3"],
      ["create table a ();\ncreate table b (;\n", "2:17", "statement 2 of 2"],
      ["select 'é😀';\n\tselect 'é' from from", "2:18", "statement 2 of 2"],
    ] as const) {
      const ran = await fails(ground, text);
      const found = { text, place: placeOfFailure(ran), stage: stageOfFailure(ran) };
      expect(found).toEqual({ text, place, stage });
      expect(codeOf(ran)).toBe("42601");
    }
  });

  check("an error without a position is at the statement that raised it", async (ground) => {
    for (const [text, place, stage, code] of [
      ["select 1;\n\n  select 1 / 0;\nselect 2", "3:3", "statement 2 of 3", "22012"],
      ["select 'é😀'; ;; -- 😀\n\tselect 1 / 0", "2:2", "statement 2 of 2", "22012"],
      ["\ufeffselect 1;\r\n select 1 / 0;\r\n", "2:2", "statement 2 of 2", "22012"],
      ["BEGIN;\nselect 1;\n  select 1 / 0;\nCOMMIT;", "3:3", "statement 2 of 2", "22012"],
      ["begin read write; select 1;\n select 1 / 0; end", "2:2", "statement 2 of 2", "22012"],
      [
        "create table t (a int unique);\ninsert into t values (1);\n/* the second */ insert into t values (1);",
        "3:18",
        "statement 3 of 3",
        "23505",
      ],
      [
        "do $$\nbegin\n  raise exception 'no' using errcode = 'LA002';\nend $$",
        "1:1",
        "statement 1 of 1",
        "LA002",
      ],
      ["select generate_series(1, 3); select 1 / 0", "1:31", "statement 2 of 2", "22012"],
    ] as const) {
      const ran = await fails(ground, bytes(text));
      const found = { text, place: placeOfFailure(ran), stage: stageOfFailure(ran) };
      expect({ ...found, code: codeOf(ran) }).toEqual({ text, place, stage, code });
    }
  });

  check("a statement that takes longer than the header allows is cancelled", async (ground) => {
    const ran = await fails(
      ground,
      "-- lacuna: statement-timeout 60ms\nselect 1;\nselect pg_sleep(5)",
    );
    expect(placeOfFailure(ran)).toBe("3:1");
    expect(codeOf(ran)).toBe("57014");
  });

  check("an error inside a function keeps the server's context", async (ground) => {
    const { first } = await fails(
      ground,
      "create function f() returns void language plpgsql as $$ begin execute 'select nothing'; end $$;\nselect f()",
    );
    expect(first).toMatchObject({
      place: { line: 2, column: 1 },
      stage: { kind: "statement", number: 2, of: 2 },
      error: { internalQuery: "select nothing" },
    });
    expect(first?.code === "migration-failed" && first.error.where).toContain("f() line 1");
  });

  check("a deferred constraint fails at COMMIT", async (ground) => {
    const deferred =
      "create table parent (id int primary key);\ncreate table child (id int references parent deferrable initially deferred);\ninsert into child values (1);";
    for (const text of [deferred, `BEGIN;\n${deferred}\nCOMMIT;`]) {
      const ran = await fails(ground, text);
      expect(codeOf(ran)).toBe("23503");
      expect(stageOfFailure(ran)).toBe("commit");
      expect(placeOfFailure(ran)).toBe("nowhere");
      expect(await ground.exists("child")).toBe(false);
    }
  });

  check("an error in the row's own statement is not the body's", async (ground) => {
    await ground.up({}, { newHere: true });
    await ground.sql(
      "create function refuses() returns trigger language plpgsql as $$ begin raise exception 'no rows today'; end $$; " +
        "create trigger refuses before insert on public.applied_migrations for each row execute function refuses()",
    );
    const ran = await fails(ground, "create table one ();\ncreate table two ();");
    expect(stageOfFailure(ran)).toBe("record");
    expect(placeOfFailure(ran)).toBe("nowhere");
    expect(await ground.exists("one")).toBe(false);
  });

  check("detail, hint and constraint are kept", async (ground) => {
    const { first } = await fails(
      ground,
      "create table t (a int constraint positive check (a > 0)); insert into t values (-1)",
    );
    expect(first).toMatchObject({
      error: { code: "23514", constraint: "positive", detail: "Failing row contains (-1)." },
    });
    const hinted = await fails(ground, "select pg_sleep('a'::text)");
    expect(hinted.first?.code === "migration-failed" && hinted.first.error.hint).toContain(
      "explicit type casts",
    );
  });
});
