import postgres from "postgres";
import { defaultTracker } from "../../src/core/tracker.ts";
import { lockKeyOf } from "../../src/ledger/lock.ts";
import { folderOf } from "../support/folders.ts";
import { freshDatabase } from "../support/servers.ts";
import type { Point, Round } from "./ground.ts";
import { startRunner, type Runner } from "./runner.ts";
import { ask } from "./state.ts";

/** Undisturbed, the index takes one to two seconds. */
const files = {
  "1_things.sql":
    "create table things (id int);\ninsert into things select generate_series(1, 100);\n" +
    "create function drowsy(id int) returns int language plpgsql immutable as " +
    "$$ begin perform pg_sleep(0.01); return id; end $$;\nselect pg_sleep(1.5);\n",
  "2_index.sql": "create index concurrently things_drowsy on things (drowsy(id));\n",
};

const boundMs = 15_000;

export const waiting: Point = {
  name: "waiting",
  title: "servers where a runner waits while another builds an index concurrently",
  rounds: 5,
  async run(ground, rounds) {
    using folder = folderOf(files);
    const start = (url: string): Runner =>
      startRunner({ executable: ground.executable, migrations: folder.path, url });
    const times: number[] = [];
    let controls = 0;
    const violations = await ground.roundsByServer("waiting", rounds, async (round) => {
      times.push(await waitPolling(round, start));
      if (await waitBlocked(round, start)) controls++;
      else round.violation("a session that blocks for the lock made no deadlock: nothing is shown");
    });
    return {
      counts:
        `the holders ended within ${Math.round(Math.max(...times))} ms; ` +
        `a session that blocks for the lock instead made a deadlock in ${controls} of ${rounds}`,
      violations,
    };
  },
};

/** Gives how long the holder took. */
async function waitPolling(round: Round, start: (url: string) => Runner): Promise<number> {
  const { server, url } = round;
  const logged = server.log().length;
  const holder = start(url);
  await holder.saying("applying");
  const waiter = start(url);
  await waiter.saying("waiting-for-lock");
  if (holder.said().some(({ event }) => event === "applied"))
    round.violation("the second runner came too late to wait for the index");

  const first = await holder.ended;
  const saidAtEnd = waiter.said().map(({ event }) => event);
  const second = await waiter.ended;
  for (const { exitCode, output } of [first, second])
    if (exitCode !== 0) round.violation(`exit ${exitCode}\n${output}`);
  if (saidAtEnd.includes("ended")) round.violation("the second runner did not wait for the first");
  if (first.elapsedMs > boundMs) round.violation(`it took ${Math.round(first.elapsedMs)} ms`);
  if (server.log().slice(logged).includes("deadlock detected")) round.violation("a deadlock");
  const [index] = await ask(
    url,
    "select indisvalid::text as is_valid from pg_index where indexrelid = 'things_drowsy'::regclass",
  );
  if (index?.["is_valid"] !== "true") round.violation("the index is not valid");
  return first.elapsedMs;
}

/** The control: one who blocks holds a snapshot, for which the concurrent build waits. */
async function waitBlocked({ server }: Round, start: (url: string) => Runner): Promise<boolean> {
  const logged = server.log().length;
  await using database = await freshDatabase(server);
  const holder = start(database.url);
  await holder.saying("applying");
  const sql = postgres(database.url, { max: 1, fetch_types: false });
  // Whichever of the two the server chooses to end: the log tells.
  await sql`select pg_advisory_lock(${String(lockKeyOf(defaultTracker))}::bigint)`.catch(() => {});
  await holder.ended;
  await sql.end();
  return server.log().slice(logged).includes("deadlock detected");
}
