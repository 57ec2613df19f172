/**
 * `bun run fuzz`: a hundred thousand bodies against splitter and transaction control. The seed is
 * printed; `bun run fuzz --seed N` makes the same bodies again.
 */
import { parseArgs } from "node:util";
import { say } from "../support/say.ts";
import { stopServers } from "../support/servers.ts";
import { suite } from "../support/suite.ts";
import { fuzz } from "./fuzz.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    cases: { type: "string", default: "100000" },
    sample: { type: "string", default: "3000" },
  },
});
const [seed, cases, sample] = [Number(values.seed), Number(values.cases), Number(values.sample)];

const { check, end } = suite();
say(`seed ${seed}, ${cases} cases, ${sample} of them on real servers`);
let made = 0;
try {
  for await (const { title, cases: count, failure, said } of fuzz({ seed, cases, sample })) {
    if (!title.includes("on PostgreSQL")) made += count;
    await check(title, () => {
      if (failure !== undefined) throw new Error(failure);
      return said;
    });
  }
  await check("as many bodies were made as were asked for", () => {
    if (made < cases * 0.98) throw new Error(`${made} of ${cases}`);
    return `${made}`;
  });
} finally {
  await stopServers();
}
end();
