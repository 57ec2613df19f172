/** Statements outside of transactions that were really cut off: by their server, or from their client. */
import { expect } from "bun:test";
import type { Database, Session } from "../../src/ports.ts";
import { databaseAt } from "../support/engines.ts";
import { startRelay } from "../support/relay.ts";
import { type Files, runUp } from "../support/worlds.ts";
import { contractSideBySide, oneBackend, pgliteSkips } from "./contract.ts";
import { beside, type Ground, lastRows } from "./ground.ts";

function file(...statements: readonly string[]): Files {
  return {
    "1_base.up.sql": "create table t (a int, b text); create index i on t (a)",
    "2_steps.up.sql": `-- lacuna: no-transaction\n${statements.map((one) => `${one};\n`).join("")}`,
  };
}

/** Pids of the sessions that run a statement of this file and hold lacuna's lock. */
const runner =
  "select l.pid from pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 1 " +
  "and l.database = (select oid from pg_database where datname = current_database())";

/**
 * Runs `up` until its statement waits for somebody who is in the way, and terminates its backend
 * when the catalog looks as it is asked to.
 */
async function cutOff(
  ground: Ground,
  files: Files,
  blocker: string,
  when: string,
): Promise<Awaited<ReturnType<typeof runUp>>> {
  return beside(ground, async (session: Session) => {
    await session.run(blocker);
    const running = runUp(onceOnly(ground.database), files);
    await until(ground, when);
    await ground.sql(`select pg_terminate_backend(pid) from (${runner}) as r`);
    await until(ground, `select not exists (${runner})`);
    await session.run("rollback");
    return running;
  });
}

