/** `smoke` and `wait`: is what is applied the set, exactly or at least? */
import { expect } from "bun:test";
import { nodeHttp } from "../../src/adapters/http.ts";
import { smoke } from "../../src/commands/smoke.ts";
import { wait } from "../../src/commands/wait.ts";
import { exitCodeOf } from "../../src/core/explain/explain.ts";
import type { Problem } from "../../src/core/problem.ts";
import { defaultTracker } from "../../src/core/tracker.ts";
import type { Event } from "../../src/events.ts";
import type { Outcome } from "../../src/outcome.ts";
import type { Answer } from "../../src/core/probes.ts";
import type { Database, Http } from "../../src/ports.ts";
import { scan } from "../../src/core/scan.ts";
import { readStanding } from "../../src/reading.ts";
import { databaseAt } from "../support/engines.ts";
import { startServer } from "../support/servers.ts";
import {
  databaseRequest,
  type Files,
  refusalAsOutcome,
  upRequest,
  worldOf,
} from "../support/worlds.ts";
import {
  contract,
  contractSideBySide,
  oldestAndNewest,
  oneBackend,
  pgliteSkips,
} from "./contract.ts";
import { beside } from "./ground.ts";

const history = {
  "1_a.up.sql": "create table a ()",
  "2_b.up.sql": "create table b ()",
  "3_c.up.sql": "create table c ()",
};

interface Result {
  readonly outcome: Outcome;
  readonly problems: readonly Problem[];
  readonly exitCode: number;
  /** `up passed`, one a step. */
  readonly steps: readonly string[];
}

async function runSmoke(database: Database, files: Files, http: Http = nodeHttp): Promise<Result> {
  const world = worldOf(database, files);
  const request = { ...upRequest, command: "smoke", connectTimeoutMs: 60_000 } as const;
  return resultOf(await refusalAsOutcome(() => smoke(world, http, request)));
}

async function runWait(
  database: Database,
  files: Files,
  timeoutMs: number,
  onReason: (reason: string) => void = () => undefined,
): Promise<Result & { readonly reasons: readonly string[]; readonly tookMs: number }> {
  const world = worldOf(database, files);
  const { connectTimeoutMs: _, ...target } = databaseRequest;
  const startMs = performance.now();
  const reporter = {
    report(event: Event): void {
      world.reporter.report(event);
      if (event.kind === "waiting-for-migrations") onReason(event.reason);
    },
  };
  const outcome = await refusalAsOutcome(() =>
    wait({ ...world, reporter }, { command: "wait", ...target, timeoutMs }),
  );
  const reasons = world.events.flatMap((event) =>
    event.kind === "waiting-for-migrations" ? [event.reason] : [],
  );
  return { ...resultOf(outcome), reasons, tookMs: performance.now() - startMs };
}

function resultOf(outcome: Outcome): Result {
  const problems = "problems" in outcome ? outcome.problems : [];
  const steps =
    outcome.kind === "smoke" ? outcome.steps.map(({ name, result }) => `${name} ${result}`) : [];
  return { outcome, problems, exitCode: exitCodeOf(problems), steps };
}

/** What a problem says each version is: `2_b gap`. */
function named([problem]: readonly Problem[]): readonly string[] {
  const differences =
    problem?.code === "not-exactly-the-set"
      ? problem.differences
      : problem?.code === "wait-timed-out"
        ? problem.awaited
        : [];
  return differences.map(({ id, state }) => `${id} ${state}`);
}

const passed = ["up passed", "applied = set passed", "second up passed", "GET /healthz passed"];
const notExact = [
  "up passed",
  "applied = set failed",
  "second up not reached",
  "GET /healthz not reached",
];

