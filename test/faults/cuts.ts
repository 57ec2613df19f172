import { freshDatabase, type TestServer } from "../support/servers.ts";
import { compareSaid, type Ground, type Point, recover, type Round } from "./ground.ts";
import { codesText, honest } from "./postmasters.ts";
import { type Cut, type Faults, type Passed, startProxy } from "./proxy.ts";
import { type Random, randomOf } from "./random.ts";
import { progressOf } from "./state.ts";

export const cuts: Point = {
  name: "cuts",
  title: "rounds through a proxy that cuts, delays and splits",
  rounds: 200,
  async run(ground, rounds) {
    const usual = await measureBytes(ground);
    const tally = newTally();
    const violations = await ground.rounds("cuts", rounds, (round) =>
      play(ground, round, usual, tally),
    );
    return {
      counts:
        `connections cut ${tally.cuts}, ${tally.commits} of them at the acknowledgement of a COMMIT; ` +
        `${tally.cutRounds} rounds with a cut, ${tally.spite} of them ended 0 in spite of it; ` +
        `${tally.whole} rounds without a cut; the runs ended with ${codesText(tally.codes)}`,
      violations:
        tally.commits > 0 ? violations : [...violations, "no acknowledgement of a COMMIT was lost"],
    };
  },
};

interface Tally {
  cuts: number;
  commits: number;
  cutRounds: number;
  spite: number;
  whole: number;
  readonly codes: Map<number | undefined, number>;
}

const newTally = (): Tally => ({
  cuts: 0,
  commits: 0,
  cutRounds: 0,
  spite: 0,
  whole: 0,
  codes: new Map(),
});

const unharmed: Faults = {
  cut: { kind: "never" },
  lingerMs: 0,
  resets: false,
  splits: false,
  delays: false,
};

async function play(ground: Ground, round: Round, usual: Passed, tally: Tally): Promise<void> {
  const { random, server, url } = round;
  const faults = faultsOf(random, usual);
  round.note(JSON.stringify(faults));
  await using proxy = await startProxy(server.port, faults, random);
  // The connection is never given up for good while the time of a round lasts.
  const limits = ["--connect-timeout", "5s", "--lock-wait", "20s"];
  const ended = await ground.start(through(url, proxy.port), ...limits).ended;
  const { exitCode } = ended;
  const wasCut = proxy.passed.cuts > 0;
  tally.cuts += proxy.passed.cuts;
  if (wasCut && faults[0].cut.kind === "commit") tally.commits++;
  tally.codes.set(exitCode, (tally.codes.get(exitCode) ?? 0) + 1);
  if (wasCut) tally.cutRounds++;
  else tally.whole++;
  if (wasCut && exitCode === 0) tally.spite++;

  if (!honest.has(exitCode) || (!wasCut && exitCode !== 0))
    round.violation(`exit ${exitCode}\n${ended.output}`);
  compareSaid(round, ended, (await progressOf(url)).applied);
  await recover(ground, round);
}

/** The first connection is cut in most rounds; those behind it are let through in most of them. */
function faultsOf(random: Random, usual: Passed): readonly [Faults, ...Faults[]] {
  const chosen = (cut: Cut): Faults => ({
    cut,
    lingerMs: random.chance(0.5) ? 0 : random.integer(1500),
    resets: random.chance(0.3),
    splits: random.chance(0.5),
    delays: random.chance(0.3),
  });
  const first = chosen(cutOf(random, usual));
  if (random.chance(0.7)) return [first, unharmed];
  if (random.chance(0.5)) return [first, chosen(cutOf(random, usual)), unharmed];
  return [first, { ...unharmed, cut: { kind: "at once" } }];
}

function cutOf(random: Random, { fromRunner, fromServer, commits }: Passed): Cut {
  const chance = random.below(1);
  if (chance < 0.15) return { kind: "never" };
  if (chance < 0.55) return { kind: "commit", nth: 1 + random.integer(commits) };
  return chance < 0.75
    ? { kind: "bytes", from: "runner", after: random.integer(fromRunner) }
    : { kind: "bytes", from: "server", after: random.integer(fromServer) };
}

/** What passes in a run that nobody disturbs. */
async function measureBytes(ground: Ground): Promise<Passed> {
  const server = ground.servers[0] as TestServer;
  await using database = await freshDatabase(server);
  await using proxy = await startProxy(server.port, [unharmed], randomOf(""));
  const { exitCode, output } = await ground.start(through(database.url, proxy.port)).ended;
  if (exitCode !== 0) throw new Error(`undisturbed: exit ${exitCode}\n${output}`);
  return proxy.passed;
}

function through(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  // Everything that the server says is then a message, which the proxy can read.
  changed.searchParams.set("sslmode", "disable");
  return String(changed);
}
