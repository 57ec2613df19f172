import { setTimeout as sleep } from "node:timers/promises";
import { compareSaid, measure, momentOf, type Point, recover } from "./ground.ts";
import { saidApplied } from "./runner.ts";
import { count } from "./set.ts";
import { progressOf } from "./state.ts";

/** What a run may end with whose server went away. */
export const honest: ReadonlySet<number | undefined> = new Set([0, 1, 5, 6]);

export const postmasters: Point = {
  name: "postmasters",
  title: "postmasters killed by SIGKILL, and started again",
  rounds: 50,
  async run(ground, rounds) {
    const usual = await measure(ground);
    const counts = { before: 0, during: 0, after: 0 };
    const codes = new Map<number | undefined, number>();
    const violations = await ground.roundsByServer("postmasters", rounds, async (round) => {
      const { random, server, url } = round;
      const moment = momentOf(random, usual);
      const downMs = random.below(300);
      const runner = ground.start(url, "--connect-timeout", "20s");
      await runner.saidLines(moment.lines);
      await sleep(moment.thenMs);
      const said = saidApplied(runner.said()).length;
      process.kill(server.postmasterPid, "SIGKILL");
      // It is dead already: this waits until that is known.
      await server.stop("immediate");
      await sleep(downMs);
      await server.start();
      round.note(`killed ${moment.text} with ${said} applied`);
      if (said === count) counts.after++;
      else if (said === 0) counts.before++;
      else counts.during++;

      const ended = await runner.ended;
      codes.set(ended.exitCode, (codes.get(ended.exitCode) ?? 0) + 1);
      if (!honest.has(ended.exitCode))
        round.violation(`the run ended with ${ended.exitCode}\n${ended.output}`);
      compareSaid(round, ended, (await progressOf(url)).applied);
      await recover(ground, round);
    });
    const { before, during, after } = counts;
    return {
      counts:
        `killed before the first was said to be applied ${before}, between ${during}, behind the last ${after}; ` +
        `the runs ended with ${codesText(codes)}`,
      violations: during > 0 ? violations : [...violations, "no kill came in the middle"],
    };
  },
};

export function codesText(codes: ReadonlyMap<number | undefined, number>): string {
  return [...codes]
    .toSorted(([one], [other]) => (one ?? 0) - (other ?? 0))
    .map(([code, times]) => `exit ${code ?? "by a signal"}: ${times}`)
    .join(", ");
}
