/**
 * A connection that is lost while a migration runs: another session takes the lock first, and only
 * then reads what became of it.
 */
import { expect } from "bun:test";
import { databaseAt, sessionOptions } from "../support/engines.ts";
import { type Relay, startRelay } from "../support/relay.ts";
import { startServer } from "../support/servers.ts";
import { contractSideBySide, pgliteSkips } from "./contract.ts";
import { type Ground, groundOn, type Ran } from "./ground.ts";

const acknowledged = "a COMMIT whose acknowledgement is lost is found in the tracker";
const unsent = "what never arrived is sent again, once";
const working = "an old backend that still works is waited for, and what it commits is found";
const ended = "a session that somebody ends is made again";
const endsItself = "a migration that ends its own session is not sent for ever";
const taken = "a lock that somebody else has by then leaves the outcome unknown";
const somebodyElses = "another's row under the version that was lost is not taken for ours";
const resumed = "a no-transaction file goes on behind the statement that was lost";
const restarted = "a server that crashes and comes back is come back to";
const waiting = "a runner that waits for the lock waits on in a new session";

const skips = pgliteSkips(
  "PGlite is in this process",
  acknowledged,
  unsent,
  working,
  ended,
  endsItself,
  taken,
  somebodyElses,
  resumed,
  restarted,
  waiting,
);

const files = {
  "1_a.up.sql": "create table effects (version int); insert into effects values (1)",
  "2_b.up.sql": "insert into effects values (2)",
  "3_c.up.sql": "insert into effects values (3)",
};

