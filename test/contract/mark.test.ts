/** What `mark` says about versions without running them. */
import { expect } from "bun:test";
import type { Files } from "../support/worlds.ts";
import { contract } from "./contract.ts";
import { type Ground, lastRows, type Ran } from "./ground.ts";

const files: Files = {
  "001_a.up.sql": "create table a ()",
  "002_b.up.sql": "create table b ()",
  "010_c.up.sql": "create table c ()",
};

function sha256(text: string | Uint8Array | undefined): string {
  return new Bun.CryptoHasher("sha256").update(text ?? "").digest("hex");
}

async function rows(ground: Ground): Promise<readonly string[]> {
  const found = await lastRows(
    ground,
    "select version || ' ' || name || ' ' || coalesce(checksum, 'null') as it from public.applied_migrations order by version",
  );
  return found.map((row) => row["it"] ?? "");
}

/** Marks twice: the second time changes nothing, the row's time included. */
async function twice(ground: Ground, work: () => Promise<Ran>): Promise<Ran> {
  const first = await work();
  expect(first.problems).toEqual([]);
  const before = await ground.snapshot();
  const again = await work();
  expect(again.problems).toEqual([]);
  expect(await ground.snapshot()).toBe(before);
  return first;
}

function done({ outcome }: Ran): readonly string[] {
  return outcome.kind === "mark" ? outcome.done : [];
}

