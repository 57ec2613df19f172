import { setTimeout as sleep } from "node:timers/promises";
import { compareSaid, measure, momentOf, type Point, recover } from "./ground.ts";
import { count } from "./set.ts";
import { progressOf } from "./state.ts";

export const kills: Point = {
  name: "kills",
  title: "runners killed by SIGKILL",
  rounds: 300,
  async run(ground, rounds) {
    const usual = await measure(ground);
    const counts = { before: 0, during: 0, after: 0, started: 0, unfinished: 0 };
    const violations = await ground.rounds("kills", rounds, async (round) => {
      const moment = momentOf(round.random, usual);
      const runner = ground.start(round.url);
      await runner.saidLines(moment.lines);
      await sleep(moment.thenMs);
      runner.kill();
      const ended = await runner.ended;
      const { applied, isStarted, isInvalid } = await progressOf(round.url);
      round.note(`killed ${moment.text} with ${applied.length} applied`);
      if (applied.length === count) counts.after++;
      else if (applied.length === 0) counts.before++;
      else counts.during++;
      if (isStarted) counts.started++;
      if (isInvalid) counts.unfinished++;
      compareSaid(round, ended, applied);
      await recover(ground, round);
    });
    const { before, during, after, started, unfinished } = counts;
    return {
      counts:
        `killed before the first row ${before}, between ${during}, behind the last ${after}; ` +
        `in a statement that cannot run in a transaction ${started}, with an index unfinished ${unfinished}; ` +
        `a run takes ${Math.round(usual.runMs)} ms`,
      violations: during > 0 ? violations : [...violations, "no kill came in the middle"],
    };
  },
};