/** The ground by way of a relay. */
function through(ground: Ground, relay: Relay): Ground {
  const url = relay.url(ground.url);
  return groundOn(ground.engine, { ...ground, database: databaseAt(url), url });
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function said(ran: Ran, kind: "applied" | "reconnecting"): readonly (string | undefined)[] {
  return ran.world.events.flatMap((event) =>
    event.kind === kind && "migration" in event ? [event.migration?.id] : [],
  );
}

async function effects(ground: Ground): Promise<string | null> {
  return await ground.value("select string_agg(version::text, ' ' order by version) from effects");
}

async function untilRuns(ground: Ground, query: string): Promise<string> {
  for (;;) {
    const pid = await ground.value(
      `select pid::text from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like '%${query}%'`,
    );
    if (pid !== null) return pid;
    await Bun.sleep(20);
  }
}

contractSideBySide(skips, (check, engine) => {
  check(acknowledged, async (ground) => {
    // Cut where the server's CommandComplete of the second migration's COMMIT passes.
    let isSent = false;
    await using relay = await startRelay({
      port: portOf(ground.url),
      toServer(chunk) {
        isSent ||= chunk.includes("values (2)");
        return chunk;
      },
      toClient(chunk, passing) {
        if (!isSent || passing.number > 1 || !chunk.includes("COMMIT\0")) return chunk;
        passing.cut();
        return undefined;
      },
    });
    const ran = await through(ground, relay).up(files);
    expect(ran.problems).toEqual([]);
    expect(ran.applied).toEqual(["1_a", "2_b", "3_c"]);
    expect(said(ran, "applied")).toEqual(["1_a", "2_b", "3_c"]);
    // All of them were on their way.
    expect(said(ran, "reconnecting")).toEqual(["1_a"]);
    expect(relay.connections).toBe(2);
    expect(await effects(ground)).toBe("1 2 3");
  });

  check(unsent, async (ground) => {
    await using relay = await startRelay({
      port: portOf(ground.url),
      toServer(chunk, passing) {
        if (passing.number > 1 || !chunk.includes("values (2)")) return chunk;
        passing.cut();
        return undefined;
      },
    });
    const ran = await through(ground, relay).up(files);
    expect(ran.problems).toEqual([]);
    expect(said(ran, "applied")).toEqual(["1_a", "2_b", "3_c"]);
    expect(said(ran, "reconnecting")).toEqual(["1_a"]);
    expect(await effects(ground)).toBe("1 2 3");
  });

  check(working, async (ground) => {
    const slow = { ...files, "2_b.up.sql": "select pg_sleep(1); insert into effects values (2)" };
    await using relay = await startRelay({
      port: portOf(ground.url),
      toServer(chunk, passing) {
        // The server hears of it at the end of the statement, or after the check interval of 2 s.
        if (passing.number === 1 && chunk.includes("pg_sleep")) setTimeout(passing.cut, 100);
        return chunk;
      },
    });
    const ran = await through(ground, relay).up(slow);
    expect(ran.problems).toEqual([]);
    expect(said(ran, "applied")).toEqual(["1_a", "2_b", "3_c"]);
    expect(ran.world.events.some((event) => event.kind === "waiting-for-lock")).toBe(true);
    // The third was on its way too.
    expect(ran.world.events.filter((event) => event.kind === "applying")).toHaveLength(2);
    expect(await effects(ground)).toBe("1 2 3");
  });

  check(ended, async (ground) => {
    const slow = { ...files, "2_b.up.sql": "insert into effects values (2); select pg_sleep(1)" };
    const running = ground.up(slow);
    const pid = await untilRuns(ground, "pg_sleep(1)");
    await ground.sql(`select pg_terminate_backend(${pid})`);
    const ran = await running;
    expect(ran.problems).toEqual([]);
    expect(said(ran, "reconnecting")).toEqual(["2_b"]);
    expect(await effects(ground)).toBe("1 2 3");
  });

  check(endsItself, async (ground) => {
    const ending = {
      ...files,
      "2_b.up.sql": "insert into effects values (2); select pg_terminate_backend(pg_backend_pid())",
    };
    const ran = await ground.up(ending);
    expect(ran.problems).toEqual(["outcome-unknown"]);
    expect(said(ran, "applied")).toEqual(["1_a"]);
    // The first time the one ahead of it, which was not on disk, was found.
    expect(said(ran, "reconnecting")).toEqual(["2_b", "2_b", "2_b", "2_b"]);
    expect(await effects(ground)).toBe("1");
    expect(await ground.versions()).toEqual(["1"]);
  });

  check(taken, async (ground) => {
    let release: () => void = () => undefined;
    const holding = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = { ...files, "2_b.up.sql": "insert into effects values (2); select pg_sleep(60)" };
    const running = ground.up(slow, { lockWaitMs: 1500 });
    const pid = await untilRuns(ground, "pg_sleep(60)");
    const key = await ground.value(
      `select ((classid::bigint << 32) | objid::bigint)::text from pg_locks where locktype = 'advisory' and pid = ${pid}`,
    );
    // Blocked behind the runner, this has the lock before anybody else.
    const holder = ground.database.session(sessionOptions, async (session) => {
      await session.run(`select pg_advisory_lock(${key})`);
      await holding;
    });
    await untilRuns(ground, "pg_advisory_lock(");
    await ground.sql(`select pg_terminate_backend(${pid})`);
    const ran = await running;
    expect(ran.problems).toEqual(["outcome-unknown", "lock-unavailable"]);
    // The first one was acknowledged, and is not known to be on disk before the watcher has seen to it.
    const unknown = ran.first?.code === "outcome-unknown" ? ran.first : undefined;
    expect(unknown?.id).toBe("2_b");
    expect([...(unknown?.others ?? []), ...ran.applied].toSorted()).toEqual(["1_a", "3_c"]);
    expect(ran.applied).not.toContain("3_c");
    const left = ran.outcome.kind === "up" ? ran.outcome.left.map((one) => one.id) : [];
    expect([...left, ...ran.applied].toSorted()).toEqual(["1_a", "2_b", "3_c"]);
    release();
    await holder;
    expect((await ground.up(files)).applied).toEqual(["2_b", "3_c"]);
    expect(await effects(ground)).toBe("1 2 3");
  });

  check(somebodyElses, async (ground) => {
    const slow = { ...files, "2_b.up.sql": "insert into effects values (2); select pg_sleep(2)" };
    const running = ground.up(slow);
    const pid = await untilRuns(ground, "pg_sleep(2)");
    const key = await ground.value(
      `select ((classid::bigint << 32) | objid::bigint)::text from pg_locks where locktype = 'advisory' and pid = ${pid}`,
    );
    const other = ground.database.session(sessionOptions, async (session) => {
      await session.run(`select pg_advisory_lock(${key})`);
      await session.run(
        "insert into applied_migrations values (2, 'from_another_image', now(), repeat('0', 64))",
      );
    });
    await untilRuns(ground, "pg_advisory_lock(");
    await ground.sql(`select pg_terminate_backend(${pid})`);
    const [ran] = await Promise.all([running, other]);
    expect(said(ran, "applied")).toEqual(["1_a"]);
    expect(ran.applied).toEqual(["1_a"]);
    expect(ran.problems).toEqual(["renamed"]);
    expect(await effects(ground)).toBe("1");
  });

  check(resumed, async (ground) => {
    const indexed = {
      ...files,
      "2_b.up.sql":
        "-- lacuna: no-transaction\ninsert into effects values (2);\n" +
        "create index concurrently by_version on effects (version);\ninsert into effects values (22)",
    };
    await using relay = await startRelay({
      port: portOf(ground.url),
      toClient(chunk, passing) {
        if (passing.number > 1 || !chunk.includes("CREATE INDEX\0")) return chunk;
        passing.cut();
        return undefined;
      },
    });
    const ran = await through(ground, relay).up(indexed);
    expect(ran.problems).toEqual([]);
    expect(said(ran, "reconnecting")).toEqual(["2_b"]);
    expect(ran.world.events.filter((event) => event.kind === "resuming")).toHaveLength(1);
    expect(await effects(ground)).toBe("1 2 3 22");
    expect(
      await ground.value(
        "select string_agg(indisvalid::text, ' ') from pg_index where indrelid = 'effects'::regclass",
      ),
    ).toBe("true");
  });

  check(restarted, async (ground) => {
    await using server = await startServer(engine.major);
    const database = databaseAt(server.url());
    const own = groundOn(engine, {
      ...ground,
      database,
      url: server.url(),
      sql: (script) => database.session(sessionOptions, (session) => session.rows(script)),
    });
    const slow = { ...files, "2_b.up.sql": "insert into effects values (2); select pg_sleep(1)" };
    const running = own.up(slow, { connectTimeoutMs: 30_000 });
    await untilRuns(own, "pg_sleep(1)");
    await server.stop("immediate");
    await Bun.sleep(300);
    await server.start();
    const ran = await running;
    expect(ran.problems).toEqual([]);
    expect(said(ran, "applied")).toEqual(["1_a", "2_b", "3_c"]);
    expect(await effects(own)).toBe("1 2 3");

    // The same, and it stays away.
    const more = { ...slow, "4_d.up.sql": "select pg_sleep(1.5)" };
    const last = own.up({ ...more, "5_e.up.sql": "" }, { connectTimeoutMs: 1000 });
    await untilRuns(own, "pg_sleep(1.5)");
    await server.stop("immediate");
    const left = await last;
    expect(left.problems).toEqual(["outcome-unknown", "cannot-connect"]);
    expect(left.outcome.kind === "up" && left.outcome.left.map((one) => one.id)).toEqual([
      "4_d",
      "5_e",
    ]);
  });

  check(waiting, async (ground) => {
    const slow = { ...files, "3_c.up.sql": "select pg_sleep(2.5); insert into effects values (3)" };
    const holder = ground.up(slow);
    const pid = await untilRuns(ground, "pg_sleep(2.5)");
    const waiter = ground.up(slow);
    let other: string | null = null;
    while (other === null) {
      other = await ground.value(
        `select pid::text from pg_stat_activity where application_name like 'lacuna/%' and pid <> ${pid} and query like '%pg_try_advisory_lock%' and datname = current_database()`,
      );
      await Bun.sleep(20);
    }
    await ground.sql(`select pg_terminate_backend(${other})`);
    const [held, waited] = await Promise.all([holder, waiter]);
    expect(held.problems).toEqual([]);
    expect(waited.problems).toEqual([]);
    expect(said(waited, "reconnecting")).toEqual([undefined]);
    expect(waited.applied).toEqual([]);
    expect(await effects(ground)).toBe("1 2 3");
  });
});
