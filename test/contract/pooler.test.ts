/**
 * A pooler between lacuna and the server. The poolers here are made of real sessions and hand
 * them out as PgBouncer does; PgBouncer itself is asked by `bun run faults --only poolers`.
 */
import { expect } from "bun:test";
import { lockKeyOf, releaseLock, takeLock } from "../../src/ledger/lock.ts";
import { type Database, type Session, SqlError } from "../../src/ports.ts";
import { defaultTracker } from "../../src/core/tracker.ts";
import { contractSideBySide, oneBackend, pgliteSkips } from "./contract.ts";
import { beside, type Ground, groundOn } from "./ground.ts";

const files = { "1_a.up.sql": "create table a ()" };

interface Pooler {
  readonly ground: Ground;
  /** Settings of the session that each backend has. */
  leftovers(): Promise<readonly string[]>;
}

/** Which backend answers the next message of a client. */
type Choose = (client: number, message: number) => number;

/** Backends that are open, and clients that each get one for a message: transaction mode. */
async function withPooler(
  ground: Ground,
  size: number,
  choose: Choose,
  work: (pooler: Pooler) => Promise<void>,
  backends: readonly Session[] = [],
): Promise<void> {
  if (backends.length < size) {
    return beside(ground, (one) => withPooler(ground, size, choose, work, [...backends, one]));
  }
  let [clients, messages] = [0, 0];
  const database: Database = {
    label: "pooler",
    async session(options, inside) {
      const client = clients++;
      const backend = (): Session => backends[choose(client, messages++)] as Session;
      // A pid of its own, as no process of this machine has it.
      const backendPid = 2 ** 31 + client;
      const opening = await backend().rows(options.opening);
      return inside({
        ...(backends[0] as Session),
        backendPid,
        opening,
        run: (script) => backend().run(script),
        rows: (script) => backend().rows(script),
      });
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  await work({
    ground: groundOn(ground.engine, { database, url: "", sql: (script) => ground.sql(script) }),
    async leftovers() {
      const found = await Promise.all(backends.map((one) => one.rows(sessionSettings)));
      return found.map(([rows]) => rows?.[0]?.["settings"] ?? "");
    },
  });
}

/** Of this database: others of the server have runners of their own. */
const advisoryLocks =
  "select count(*) from pg_locks where locktype = 'advisory' " +
  "and database = (select oid from pg_database where datname = current_database())";

const sessionSettings =
  "select string_agg(name || '=' || setting, ', ' order by name) as settings from pg_settings " +
  "where source = 'session'";

const shared = "one backend for two connections is refused, and nothing is left behind";
const turns = "two backends in turn are refused, which give each of two connections its own";
const session = "session mode is gone through, with all settings, and said";
const single = "no second connection: refused, and gone through where session mode is vouched for";
const several = "several poolers behind one address are refused: nobody can tell their mode";
const reading = "what only reads works in transaction mode, and leaves no setting behind";
const stranded = "a lock on another backend of the pooler is released there, and nowhere else";
const inTurn = "behind one each migration is answered before the next is sent";
const rehearsed = "verify goes through session mode";

const skips = pgliteSkips(
  oneBackend,
  shared,
  turns,
  session,
  single,
  several,
  reading,
  stranded,
  inTurn,
  rehearsed,
);

contractSideBySide(skips, (check) => {
  for (const [name, size, choose, found] of [
    [shared, 1, () => 0, "shared"],
    [turns, 2, (_, message) => message % 2, "changing"],
  ] as readonly (readonly [string, number, Choose, string])[]) {
    check(name, async (ground) => {
      await withPooler(ground, size, choose, async (pooler) => {
        const before = await pooler.leftovers();
        const snapshot = await ground.snapshot();
        for (const mode of ["auto", "session"] as const) {
          const { problems, first } = await pooler.ground.up(files, { pooler: mode });
          expect(problems).toEqual(["pooler"]);
          expect(first).toMatchObject({ found });
        }
        const change = { to: "applied", versions: ["1"] } as const;
        expect((await pooler.ground.mark(files, change)).problems).toEqual(["pooler"]);
        expect((await pooler.ground.verify(files)).problems).toEqual(["pooler"]);
        expect(await pooler.leftovers()).toEqual(before);
        expect(await ground.snapshot()).toBe(snapshot);
        expect(await ground.value(advisoryLocks)).toBe("0");
      });
    });
  }

  check(session, async (ground) => {
    // Each look closes its connection, and its backend is the next one's.
    const choose: Choose = (client) => Math.min(client, 1);
    await withPooler(ground, 2, choose, async (pooler) => {
      const { problems, applied, world } = await pooler.ground.up(files);
      expect(problems).toEqual([]);
      expect(applied).toEqual(["1_a"]);
      expect(world.events.map((event) => event.kind)).toEqual([
        "connected",
        "pooler",
        "applying",
        "applied",
      ]);
      const [own = "", other] = await pooler.leftovers();
      expect(own).toContain("lock_timeout=30000");
      expect(own).toContain("idle_in_transaction_session_timeout=0");
      expect(other).not.toContain("lock_timeout");
    });
  });

  check(inTurn, async (ground) => {
    const choose: Choose = (client) => Math.min(client, 1);
    await withPooler(ground, 2, choose, async (pooler) => {
      let [running, most] = [0, 0];
      const { database } = pooler.ground;
      const counting: Database = {
        ...database,
        canBeReopened: true,
        session: (options, work) =>
          database.session(options, (one) => {
            expect(one.pipelines).toBe(true);
            return work({
              ...one,
              async run(script) {
                most = Math.max(most, ++running);
                return one.run(script).finally(() => running--);
              },
            });
          }),
      };
      const through = groundOn(ground.engine, { ...pooler.ground, database: counting });
      const three = { ...files, "2_b.up.sql": "create table b ()", "3_c.up.sql": "select 1" };
      const { problems, applied } = await through.up(three);
      expect(problems).toEqual([]);
      expect(applied).toEqual(["1_a", "2_b", "3_c"]);
      expect(most).toBe(1);
    });
  });

  check(rehearsed, async (ground) => {
    await withPooler(
      ground,
      2,
      (client) => Math.min(client, 1),
      async (pooler) => {
        const { problems, world } = await pooler.ground.verify(files);
        expect(problems).toEqual([]);
        expect(world.events.filter((event) => event.kind === "pooler")).toHaveLength(1);
        expect(await ground.exists("a")).toBe(false);
      },
    );
  });

  check(single, async (ground) => {
    await withPooler(
      ground,
      1,
      () => 0,
      async (pooler) => {
        let connections = 0;
        const { database } = pooler.ground;
        const full: Database = {
          ...database,
          session(options, work) {
            if (connections++ === 0) return database.session(options, work);
            const message = "no more connections allowed (max_client_conn)";
            return Promise.reject(
              new SqlError("refused", { severity: "FATAL", code: "08P01", message }),
            );
          },
        };
        const through = groundOn(ground.engine, { ...pooler.ground, database: full });
        const { first } = await through.up(files);
        expect(first).toMatchObject({ code: "pooler", found: "no second connection" });
        expect(await ground.exists("a")).toBe(false);
        connections = 0;
        const vouched = await through.up(files, { pooler: "session" });
        expect(vouched.problems).toEqual([]);
        expect(vouched.applied).toEqual(["1_a"]);
      },
    );
  });

  check(several, async (ground) => {
    await withPooler(
      ground,
      2,
      (client) => Math.min(client, 1),
      async (pooler) => {
        let connections = 0;
        const { database } = pooler.ground;
        // Each client by another pooler, whom the server takes for its client.
        const balanced: Database = {
          ...database,
          session: (options, work) =>
            database.session(options, (one) => {
              const address = `10.0.0.${connections++}`;
              const [[row] = [], ...others] = one.opening;
              return work({ ...one, opening: [[{ ...row, backend_client: address }], ...others] });
            }),
        };
        const through = groundOn(ground.engine, { ...pooler.ground, database: balanced });
        const { first } = await through.up(files);
        expect(first).toMatchObject({ code: "pooler", found: "several poolers" });
        expect(connections).toBeGreaterThan(5);
        expect(await ground.exists("a")).toBe(false);
      },
    );
  });

  check(reading, async (ground) => {
    await ground.up(files);
    const later = { ...files, "2_b.up.sql": "create table b ()" };
    await withPooler(
      ground,
      3,
      (_, message) => message % 3,
      async (pooler) => {
        const before = await pooler.leftovers();
        expect(await pooler.ground.states(later)).toEqual(["1: applied", "2: pending"]);
        expect((await pooler.ground.plan(later)).problems).toEqual([]);
        expect(await pooler.leftovers()).toEqual(before);
      },
    );
  });

  check(stranded, async (ground) => {
    await beside(ground, (one) =>
      beside(ground, async (other) => {
        const key = lockKeyOf(defaultTracker);
        const theirs = lockKeyOf({ schema: "other", table: "t" });
        const taken = await takeLock(one, {
          key,
          waitMs: 0,
          clock: { nowMs: () => 0, sleep: () => Promise.resolve(), random: () => 0 },
          reporter: { report: () => undefined },
          interruption: { signal: undefined, onSignal: () => () => undefined },
        });
        if (!taken.held) throw new Error("the lock was not to be had");
        await other.run(`select pg_advisory_lock_shared(${theirs})`);
        let asked = 0;
        const pooled: Session = {
          ...one,
          rows: (script) => (asked++ < 2 ? other : one).rows(script),
        };
        await releaseLock(pooled, taken.lock);
        expect(asked).toBe(3);
        expect(await ground.value(advisoryLocks)).toBe("1");
      }),
    );
  });
});
