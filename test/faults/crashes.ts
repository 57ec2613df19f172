/**
 * The server crashes while migrations are on their way whose COMMIT does not wait for the disk. Every
 * process of it is killed at once: what was in its shared memory alone is lost.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { folderOf } from "../support/folders.ts";
import { relayMessages } from "../support/messages.ts";
import { startServer, type TestServer } from "../support/servers.ts";
import { type Ground, newGround, type Point, type Round } from "./ground.ts";
import { codesText } from "./postmasters.ts";
import { saidApplied, startRunner } from "./runner.ts";
import {
  failingVersion,
  checkSaid,
  finish,
  heldOfSmall,
  smallCount,
  smallFiles,
  smallFilesWithFailure,
  untilNobodyWorks,
} from "./small-set.ts";

/** Nothing is written in the background, so that what is not waited for stays in memory. */
const settings = {
  fsync: "on",
  full_page_writes: "on",
  wal_writer_delay: "10s",
  log_min_messages: "fatal",
};

export const crashes: Point = {
  name: "crashes",
  title: "servers killed with all their processes in a run of small migrations",
  rounds: 30,
  async run(ground, rounds) {
    const servers = await Promise.all([
      startServer(14, { settings }),
      startServer(18, { settings }),
    ]);
    using whole = folderOf(smallFiles);
    using failing = folderOf(smallFilesWithFailure);
    const { executable, options } = ground;
    const own = newGround({ executable, migrations: whole.path, servers, options });
    const tally: Tally = { lossy: 0, lost: 0, behind: 0, barriers: 0, codes: new Map() };
    const violations = await own.roundsByServer("crashes", rounds, (round) =>
      play(own, round, failing.path, tally),
    );
    for (const server of servers) await server[Symbol.asyncDispose]();
    return {
      counts:
        `${tally.lossy} of ${rounds} crashes lost acknowledged COMMITs, ${tally.lost} in all; ` +
        `${tally.barriers} came in front of the message that waits for the disk; ` +
        `${tally.behind} in a run that had said something; the runs ended with ${codesText(tally.codes)}`,
      violations:
        tally.lossy > 0 ? violations : [...violations, "no crash lost anything: nothing is shown"],
    };
  },
};

interface Tally {
  /** Rounds in which COMMITs were lost that the server had acknowledged. */
  lossy: number;
  lost: number;
  /** Rounds in which something had been said to be applied. */
  behind: number;
  barriers: number;
  readonly codes: Map<number | undefined, number>;
}

type When =
  | { readonly kind: "barrier" }
  | { readonly kind: "acknowledged"; readonly nth: number }
  /** The connection alone is cut there; the server crashes when another session has found what it did. */
  | { readonly kind: "found"; readonly nth: number }
  /** The runner alone is killed there; the server crashes when another one has found nothing to do. */
  | { readonly kind: "followed"; readonly nth: number }
  | { readonly kind: "moment"; readonly ms: number };

