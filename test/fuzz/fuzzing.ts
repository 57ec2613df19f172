import { say } from "../support/say.ts";
import type { Suite } from "../support/suite.ts";
import { fuzz, type FuzzOptions } from "./fuzz.ts";

/** The whole run, a line a property. */
export async function fuzzing({ check }: Suite, options: FuzzOptions): Promise<void> {
  const { seed, cases, sample } = options;
  say(`seed ${seed}, ${cases} bodies, ${sample} of them on real servers`);
  let made = 0;
  for await (const { title, cases: count, failure, said } of fuzz(options)) {
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
}
