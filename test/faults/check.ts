/**
 * `bun run faults`: what is promised holds where runners and servers are killed, where many run at
 * once, where the connection is cut, behind poolers, and for bodies that chance has made. Real
 * servers, the built executable, at most ten minutes.
 *
 *     bun run faults [--seed N] [--only kills,cuts] [--rounds N] [--first N] [--width N]
 *
 * Each choice that is left to chance follows from the seed, the point and the number of the round,
 * so that a round can be repeated alone. LACUNA_EXECUTABLE names one that is there already.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildExecutable } from "../cli/executable.ts";
import { folderOf } from "../support/folders.ts";
import { say } from "../support/say.ts";
import { majors, startServer, stopServers } from "../support/servers.ts";
import { suite as newSuite } from "../support/suite.ts";
import { fuzzing } from "../fuzz/fuzzing.ts";
import { convoys } from "./convoys.ts";
import { crashes } from "./crashes.ts";
import { cuts } from "./cuts.ts";
import { newGround, type Point } from "./ground.ts";
import { kills } from "./kills.ts";
import { optionsOf } from "./options.ts";
import { poolers } from "./pooler.ts";
import { postmasters } from "./postmasters.ts";
import { races } from "./races.ts";
import { randomOf } from "./random.ts";
import { files } from "./set.ts";
import { waiting } from "./waiting.ts";

// The longest last: where the time is over, rounds of it are left.
const points: readonly Point[] = [waiting, races, convoys, crashes, postmasters, cuts, kills];
const options = optionsOf(process.argv.slice(2), [
  ...points.map((point) => point.name),
  "poolers",
  "fuzz",
]);
const suite = newSuite();
const { check } = suite;
const temporary = mkdtempSync(join(tmpdir(), "lacuna-faults-"));
try {
  using folder = folderOf(files);
  say(`seed ${options.seed}`);
  const executable = process.env["LACUNA_EXECUTABLE"] ?? buildExecutable(temporary, "--bare");
  // A server that is killed leaves what it wrote to the system, flushed to a disk or not.
  const settings = { log_min_messages: "error" };
  const servers = await Promise.all(majors.map((major) => startServer(major, { settings })));
  const ground = newGround({ executable, migrations: folder.path, servers, options });
  if (options.only.includes("poolers")) await poolers(suite, executable);
  if (options.only.includes("fuzz")) {
    // A few are no text, and are left out.
    await fuzzing(suite, {
      seed: randomOf(options.seed).integer(2 ** 31),
      cases: 110_000,
      sample: 3000,
    });
  }
  for (const point of points) {
    if (!options.only.includes(point.name)) continue;
    const rounds = options.rounds ?? point.rounds;
    await check(`${point.name}: ${rounds} ${point.title}`, async () => {
      const { counts, violations } = await point.run(ground, rounds);
      const said = `${counts}; ${violations.length} violations`;
      if (violations.length === 0) return said;
      const again = `bun run faults --seed ${options.seed} --only ${point.name} --rounds 1 --first ROUND`;
      throw new Error([said, ...violations, `again: ${again}`].join("\n"));
    });
  }
} finally {
  await stopServers();
  rmSync(temporary, { recursive: true, force: true });
}
suite.end();