async function play(
  ground: Ground,
  round: Round,
  failingFolder: string,
  tally: Tally,
): Promise<void> {
  const { random, server, url } = round;
  const { executable } = ground;
  const when = ((): When => {
    const chance = random.below(1);
    if (chance < 0.25) return { kind: "barrier" };
    if (chance < 0.55) return { kind: "acknowledged", nth: 1 + random.integer(smallCount - 1) };
    if (chance < 0.7) return { kind: "found", nth: 1 + random.integer(smallCount / 2) };
    if (chance < 0.85) return { kind: "followed", nth: 1 + random.integer(smallCount / 2) };
    return { kind: "moment", ms: random.below(500) };
  })();
  // A failure is reported behind a barrier.
  const fails = when.kind === "barrier" || random.chance(0.2);
  const dies = when.kind === "followed" || (when.kind !== "found" && random.chance(0.3));
  round.note(`${JSON.stringify(when)}${fails ? ", failing" : ""}${dies ? ", the runner too" : ""}`);

  let isOpen = true;
  let acknowledged = 0;
  const { promise: isCrashed, resolve: crashed } = Promise.withResolvers<void>();
  let hasCrashed = false;
  const crash = (): void => {
    // Once: a moment may come when all is over, and the server serves again.
    if (hasCrashed) return;
    hasCrashed = true;
    isOpen = false;
    killWhole(server);
    if (dies) runner.kill();
    crashed();
  };
  await using messages = await relayMessages(url, {
    isOpen: () => isOpen,
    cutAt({ connection, from, type, text, answers }) {
      if (connection > 1 || !isOpen) return undefined;
      if (from === "server" && type === "C" && text.startsWith("COMMIT")) {
        if (answers.includes("set local lacuna.marker")) acknowledged++;
        if (when.kind === "found" && acknowledged === when.nth) return "before";
        if (when.kind === "followed" && acknowledged === when.nth) runner.kill();
        if (when.kind !== "acknowledged" || acknowledged < when.nth) return undefined;
        // This one has come through.
        setTimeout(crash, 0);
      }
      if (when.kind !== "barrier" || from !== "client") return undefined;
      if (!text.includes("pg_logical_emit_message")) return undefined;
      tally.barriers++;
      crash();
      return "before";
    },
  });
  const migrations = fails ? failingFolder : ground.migrations;
  const flags = ["--connect-timeout", "20s"];
  const runner = startRunner({ executable, migrations, url: messages.url, flags });
  if (when.kind === "moment") setTimeout(crash, when.ms);
  if (when.kind === "found") void runner.saying("applied", "reconnecting").then(crash);
  await Promise.race([isCrashed, runner.ended]);
  // What one that exits with 0 has relied on is there for good.
  const relied = when.kind === "followed" ? await follow(ground, round) : 0;
  // It may have been faster. The server is killed all the same: what was said stays.
  crash();
  // What it has still to say of this.
  await sleep(100);
  const saidBefore = saidApplied(runner.said()).map(Number);
  await server.stop("immediate");
  await server.start();
  const held = await heldOfSmall(url);
  for (const line of held.wrong) round.violation(`behind the crash: ${line}`);
  const untrue = saidBefore.filter((version) => version > held.applied);
  if (untrue.length > 0)
    round.violation(`said: ${untrue.join(" ")}; ${held.applied} survived the crash`);
  if (held.applied < relied)
    round.violation(`another relied on ${relied}; ${held.applied} survived the crash`);
  if (acknowledged > held.applied) tally.lossy++;
  tally.lost += Math.max(0, acknowledged - held.applied);
  if (saidBefore.length > 0) tally.behind++;

  isOpen = true;
  const ended = await runner.ended;
  tally.codes.set(ended.exitCode, (tally.codes.get(ended.exitCode) ?? 0) + 1);
  checkSaid(
    round,
    ended,
    dies ? undefined : fails ? 1 : 0,
    fails ? failingVersion - 1 : smallCount,
  );
  await finish(ground, round);
}

/** Runs another runner that has nothing to do; gives what it has relied on. */
async function follow(ground: Ground, round: Round): Promise<number> {
  const { applied } = await untilNobodyWorks(round.url);
  if (applied === 0) return 0;
  const ended = await ground.start(round.url, "--to", String(applied)).ended;
  if (ended.exitCode !== 0 || saidApplied(ended.said).length > 0)
    round.violation(`the other one: exit ${ended.exitCode}\n${ended.output}`);
  return applied;
}

/** The postmaster is stopped first: it makes no new process then, and cleans nothing up. */
function killWhole({ postmasterPid }: TestServer): void {
  process.kill(postmasterPid, "SIGSTOP");
  for (const pid of [...childrenOf(postmasterPid), postmasterPid]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // The name of a program, in parentheses, may hold anything. Behind it: state and parent.
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return Number(ppid) === parent ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}
