// Fifty fresh, migrated databases one after the other: `fifty.mjs close` or `fifty.mjs using`.
import { migratedPglite } from "lacuna/testing";

const migrations = new URL("./migrations/", import.meta.url);
const times = [];
const rss = [];
const note = async (startMs, pglite) => {
  const { rows } = await pglite.query("select count(*)::int as n from applied_migrations");
  if (rows[0].n !== 3) throw new Error(`${rows[0].n} migrations are there`);
  times.push(performance.now() - startMs);
};
for (let index = 0; index < 51; index++) {
  const startMs = performance.now();
  const pglite = await migratedPglite({ migrations });
  if (process.argv[2] === "close") {
    await note(startMs, pglite);
    await pglite.close();
  } else {
    try {
      await note(startMs, pglite);
    } finally {
      // What `await using` does, which Node 20 cannot parse.
      await pglite[Symbol.asyncDispose]();
    }
  }
  rss.push(process.memoryUsage().rss / 2 ** 20);
}
const [first, ...others] = times;
const sorted = others.toSorted((a, b) => a - b);
console.log(
  JSON.stringify({
    firstMs: Math.round(first),
    medianMs: Math.round(sorted[25]),
    under500ms: others.filter((one) => one < 500).length,
    slowestMs: Math.round(sorted.at(-1)),
    // The first copies fill the heap; what counts is whether the later ones still add to it.
    tenthMb: Math.round(Math.max(...rss.slice(1, 11))),
    lastMb: Math.round(Math.max(...rss.slice(-10))),
  }),
);
