import type { TrackerProblem } from "../problem.ts";
import { type Explanations, listed } from "./explanation.ts";

export const trackers = (): Explanations<TrackerProblem> => ({
  "bad-tracker": (problem) => ({
    title: `Cannot use ${problem.tracker} as the tracker: ${problem.message}`,
    hint: "it needs the columns version (an integer type or numeric), name text, applied_at timestamptz, checksum text; --tracker schema.table names another table",
    exitCode: 2,
  }),
  "bad-tracker-row": (problem) => ({
    title: `Cannot read ${problem.tracker}: ${problem.message}`,
    hint: "somebody edited the table by hand; put the row right with psql",
    exitCode: 4,
  }),
  "legacy-dirty": (problem) => ({
    title: `golang-migrate's tracker ${problem.legacy} is dirty at version ${problem.version}: that migration failed, and nobody knows how far it came`,
    hint:
      `look at what version ${problem.version} left behind and put it right by hand; then run \`migrate force V\` ` +
      "with the last version that is wholly there, and `lacuna up` again; nothing was written",
    exitCode: 4,
  }),
  "legacy-version-unknown": (problem) => ({
    title: `golang-migrate's tracker ${problem.legacy} stands at version ${problem.version}, which is not in the set`,
    hint: "is this image older than the database, or the folder another one? migrate with the image that has this version; nothing was written",
    exitCode: 4,
  }),
  "legacy-rows": (problem) => ({
    title: `golang-migrate's tracker ${problem.legacy} has ${problem.rows} rows, and golang-migrate keeps one`,
    hint: "delete the rows that are not the present version; nothing was written",
    exitCode: 4,
  }),
  "legacy-conflict": (problem) => ({
    title: `Several trackers of golang-migrate disagree: ${listed(problem.found.map((one) => `${one.legacy} stands at ${one.version}`))}`,
    hint: "say which history this database has with `lacuna mark applied --up-to V`; nothing was written",
    exitCode: 4,
  }),
  "legacy-moved": (problem) => ({
    title: `golang-migrate's tracker ${problem.legacy} moved from version ${problem.was} to ${problem.is} after lacuna took it over: an old runner is still at work`,
    hint: `stop the old runner; see whether version ${problem.is} was applied by it (then \`lacuna mark applied ${problem.is}\`), and drop ${problem.legacy} when it is no longer needed`,
    exitCode: 4,
  }),
  "not-a-new-database": (problem) => ({
    title: `This is not a new database: its tracker is absent or empty, but it holds ${somethingOf(problem)}`,
    hint: "was it migrated before? record that with `lacuna mark applied --up-to V`; is the schema new here all the same? `lacuna up --new-here`; is it the wrong database? check the URL",
    exitCode: 4,
  }),
});

function somethingOf({ count, examples }: { count: number; examples: readonly string[] }): string {
  const others = count > examples.length ? ", …" : "";
  return `${count} ${count === 1 ? "object" : "objects"} already (${listed(examples)}${others})`;
}
