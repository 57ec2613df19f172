/** What every point stands on: databases, runners, rounds in parallel, and what went against a promise. */
import { say } from "../support/say.ts";
import { freshDatabase, type TestDatabase, type TestServer } from "../support/servers.ts";
import type { Options } from "./options.ts";
import { type Random, randomOf } from "./random.ts";
import { type Ended, saidApplied, type Runner, startRunner } from "./runner.ts";
import { complete, count } from "./set.ts";
import { differences } from "./state.ts";

/** One of the things that the suite shows. */
export interface Point {
  readonly name: string;
  /** What its rounds are. */
  readonly title: string;
  readonly rounds: number;
  run(ground: Ground, rounds: number): Promise<Findings>;
}

interface Findings {
  /** What was counted, said whatever was found. */
  readonly counts: string;
  readonly violations: readonly string[];
}

/** What went against a promise: a line each. */
type Violations = Promise<readonly string[]>;

export interface Ground {
  readonly options: Options;
  readonly executable: string;
  readonly migrations: string;
  readonly servers: readonly TestServer[];
  start(url: string, ...flags: readonly string[]): Runner;
  /** Runs the rounds of a point, some at a time, each on a database of its own. */
  rounds(point: string, count: number, play: (round: Round) => Promise<void>): Violations;
  /** The same, where a server can serve one round at a time only. */
  roundsByServer(point: string, count: number, play: (round: Round) => Promise<void>): Violations;
}

export interface Round {
  readonly number: number;
  readonly random: Random;
  readonly server: TestServer;
  readonly url: string;
  /** What chance chose, for the report of a violation. */
  note(what: string): void;
  /** A promise was broken. */
  violation(what: string): void;
}

interface GroundOptions {
  readonly executable: string;
  readonly migrations: string;
  readonly servers: readonly TestServer[];
  readonly options: Options;
}

/** CI gives the suite ten minutes: no round begins behind this. */
const limitMs = 540_000;

export function newGround({ executable, migrations, servers, options }: GroundOptions): Ground {
  const deadlineMs = performance.now() + limitMs;
  const { seed, first, width } = options;

  async function playAll(
    point: string,
    numbers: readonly number[],
    lanes: readonly (readonly number[])[],
    play: (round: Round) => Promise<void>,
  ): Violations {
    const violations: string[] = [];
    let played = 0;
    await Promise.all(
      lanes.map(async (lane) => {
        for (const number of lane) {
          if (performance.now() > deadlineMs) return;
          const server = serverOf(number);
          let where = `${point} ${number}, PostgreSQL ${server.version}`;
          const note = (what: string): void => void (where += `, ${what}`);
          const violation = (what: string): void => void violations.push(`${where}: ${what}`);
          try {
            await using database: TestDatabase = await freshDatabase(server);
            const random = randomOf(`${seed} ${point} ${number}`);
            await play({ number, random, server, url: database.url, note, violation });
          } catch (error) {
            violation(String(error));
          }
          played++;
        }
      }),
    );
    const left = numbers.length - played;
    if (left > 0)
      say(`${point}: ${left} of ${numbers.length} rounds were not run: the time was over`);
    // What a slow machine has time for proves less, and half of it too little.
    if (left > numbers.length / 2) violations.push("most rounds were not run");
    return violations;
  }

  function serverOf(number: number): TestServer {
    return servers[number % servers.length] as TestServer;
  }

  const numbersOf = (rounds: number): readonly number[] =>
    Array.from({ length: rounds }, (_, index) => first + index);

  return {
    options,
    executable,
    migrations,
    servers,
    start: (url, ...flags) => startRunner({ executable, migrations, url, flags }),
    rounds(point, rounds, play) {
      const numbers = numbersOf(rounds);
      const lanes = Array.from({ length: width }, (_, lane) =>
        numbers.filter((_number, index) => index % width === lane),
      );
      return playAll(point, numbers, lanes, play);
    },
    roundsByServer(point, rounds, play) {
      const numbers = numbersOf(rounds);
      const lanes = servers.map((server) =>
        numbers.filter((number) => serverOf(number) === server),
      );
      return playAll(point, numbers, lanes, play);
    },
  };
}

/** One clean `up`, and what the database has to hold behind it. */
export async function recover(ground: Ground, round: Round): Promise<void> {
  const ended = await ground.start(round.url).ended;
  if (ended.exitCode !== 0)
    round.violation(`the clean up ended with ${ended.exitCode}\n${ended.output}`);
  for (const line of await differences(round.url, complete)) round.violation(line);
}

/** What a run says is applied is in the tracker, and it says nothing twice. */
export function compareSaid(round: Round, ended: Ended, applied: readonly string[]): void {
  const said = saidApplied(ended.said);
  const wrong = said.filter(
    (version, at) => !applied.includes(version) || said.indexOf(version) < at,
  );
  if (wrong.length > 0)
    round.violation(
      `said to be applied: ${wrong.join(", ")}; in the tracker: ${applied.join(", ")}`,
    );
  if (ended.exitCode === 0 && applied.length < count)
    round.violation(`exit 0 with ${applied.length} of ${count} applied`);
}

export interface Usual {
  readonly runMs: number;
  readonly lines: number;
}

export interface Moment {
  /** It comes so long after the runner has said so many lines. */
  readonly lines: number;
  readonly thenMs: number;
  readonly text: string;
}

/**
 * Half of the moments are spread over the time that a run takes, half over what it says: those meet
 * its work also where the machine is busier than it was when that time was measured.
 */
export function momentOf(random: Random, { runMs, lines }: Usual): Moment {
  const line = random.chance(0.5) ? 0 : 1 + random.integer(lines - 1);
  const thenMs = line === 0 ? random.below(1.05) * runMs : (random.below(1) * runMs) / 8;
  const text = `${Math.round(thenMs)} ms behind line ${line}`;
  return { lines: line, thenMs, text };
}

/** A run that nobody disturbs, with as many beside it as there will be. */
export async function measure(ground: Ground): Promise<Usual> {
  const { servers, options } = ground;
  const runs = await Promise.all(
    Array.from({ length: options.width }, async (_, index) => {
      await using database = await freshDatabase(servers[index % servers.length] as TestServer);
      const ended = await ground.start(database.url).ended;
      const found = await differences(database.url, complete);
      if (ended.exitCode !== 0 || found.length > 0)
        throw new Error(`undisturbed: exit ${ended.exitCode}\n${ended.output}${found.join("\n")}`);
      return { runMs: ended.elapsedMs, lines: ended.said.length };
    }),
  );
  const sorted = runs.toSorted((one, other) => one.runMs - other.runMs);
  return sorted[Math.floor(sorted.length / 2)] as Usual;
}
