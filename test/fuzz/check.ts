/**
 * `bun run fuzz`: a hundred thousand bodies against splitter and transaction control. The seed is
 * printed; `bun run fuzz --seed N` makes the same bodies again.
 */
import { parseArgs } from "node:util";
import { stopServers } from "../support/servers.ts";
import { suite as newSuite } from "../support/suite.ts";
import { fuzzing } from "./fuzzing.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    cases: { type: "string", default: "100000" },
    sample: { type: "string", default: "3000" },
  },
});
const [seed, cases, sample] = [Number(values.seed), Number(values.cases), Number(values.sample)];

const suite = newSuite();
try {
  await fuzzing(suite, { seed, cases, sample });
} finally {
  await stopServers();
}
suite.end();