contract(
  [],
  (check) => {
    check("smoke migrates, and passes again where all is there", async (ground) => {
      const first = await runSmoke(ground.database, history);
      expect(first.problems).toEqual([]);
      expect(first.steps).toEqual(passed);
      expect(await ground.versions()).toEqual(["1", "2", "3"]);
      const before = await ground.snapshot();
      expect((await runSmoke(ground.database, history)).steps).toEqual(passed);
      expect(await ground.snapshot()).toBe(before);
    });

    check("smoke fails where a version is ahead, or missing", async (ground) => {
      await ground.up({ ...history, "9_z.up.sql": "select 9" });
      const ahead = await runSmoke(ground.database, history);
      expect(ahead.exitCode).toBe(3);
      expect(named(ahead.problems)).toEqual(["9_z ahead"]);
      expect(ahead.steps).toEqual(notExact);

      const { "2_b.up.sql": _, ...holed } = { ...history, "9_z.up.sql": "select 9" };
      const missing = await runSmoke(ground.database, holed);
      expect(missing.exitCode).toBe(3);
      expect(named(missing.problems)).toEqual(["2_b missing"]);
      expect(missing.steps).toEqual(notExact);
    });

    check("smoke fails where one in the middle is gone behind up", async (ground) => {
      const { problems, exitCode, steps } = await runSmoke(ground.database, {
        ...history,
        "4_d.up.sql": "delete from applied_migrations where version = 2",
      });
      expect(exitCode).toBe(3);
      expect(named(problems)).toEqual(["2_b gap"]);
      expect(steps).toEqual(notExact);
      expect(await ground.versions()).toEqual(["1", "3", "4"]);
    });

    check(
      "smoke fails where a migration adds, changes or removes what is recorded",
      async (ground) => {
        for (const [body, exitCode, code] of [
          [
            "insert into applied_migrations values (77, 'x', now(), null)",
            3,
            "not-exactly-the-set",
          ],
          [
            "update applied_migrations set checksum = repeat('0', 64) where version = 1",
            3,
            "not-exactly-the-set",
          ],
          ["update applied_migrations set name = 'x' where version = 1", 4, "renamed"],
          ["update applied_migrations set version = 88 where version = 1", 4, "renumbered"],
        ] as const) {
          await ground.sql("drop schema public cascade; create schema public");
          const { problems, ...result } = await runSmoke(ground.database, {
            ...history,
            "4_d.up.sql": body,
          });
          expect(problems[0]?.code, body).toBe(code);
          expect(result.exitCode, body).toBe(exitCode);
          expect(result.steps, body).toEqual(notExact);
        }
      },
    );

    check("smoke fails with up's own code where up does", async (ground) => {
      const failing = { ...history, "4_d.up.sql": "select nothing" };
      const failed = await runSmoke(ground.database, failing);
      expect(failed.problems.map((one) => one.code)).toEqual(["migration-failed"]);
      expect(failed.exitCode).toBe(1);
      expect(failed.steps).toEqual([
        "up failed",
        "applied = set not reached",
        "second up not reached",
        "GET /healthz not reached",
      ]);
      const { "3_c.up.sql": third, ...two } = history;
      expect((await runSmoke(ground.database, { ...two, "3_x.up.sql": third })).exitCode).toBe(4);
      expect((await runSmoke(ground.database, { ...two, "5_c.up.sql": third })).exitCode).toBe(4);
      expect((await runSmoke(ground.database, { "a.sql": "select 1" })).exitCode).toBe(2);
    });

    check("smoke fails where the second up has something to do", async (ground) => {
      // Somebody takes a row back in front of the third session: up, look, up.
      let sessions = 0;
      const meddled: Database = {
        ...ground.database,
        async session(options, work) {
          if (++sessions === 3)
            await ground.sql("delete from applied_migrations where version = 4");
          return ground.database.session(options, work);
        },
      };
      const { problems, exitCode, steps } = await runSmoke(meddled, {
        ...history,
        "4_d.up.sql": "select 4",
      });
      expect(problems).toEqual([{ code: "applied-twice", ids: ["4_d"] }]);
      expect(exitCode).toBe(3);
      expect(steps).toEqual([
        ...passed.slice(0, 2),
        "second up failed",
        "GET /healthz not reached",
      ]);
    });

    check("smoke fails where healthz is not answered as it should be", async (ground) => {
      const answering = (answer: Answer): Http => ({
        ...nodeHttp,
        listen: (address) => nodeHttp.listen(address, () => answer),
      });
      for (const [answer, message] of [
        [{ status: 500, headers: {}, body: "" }, "status 500"],
        [{ status: 200, headers: {}, body: "{}" }, "the digest in the answer is not the set's"],
      ] as const) {
        const result = await runSmoke(ground.database, history, answering(answer));
        expect(result.problems).toMatchObject([{ code: "no-healthz", message }]);
        expect(result.exitCode).toBe(3);
        expect(result.steps).toEqual([...passed.slice(0, 3), "GET /healthz failed"]);
      }
    });

    check("wait ends at once where everything of the set is applied, and more", async (ground) => {
      await ground.up({ ...history, "9_z.up.sql": "select 9" });
      const before = await ground.snapshot();
      const changed = { ...history, "1_a.up.sql": "create table a (edited int)" };
      const { outcome, reasons } = await runWait(ground.database, changed, 60_000);
      expect(outcome).toMatchObject({ kind: "ready", count: 3 });
      expect(reasons).toEqual([]);
      expect(await ground.snapshot()).toBe(before);
    });

    check("wait times out with what is not there, and writes nothing", async (ground) => {
      await ground.up({ "1_a.up.sql": history["1_a.up.sql"], "3_c.up.sql": history["3_c.up.sql"] });
      const before = await ground.snapshot();
      const files = { ...history, "4_d.up.sql": "select 4" };
      const { problems, exitCode, reasons, tookMs } = await runWait(ground.database, files, 300);
      expect(named(problems)).toEqual(["2_b gap", "4_d pending"]);
      expect(exitCode).toBe(3);
      // Said once, however often it was looked at.
      expect(reasons).toEqual(["not applied: 2_b (gap), 4_d (pending)"]);
      expect(tookMs).toBeGreaterThanOrEqual(300);
      expect(await ground.snapshot()).toBe(before);
    });

    check(
      "wait does not take the highest version, or as many rows, for the set",
      async (ground) => {
        await ground.up({ "1_a.up.sql": "create table a ()", "3_c.up.sql": "create table c ()" });
        await ground.up({ "9_z.up.sql": "select 9" });
        const { exitCode } = await runWait(ground.database, history, 100);
        expect(exitCode).toBe(3);
      },
    );

    check("wait gives up at once on what is renamed or renumbered", async (ground) => {
      await ground.up(history);
      const { "3_c.up.sql": third, ...two } = history;
      for (const [name, code] of [
        ["3_x.up.sql", "renamed"],
        ["5_c.up.sql", "renumbered"],
      ] as const) {
        const { problems, exitCode, tookMs } = await runWait(
          ground.database,
          { ...two, [name]: third },
          60_000,
        );
        expect(problems.map((one) => one.code)).toEqual([code]);
        expect(exitCode).toBe(4);
        expect(tookMs).toBeLessThan(20_000);
      }
    });

    check("what the next up will adopt is waited for", async (ground) => {
      await ground.sql(
        "create table schema_migrations (version bigint primary key, dirty boolean not null); insert into schema_migrations values (3, false)",
      );
      const early = await runWait(ground.database, history, 100);
      expect(named(early.problems)).toEqual([
        "1_a to be adopted",
        "2_b to be adopted",
        "3_c to be adopted",
      ]);
      expect(early.exitCode).toBe(3);
      expect((await ground.up(history)).problems).toEqual([]);
      expect((await runWait(ground.database, history, 100)).outcome.kind).toBe("ready");
    });

    check("wait says why nobody's up gets on", async (ground) => {
      await ground.sql("create table somebodys ()");
      const { problems, exitCode, reasons } = await runWait(ground.database, history, 100);
      expect(problems.map((one) => one.code)).toEqual(["wait-timed-out", "not-a-new-database"]);
      expect(exitCode).toBe(3);
      expect(reasons[0] ?? "").toContain("not a new database");
    });
  },
  oldestAndNewest,
);

