import { setTimeout as sleep } from "node:timers/promises";
import { compareSaid, type Point } from "./ground.ts";
import { saidApplied } from "./runner.ts";
import { complete } from "./set.ts";
import { differences, progressOf } from "./state.ts";

const runners = 12;

export const races: Point = {
  name: "races",
  title: `rounds of ${runners} runners at once`,
  rounds: 20,
  async run(ground, rounds) {
    const logged = ground.servers.map((server) => server.log().length);
    let waited = 0;
    const violations = await ground.roundsByServer("races", rounds, async (round) => {
      const { random, url } = round;
      const delays = Array.from({ length: runners }, () => random.below(300));
      const all = await Promise.all(
        delays.map(async (delayMs) => {
          await sleep(delayMs);
          return ground.start(url).ended;
        }),
      );
      const { applied } = await progressOf(url);
      for (const ended of all) {
        if (ended.exitCode !== 0)
          round.violation(`a runner ended with ${ended.exitCode}\n${ended.output}`);
        compareSaid(round, ended, applied);
        if (ended.said.some(({ event }) => event === "waiting-for-lock")) waited++;
      }
      const said = all.flatMap((ended) => saidApplied(ended.said)).toSorted();
      if (said.join() !== complete.applied.toSorted().join())
        round.violation(`said to be applied by all together: ${said.join(", ")}`);
      for (const line of await differences(url, complete)) round.violation(line);
    });
    const deadlocks = ground.servers.filter((server, index) =>
      server.log().slice(logged[index]).includes("deadlock detected"),
    );
    return {
      counts: `${rounds * runners} runs, ${waited} of them waited for the lock; ${deadlocks.length} servers saw a deadlock`,
      violations: [
        ...violations,
        ...deadlocks.map((server) => `PostgreSQL ${server.version} has seen a deadlock`),
        ...(waited > 0 ? [] : ["no runner had to wait for another"]),
      ],
    };
  },
};