contract([], (check) => {
  check("applied: the row vouches for the file, and nothing runs", async (ground) => {
    const ran = await twice(ground, () =>
      ground.mark(files, { to: "applied", versions: ["2", "0010"] }),
    );
    expect(done(ran)).toHaveLength(2);
    expect(await rows(ground)).toEqual([
      `2 b ${sha256("create table b ()")}`,
      `10 c ${sha256("create table c ()")}`,
    ]);
    expect(await ground.exists("b")).toBe(false);
    expect(await ground.states(files)).toEqual(["1: gap", "2: applied", "10: applied"]);
    expect((await ground.up(files)).applied).toEqual(["001_a"]);
  });

  check("applied --up-to: a baseline", async (ground) => {
    await twice(ground, () => ground.mark(files, { to: "applied", upTo: "2" }));
    expect(await ground.states(files)).toEqual(["1: applied", "2: applied", "10: pending"]);
    expect((await ground.up(files)).applied).toEqual(["010_c"]);
  });

  check("applied leaves the rows that are there as they are", async (ground) => {
    await ground.up({ "001_a.up.sql": "create table a ()" });
    const [before] = await rows(ground);
    await ground.mark(
      { ...files, "001_a.up.sql": "select 'edited'" },
      { to: "applied", upTo: "10" },
    );
    expect((await rows(ground))[0]).toBe(before ?? "");
  });

  check(
    "a version that the set does not have cannot be applied, and nothing is",
    async (ground) => {
      const before = await ground.snapshot();
      for (const versions of [["1", "7"], ["one"], ["1.0"]]) {
        const { problems } = await ground.mark(files, { to: "applied", versions });
        expect(problems).toEqual(["not-in-set"]);
      }
      expect((await ground.mark(files, { to: "applied", upTo: "7" })).problems).toEqual([
        "not-in-set",
      ]);
      expect(await ground.snapshot()).toBe(before);
    },
  );

  check("pending: the row goes, and the version runs again", async (ground) => {
    await ground.up(files);
    await ground.sql("drop table b");
    await twice(ground, () => ground.mark(files, { to: "pending", versions: ["2"] }));
    expect(await ground.states(files)).toEqual(["1: applied", "2: gap", "10: applied"]);
    expect((await ground.up(files)).applied).toEqual(["002_b"]);
  });

  check("pending: a version that only the tracker knows can be forgotten", async (ground) => {
    await ground.up({ ...files, "020_gone.up.sql": "select 1" });
    expect((await ground.mark(files, { to: "pending", versions: ["20"] })).problems).toEqual([]);
    expect((await ground.mark(files, { to: "pending", versions: ["20"] })).problems).toEqual([
      "not-in-set",
    ]);
    expect(await ground.versions()).toEqual(["1", "2", "10"]);
  });

  check("pending on a database without a tracker writes nothing", async (ground) => {
    const before = await ground.snapshot();
    expect((await ground.mark(files, { to: "pending", versions: ["1"] })).problems).toEqual([]);
    expect(await ground.snapshot()).toBe(before);
  });

  check("renamed: the row takes the file's name", async (ground) => {
    await ground.up(files);
    const { "002_b.up.sql": text = "", ...others } = files;
    const renamed = { ...others, "002_better.up.sql": text };
    expect((await ground.up(renamed)).problems).toEqual(["renamed"]);
    await twice(ground, () => ground.mark(renamed, { to: "renamed", versions: ["2"] }));
    expect(await ground.states(renamed)).toEqual(["1: applied", "2: applied", "10: applied"]);
    expect((await ground.up(renamed)).problems).toEqual([]);
  });

  check("renamed and changed at once are accepted one by one", async (ground) => {
    await ground.up(files);
    const { "002_b.up.sql": _text, ...others } = files;
    const both = { ...others, "002_better.up.sql": "select 'edited'" };
    expect((await ground.states(both))[1]).toBe("2: renamed, changed");
    await ground.mark(both, { to: "renamed", versions: ["2"] });
    expect((await ground.states(both))[1]).toBe("2: changed");
    await ground.mark(both, { to: "changed", versions: ["2"] });
    expect((await ground.states(both))[1]).toBe("2: applied");
  });

  check("changed: the row takes the file's checksum", async (ground) => {
    await ground.up(files);
    const edited = { ...files, "002_b.up.sql": "create table b (id int)" };
    await twice(ground, () => ground.mark(edited, { to: "changed", versions: ["2"] }));
    expect((await rows(ground))[1]).toBe(`2 b ${sha256("create table b (id int)")}`);
    expect((await ground.status(edited, { check: true })).problems).toEqual([]);
  });

  check(
    "changed --all-adopted: adopted rows get today's checksums, others stay",
    async (ground) => {
      await ground.sql(
        "create table schema_migrations (version bigint primary key, dirty boolean not null); insert into schema_migrations values (2, false)",
      );
      await ground.up(files);
      const edited = { ...files, "010_c.up.sql": "create table c (id int)" };
      await twice(ground, () => ground.mark(edited, { to: "changed", versions: "all adopted" }));
      expect(await rows(ground)).toEqual([
        `1 a ${sha256("create table a ()")}`,
        `2 b ${sha256("create table b ()")}`,
        `10 c ${sha256("create table c ()")}`,
      ]);
      expect(await ground.states(edited)).toEqual(["1: applied", "2: applied", "10: changed"]);
    },
  );

  check("renamed and changed want a row", async (ground) => {
    await ground.up({ "001_a.up.sql": "create table a ()" });
    const before = await ground.snapshot();
    for (const to of ["renamed", "changed"] as const) {
      expect((await ground.mark(files, { to, versions: ["1", "2"] })).problems).toEqual([
        "not-marked",
      ]);
    }
    expect(await ground.snapshot()).toBe(before);
  });

  check("renumbered: the old row becomes the new file's", async (ground) => {
    await ground.up(files);
    const { "002_b.up.sql": text = "", ...others } = files;
    const moved = { ...others, "011_b.up.sql": text };
    expect((await ground.up(moved)).problems).toEqual(["renumbered"]);
    const at = await ground.value("select applied_at from applied_migrations where version = 2");
    await twice(ground, () => ground.mark(moved, { to: "renumbered", from: "2", version: "11" }));
    expect(await rows(ground)).toEqual([
      `1 a ${sha256("create table a ()")}`,
      `10 c ${sha256("create table c ()")}`,
      `11 b ${sha256("create table b ()")}`,
    ]);
    expect(await ground.value("select applied_at from applied_migrations where version = 11")).toBe(
      at ?? "",
    );
    expect((await ground.up(moved)).problems).toEqual([]);
    expect((await ground.up(moved)).applied).toEqual([]);
  });

  check("renumbered refuses what was not renumbered", async (ground) => {
    await ground.up(files);
    const before = await ground.snapshot();
    for (const [from, version, code] of [
      ["2", "10", "not-marked"],
      ["2", "99", "not-in-set"],
      ["99", "1", undefined],
    ] as const) {
      const { problems } = await ground.mark(files, { to: "renumbered", from, version });
      expect(problems).toEqual(code === undefined ? [] : [code]);
    }
    expect(await ground.snapshot()).toBe(before);
  });

  check("marking takes the lock of the tracker, and lets go of it", async (ground) => {
    await ground.mark(files, { to: "applied", versions: ["1"] });
    expect(await ground.value("select count(*) from pg_locks where locktype = 'advisory'")).toBe(
      "0",
    );
  });
});