const follows = "wait follows what somebody else applies";
const comes = "wait waits for a server, and fails at once on a wrong one";
const blocked = "a reading comes back in time from a tracker that is locked";
const hindered = "wait outlasts rights that are missing";
const skips = [
  ...pgliteSkips(oneBackend, follows, blocked),
  ...pgliteSkips("PGlite is in this process, and has one user", comes, hindered),
];

contractSideBySide(
  skips,
  (check, engine) => {
    check(follows, async (ground) => {
      const told = Promise.withResolvers<string>();
      const waiting = runWait(ground.database, history, 50_000, told.resolve);
      expect(await told.promise).toBe("not applied: 1_a (pending), 2_b (pending), 3_c (pending)");
      await ground.up(history, { to: "1" });
      await Bun.sleep(2500);
      await ground.up(history);
      const { outcome, reasons } = await waiting;
      expect(outcome.kind).toBe("ready");
      // Each change is told once; between two looks several may have happened.
      expect(new Set(reasons).size).toBe(reasons.length);
      expect(reasons.length).toBeLessThanOrEqual(3);
    });

    check(blocked, async (ground) => {
      await ground.up(history);
      await beside(ground, async (session) => {
        await session.run("begin; lock table applied_migrations in access exclusive mode");
        const world = worldOf(ground.database, history);
        const scanned = scan(await world.source.list());
        if (!scanned.ok) throw new Error("no set");
        const request = { tracker: defaultTracker, limitMs: 500 };
        const startMs = performance.now();
        const reading = await readStanding(world, request, scanned.value.set);
        expect(reading).toMatchObject({ kind: "unreadable", how: "for now" });
        expect(performance.now() - startMs).toBeLessThan(5000);
        await session.run("rollback");
        // Nothing of it is left on the server.
        const count = "select count(*) from pg_stat_activity where application_name ~ '^lacuna/0'";
        for (let left = 50; left > 0 && (await ground.value(count)) !== "0"; left--) {
          await Bun.sleep(100);
        }
        expect(await ground.value(count)).toBe("0");
        expect(await readStanding(world, request, scanned.value.set)).toMatchObject({
          kind: "read",
        });
      });
    });

    check(hindered, async (ground) => {
      await ground.up(history);
      const role = `contract_wait_${engine.major}`;
      await ground.sql(`create role ${role} login`);
      const url = new URL(ground.url);
      url.username = role;
      const told = Promise.withResolvers<string>();
      const waiting = runWait(databaseAt(url.href), history, 50_000, told.resolve);
      await told.promise;
      await ground.sql(`grant select on applied_migrations to ${role}`);
      const { outcome, reasons } = await waiting;
      expect(outcome.kind).toBe("ready");
      expect(reasons).toHaveLength(1);
      expect(reasons[0] ?? "").toContain("lacks SELECT on table");
      await ground.sql(`drop owned by ${role}; drop role ${role}`);
    });

    check(comes, async () => {
      const hba = "host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
      await using server = await startServer(engine.major, { hba });
      const own = databaseAt(server.url());
      await server.stop();
      const gone = await runWait(own, history, 300);
      expect(gone.problems).toMatchObject([{ code: "wait-timed-out", awaited: [] }]);
      expect(gone.exitCode).toBe(3);
      expect(JSON.stringify(gone.problems)).toContain("ECONNREFUSED");

      const waiting = runWait(own, {}, 30_000);
      await Bun.sleep(300);
      await server.start();
      const { outcome, reasons } = await waiting;
      expect(outcome.kind).toBe("ready");
      expect(reasons[0]).toContain("ECONNREFUSED");

      const address = `127.0.0.1:${server.port}`;
      for (const url of [
        `postgres://guarded:wr0ngw0rd@${address}/postgres`,
        `postgres://postgres@${address}/nowhere`,
      ]) {
        const wrong = await runWait(databaseAt(url), history, 30_000);
        expect(wrong.problems.map((one) => one.code)).toEqual(["cannot-connect"]);
        expect(wrong.exitCode).toBe(6);
        expect(wrong.tookMs).toBeLessThan(5000);
        expect(JSON.stringify([wrong.problems, wrong.reasons])).not.toContain("wr0ngw0rd");
      }
    });
  },
  oldestAndNewest,
);
