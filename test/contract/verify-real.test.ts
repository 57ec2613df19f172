/** `verify` where everything is done for real: from empty in PGlite, and in a scratch database. */
import { expect } from "bun:test";
import { claimScratch } from "../../src/ledger/scratch.ts";
import type { VerifyOutcome } from "../../src/outcome.ts";
import type { VerifyRequest } from "../../src/request.ts";
import type { Files } from "../support/worlds.ts";
import { contract, pgliteSkips } from "./contract.ts";
import { beside, type Ground, type Ran, verdicts } from "./ground.ts";

const noServer = "the embedded Postgres is a server of its own: nobody makes databases there";

contract(
  pgliteSkips(
    noServer,
    "the scratch database is dropped, also behind a failure",
    "what a killed run left is dropped, and what is in use is not",
    "statements on the whole server are not run there",
    "without the right to make a database it says so",
  ),
  (check) => {
    check("everything is tried from empty, and every failure is found", async (ground) => {
      const ran = await fromEmpty(ground, {
        "1_table.sql": "create table t (id int primary key, name text)",
        "2_regex.sql": "alter table t add check (name ~ '(unclosed')",
        "3_typo.sql": "alter tabel t add column x int",
        "4_enum.sql": "create type mood as enum ('glad'); alter type mood add value 'sad'",
        "5_uses.sql": "alter table t add column m mood default 'sad'",
        "6_isolation.sql": "begin isolation level serializable; select 1; commit",
        "7_needs.sql": "alter table nowhere add column x int",
      });
      expect(verdicts(ran)).toEqual([
        "1_table: passed",
        "2_regex: failed",
        "3_typo: failed",
        "4_enum: passed",
        "5_uses: passed",
        "6_isolation: passed",
        "7_needs: failed",
      ]);
      expect(ran.problems).toEqual(["verify-found"]);
    });

    check("no-transaction files are stopped at each statement, and resumed", async (ground) => {
      const ran = await fromEmpty(ground, {
        "1_table.sql": "create table t (id int, at date); insert into t values (1), (2)",
        "2_index.sql": `-- lacuna: no-transaction
set lock_timeout = '9s';
create index concurrently t_id on t (id);
alter table t add column name text;
insert into t (id) values (3);
drop index concurrently t_id;
vacuum t;
create unique index concurrently t_key on t (id);
reindex index concurrently t_key`,
        "3_once.sql":
          "do $$ begin if (select count(*) from t) <> 3 then raise 'twice'; end if; end $$",
      });
      expect(verdicts(ran)).toEqual(["1_table: passed", "2_index: passed", "3_once: passed"]);
      const [, index] = outcomeOf(ran).verdicts;
      expect(index?.notes.join()).toContain("resumed");
      // Eight statements, of which the SET is not one to be stopped at.
      const { events } = ran.world;
      expect(events.filter((event) => event.kind === "verdict")).toHaveLength(3);
    });

    check("ltree has a match of its own", async (ground) => {
      const ran = await fromEmpty(ground, {
        "1_tree.sql": "create extension if not exists ltree; create table cat (path ltree)",
        "2_match.sql": "delete from cat where path ~ '*.a'",
      });
      expect(verdicts(ran).filter((one) => one.endsWith("failed"))).toEqual([]);
    });

    check("a partition that is detached concurrently, and CALL and DO", async (ground) => {
      const ran = await fromEmpty(ground, {
        "1_tables.sql": `create table p (id int) partition by list (id);
create table p1 partition of p for values in (1);
create table done (at timestamptz);
create procedure note() language sql as $$ insert into done values (now()) $$`,
        "2_detach.sql": "alter table p detach partition p1 concurrently",
        "3_do.sql": "-- lacuna: no-transaction\ncall note();\ncreate table t3 ()",
        "4_again.sql": "-- lacuna: no-transaction\n-- lacuna: rerunnable\ncall note()",
      });
      expect(verdicts(ran)).toEqual([
        "1_tables: passed",
        "2_detach: passed",
        "3_do: passed",
        "4_again: passed",
      ]);
      const [, , once, again] = outcomeOf(ran).verdicts;
      expect(once?.notes.join()).toContain("not at statement 1");
      expect(again?.notes.join()).not.toContain("not at");
    });

    check("a statement that does not survive a rerun is found", async (ground) => {
      const ran = await fromEmpty(ground, {
        "1_table.sql": "create table t (id int); insert into t values (1), (1)",
        "2_unique.sql": "create unique index concurrently t_key on t (id)",
        "3_after.sql": "create table t3 ()",
      });
      expect(verdicts(ran)).toEqual(["1_table: passed", "2_unique: failed", "3_after: passed"]);
    });

    check("the scratch database is dropped, also behind a failure", async (ground) => {
      const before = await ground.snapshot();
      const ran = await fromEmpty(ground, { "1_a.sql": "create table a ()", "2_b.sql": "broken" });
      expect(verdicts(ran)).toEqual(["1_a: passed", "2_b: failed"]);
      expect(await scratches(ground)).toEqual([]);
      expect(await ground.snapshot()).toBe(before);
    });

    check("what a killed run left is dropped, and what is in use is not", async (ground) => {
      await ground.sql("create database lacuna_scratch_dead");
      await ground.sql("create database lacuna_scratch_alive");
      await beside(ground, async (other) => {
        await claimScratch(other, "lacuna_scratch_alive");
        await fromEmpty(ground, { "1_a.sql": "select 1" });
        expect(await scratches(ground)).toEqual(["lacuna_scratch_alive"]);
      });
      await fromEmpty(ground, { "1_a.sql": "select 1" });
      expect(await scratches(ground)).toEqual([]);
    });

    check("statements on the whole server are not run there", async (ground) => {
      const files = {
        "1_role.sql": "create role contract_made",
        "2_do.sql": "do $$ begin create /* a */ role contract_made; end $$",
        "3_grant.sql": "create table t3 (); grant select on t3 to contract_made",
        "4_fine.sql": "create table t4 ()",
      };
      const roles = "select count(*) from pg_roles where rolname = 'contract_made'";
      const ran = await fromEmpty(ground, files);
      expect(verdicts(ran)).toEqual([
        "1_role: not verified",
        "2_do: not verified",
        "3_grant: not verified",
        "4_fine: passed",
      ]);
      expect(await ground.value(roles)).toBe("0");
      const owned = await fromEmpty(
        ground,
        { ...files, "2_do.sql": "select 1" },
        { ownsServer: true },
      );
      expect(owned.problems).toEqual([]);
      expect(await ground.value(roles)).toBe("1");
    });

    check("without the right to make a database it says so", async (ground) => {
      await ground.sql("create role contract_poor login");
      const url = new URL(ground.url);
      url.username = "contract_poor";
      const ran = await ground.verify({ "1_a.sql": "select 1" }, { method: "scratch" }, url.href);
      expect(ran.problems).toEqual(["no-scratch"]);
    });
  },
);

/** PGlite is empty itself; on a server a database is made for it. */
function fromEmpty(
  ground: Ground,
  files: Files,
  request: Partial<VerifyRequest> = {},
): Promise<Ran> {
  const method = ground.engine.kind === "pglite" ? "embedded" : "scratch";
  return ground.verify(files, { method, ...request });
}

async function scratches(ground: Ground): Promise<readonly string[]> {
  const names = await ground.value(
    "select string_agg(datname, ' ' order by 1) from pg_database where datname like 'lacuna\\_scratch\\_%'",
  );
  return names === null ? [] : names.split(" ");
}

function outcomeOf({ outcome }: Ran): VerifyOutcome {
  if (outcome.kind !== "verify") throw new Error(`no rehearsal: ${JSON.stringify(outcome)}`);
  return outcome;
}
