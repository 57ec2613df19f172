/**
 * Runners that are killed or stopped, and connections that are cut, while many small migrations are on
 * their way.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { folderOf } from "../support/folders.ts";
import { freshDatabase, type TestServer } from "../support/servers.ts";
import { type Ground, momentOf, newGround, type Point, type Round, type Usual } from "./ground.ts";
import { codesText, honest } from "./postmasters.ts";
import { type Faults, type Passed, startProxy } from "./proxy.ts";
import { randomOf } from "./random.ts";
import { saidApplied } from "./runner.ts";
import { checkSaid, finish, smallCount, smallFiles, untilNobodyWorks } from "./small-set.ts";

export const convoys: Point = {
  name: "convoys",
  title: "runs of small migrations whose runner is killed, stopped, or cut off",
  rounds: 90,
  async run(ground, rounds) {
    using folder = folderOf(smallFiles);
    const { executable, options, servers } = ground;
    const own = newGround({ executable, migrations: folder.path, servers, options });
    const usual = await measure(own);
    const tally: Tally = { between: { SIGKILL: 0, SIGTERM: 0, cut: 0 }, codes: new Map() };
    const violations = await own.rounds("convoys", rounds, (round) =>
      play(own, round, usual, tally),
    );
    const { SIGKILL, SIGTERM, cut } = tally.between;
    const isShown = Math.min(SIGKILL, SIGTERM, cut) > 0 || rounds < 30;
    return {
      counts:
        `killed ${SIGKILL}, stopped ${SIGTERM} and cut off ${cut} times between the first row and the last; ` +
        `a run takes ${Math.round(usual.runMs)} ms; the runs ended with ${codesText(tally.codes)}`,
      violations: isShown ? violations : [...violations, "one of the three never met the work"],
    };
  },
};

type Harm = "SIGKILL" | "SIGTERM" | "cut";

interface Tally {
  readonly between: Record<Harm, number>;
  readonly codes: Map<number | undefined, number>;
}

interface UsualPassed extends Usual {
  readonly passed: Passed;
}

async function play(ground: Ground, round: Round, usual: UsualPassed, tally: Tally): Promise<void> {
  const { random, url } = round;
  const harm = (["SIGKILL", "SIGTERM", "cut"] as const)[round.number % 3] ?? "cut";
  round.note(harm);
  const ended = harm === "cut" ? await runCut() : await runSignalled(harm);
  tally.codes.set(ended.exitCode, (tally.codes.get(ended.exitCode) ?? 0) + 1);
  const { applied, wrong } = await untilNobodyWorks(url);
  for (const line of wrong) round.violation(line);
  const said = saidApplied(ended.said).map(Number);
  if (said.some((version) => version > applied))
    round.violation(`said ${said.join(" ")}; ${applied} are applied`);
  // Whoever ends by itself has told all that it did.
  const isKnown = ended.exitCode === 0 || ended.exitCode === 143;
  if (isKnown && said.length !== applied)
    round.violation(`exit ${ended.exitCode}, said ${said.length} of ${applied}\n${ended.output}`);
  checkSaid(round, ended, undefined, smallCount);
  if (applied > 0 && applied < smallCount) tally.between[harm]++;
  else if (harm === "cut" && ended.said.some(({ event }) => event === "reconnecting"))
    tally.between.cut++;
  await finish(ground, round);

  async function runSignalled(signal: "SIGKILL" | "SIGTERM"): ReturnType<typeof runCut> {
    const moment = momentOf(random, usual);
    round.note(moment.text);
    const runner = ground.start(url);
    await runner.saidLines(moment.lines);
    await Promise.race([sleep(moment.thenMs), runner.ended]);
    runner.kill(signal);
    const end = await runner.ended;
    // Undefined: the signal came before anybody listened, or cannot be listened to.
    const expected = signal === "SIGKILL" ? [0, undefined] : [0, 143, undefined];
    if (!expected.includes(end.exitCode)) round.violation(`exit ${end.exitCode}\n${end.output}`);
    return end;
  }

  async function runCut(): Promise<Awaited<ReturnType<Ground["start"]>["ended"]>> {
    const from = random.chance(0.5) ? "runner" : "server";
    const whole = from === "runner" ? usual.passed.fromRunner : usual.passed.fromServer;
    const cut: Faults["cut"] = random.chance(0.3)
      ? { kind: "commit", nth: 1 + random.integer(usual.passed.commits) }
      : { kind: "bytes", from, after: random.integer(whole) };
    const faults: Faults = {
      cut,
      lingerMs: random.chance(0.5) ? 0 : random.integer(500),
      resets: random.chance(0.3),
      splits: random.chance(0.5),
      delays: false,
    };
    // Every other run finds nobody behind the cut, and has to give up.
    const next: Faults = random.chance(0.7) ? unharmed : { ...unharmed, cut: { kind: "at once" } };
    round.note(JSON.stringify([faults, next]));
    await using proxy = await startProxy(round.server.port, [faults, next], random);
    const limits = ["--connect-timeout", "2s", "--lock-wait", "20s"];
    const end = await ground.start(through(url, proxy.port), ...limits).ended;
    if (!honest.has(end.exitCode)) round.violation(`exit ${end.exitCode}\n${end.output}`);
    return end;
  }
}

const unharmed: Faults = {
  cut: { kind: "never" },
  lingerMs: 0,
  resets: false,
  splits: false,
  delays: false,
};

function through(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  changed.searchParams.set("sslmode", "disable");
  return String(changed);
}

/** A run that nobody disturbs. */
async function measure(ground: Ground): Promise<UsualPassed> {
  const server = ground.servers[0] as TestServer;
  await using database = await freshDatabase(server);
  await using proxy = await startProxy(server.port, [unharmed], randomOf(""));
  const ended = await ground.start(through(database.url, proxy.port)).ended;
  if (ended.exitCode !== 0) throw new Error(`undisturbed: exit ${ended.exitCode}\n${ended.output}`);
  return { runMs: ended.elapsedMs, lines: ended.said.length, passed: proxy.passed };
}