/** Its runs come to their end with their session, as those of a runner that is killed with it. */
function onceOnly(database: Database): Database {
  return {
    label: database.label,
    hasManySessions: true,
    session: (options, work) => database.session(options, work),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

async function until(ground: Ground, condition: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if ((await ground.value(condition)) === "t") return;
    await Bun.sleep(25);
  }
  throw new Error(`it did not come to be: ${condition}`);
}

async function indexes(ground: Ground): Promise<readonly string[]> {
  const rows = await lastRows(
    ground,
    "select c.relname || ' ' || case when i.indisvalid then 'valid' else 'INVALID' end as it " +
      "from pg_index i join pg_class c on c.oid = i.indexrelid " +
      "where c.oid >= 16384 and c.relname not like 'applied%' and c.relname not like 'pg_toast%_index' order by c.relname",
  );
  return rows.map((row) => row["it"] ?? "");
}

async function toastCopies(ground: Ground): Promise<string | null> {
  return ground.value("select count(*) from pg_class where relname ~ '^pg_toast_.*_cc(new|old)'");
}

const create = "create index concurrently j on t (a)";
const waitsForLock =
  "select exists (select from pg_stat_activity a where a.wait_event_type = 'Lock' " +
  `and a.pid in (${runner}) and a.query ~* `;

const rebuilt = "a concurrent index whose session was terminated is built anew";
const reindexNew = "a REINDEX INDEX CONCURRENTLY that was cut off leaves no _ccnew";
const reindexOld = "a REINDEX INDEX CONCURRENTLY that was cut off leaves no _ccold";
const wholeTable = "REINDEX TABLE and SCHEMA CONCURRENTLY are cleaned up after, TOAST included";
const notOurs = "an INVALID index that only looks like a copy is left alone";
const failed = "a REINDEX CONCURRENTLY that failed is cleaned up after too";
const dropped = "a DROP INDEX CONCURRENTLY that was cut off half-way is finished";
const finished =
  "what the server finished without its client is done, and it may take longer for that";
const interval = "how often a client is looked for is as before behind a concurrent statement";

contractSideBySide(
  pgliteSkips(
    oneBackend,
    rebuilt,
    reindexNew,
    reindexOld,
    wholeTable,
    notOurs,
    failed,
    dropped,
    finished,
    interval,
  ),
  (check) => {
    check(rebuilt, async (ground) => {
      await ground.up(base());
      const stopped = await cutOff(
        ground,
        file(create),
        "begin; insert into t values (1)",
        `${waitsForLock} 'index concurrently')`,
      );
      expect(stopped.problems).not.toEqual([]);
      expect(await indexes(ground)).toEqual(["i valid", "j INVALID"]);
      const { problems, world } = await ground.up(file(create));
      expect(problems).toEqual([]);
      expect(world.events).toContainEqual(
        expect.objectContaining({ kind: "repairing", index: "public.j" }),
      );
      expect(await indexes(ground)).toEqual(["i valid", "j valid"]);
    });

    check(reindexNew, async (ground) => {
      await ground.up(base());
      const reindex = "reindex index concurrently i";
      await cutOff(
        ground,
        file(reindex),
        "begin; insert into t values (1)",
        "select exists (select from pg_class where relname = 'i_ccnew')",
      );
      expect(await indexes(ground)).toEqual(["i valid", "i_ccnew INVALID"]);
      const { problems, world } = await ground.up(file(reindex));
      expect(problems).toEqual([]);
      expect(world.events).toContainEqual(
        expect.objectContaining({ kind: "repairing", index: "public.i_ccnew" }),
      );
      expect(await indexes(ground)).toEqual(["i valid"]);
      expect(await ground.versions()).toEqual(["1", "2"]);
    });

    check(reindexOld, async (ground) => {
      await ground.up(base());
      const reindex = "reindex (verbose, concurrently) index public.i";
      await cutOff(
        ground,
        file(reindex),
        // No snapshot, so only the old index cannot be dropped while it has the table.
        "begin; select * from t",
        "select exists (select from pg_class where relname = 'i_ccold')",
      );
      expect(await indexes(ground)).toEqual(["i valid", "i_ccold INVALID"]);
      const { problems } = await ground.up(file(reindex));
      expect(problems).toEqual([]);
      expect(await indexes(ground)).toEqual(["i valid"]);
    });

    check(wholeTable, async (ground) => {
      await ground.up(base());
      const statements = ["reindex table concurrently t", "reindex schema concurrently public"];
      for (const statement of statements) {
        await cutOff(
          ground,
          file(statement),
          "begin; insert into t values (1)",
          "select exists (select from pg_class where relname = 'i_ccnew')",
        );
        expect(await indexes(ground)).toContain("i_ccnew INVALID");
        expect(await toastCopies(ground)).not.toBe("0");
        expect((await ground.up(file(statement))).problems).toEqual([]);
        expect(await indexes(ground)).toEqual(["i valid"]);
        expect(await toastCopies(ground)).toBe("0");
        await ground.mark(file(statement), { to: "pending", versions: ["2"] });
      }
    });

    check(notOurs, async (ground) => {
      await ground.up(base());
      // On the same table, INVALID, named like a copy: but built otherwise, or there before.
      await ground.sql("insert into t values (1, 'x'), (1, 'x')");
      const leaveInvalid = (name: string, column: string): Promise<unknown> =>
        ground
          .sql(`create unique index concurrently ${name} on t (${column})`)
          .catch(() => undefined);
      await leaveInvalid("i_ccnew", "a");
      const reindex = "reindex index concurrently i";
      await cutOff(
        ground,
        file(reindex),
        "begin; insert into t values (1)",
        "select exists (select from pg_class where relname = 'i_ccnew1')",
      );
      await leaveInvalid("i_ccnew2", "b");
      expect((await ground.up(file(reindex))).problems).toEqual([]);
      expect(await indexes(ground)).toEqual(["i valid", "i_ccnew INVALID", "i_ccnew2 INVALID"]);
    });

    check(failed, async (ground) => {
      await ground.up(base());
      const text =
        "-- lacuna: no-transaction\n-- lacuna: statement-timeout 1s\nreindex index concurrently i;";
      const files = { ...base(), "2_steps.up.sql": text };
      await beside(ground, async (writer) => {
        await writer.run("begin; insert into t values (1)");
        expect((await ground.up(files)).problems).toEqual(["migration-failed"]);
        await writer.run("rollback");
      });
      expect(await indexes(ground)).toEqual(["i valid", "i_ccnew INVALID"]);
      expect((await ground.up(files)).problems).toEqual([]);
      expect(await indexes(ground)).toEqual(["i valid"]);
    });

    check(dropped, async (ground) => {
      await ground.up(base());
      const drop = "drop index concurrently i";
      await cutOff(
        ground,
        file(drop),
        "begin; select * from t",
        "select not indisvalid from pg_index where indexrelid = 'i'::regclass",
      );
      expect(await indexes(ground)).toEqual(["i INVALID"]);
      expect((await ground.up(file(drop))).problems).toEqual([]);
      expect(await indexes(ground)).toEqual([]);
      expect(await ground.versions()).toEqual(["1", "2"]);
    });

    check(finished, async (ground) => {
      await ground.up(base());
      for (const [statement, end] of [
        [create, ["i valid", "j valid"]],
        ["drop index concurrently i", ["j valid"]],
      ] as const) {
        await using relay = await startRelay({ port: Number(new URL(ground.url).port) });
        const distant = onceOnly(databaseAt(relay.url(ground.url)));
        await beside(ground, async (other) => {
          await other.run("begin; insert into t values (1)");
          const running = runUp(distant, file(statement));
          await until(ground, `${waitsForLock} 'index concurrently')`);
          // The check that was due within 2 s already is made before the interval counts.
          await Bun.sleep(2300);
          relay.cut();
          expect((await running).problems).not.toEqual([]);
          // Longer than a client that is gone is waited for elsewhere.
          await Bun.sleep(3500);
          const oid = await ground.value("select to_regclass('j')::oid");
          await other.run("commit");
          const { problems } = await ground.up(file(statement));
          expect(problems).toEqual([]);
          expect(await ground.value("select to_regclass('j')::oid")).toBe(oid);
        });
        expect(await indexes(ground)).toEqual(end);
        await ground.mark(file(statement), { to: "pending", versions: ["2"] });
      }
    });

    check(interval, async (ground) => {
      const setting = "select current_setting('client_connection_check_interval') as it";
      const { problems } = await ground.up({
        ...base(),
        ...file(
          create,
          `create table found as ${setting}`,
          "set client_connection_check_interval = 0",
          "create index concurrently k on t (a)",
          `create table own as ${setting}`,
        ),
      });
      expect(problems).toEqual([]);
      expect(await ground.value("select it from found")).toBe("2s");
      // What the file sets stays, there and behind it.
      expect(await ground.value("select it from own")).toBe("0");
    });
  },
);

function base(): Files {
  const { "1_base.up.sql": text = "" } = file();
  return { "1_base.up.sql": text };
}
