/**
 * Many small migrations, of which some are on their way at any time, and what a database holds of them:
 * a prefix, each with its whole effect.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Ground, Round } from "./ground.ts";
import { type Ended, saidApplied } from "./runner.ts";
import { ask } from "./state.ts";

export const smallCount = 100;

/** The one that fails where a run is to fail. */
export const failingVersion = 60;

/** Some milliseconds each, so that random moments meet them on their way. */
function small(version: number): string {
  return (
    (version === 1 ? "create table effects (version int not null);\n" : "") +
    `create table t_${version} ();\n` +
    `do $$ begin raise notice 'of ${version}'; end $$;\n` +
    `select pg_sleep(0.00${version % 8});\n` +
    `insert into effects values (${version});\n`
  );
}

export const smallFiles: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: smallCount }, (_, at) => [`${at + 1}_small.sql`, small(at + 1)]),
);

export const smallFilesWithFailure: Readonly<Record<string, string>> = {
  ...smallFiles,
  [`${failingVersion}_small.sql`]: `${small(failingVersion)}select 1 / 0;\n`,
};

export interface Held {
  /** How many are applied: those are the first ones. */
  readonly applied: number;
  /** What is not as it should be: a line each. */
  readonly wrong: readonly string[];
}

const list = (column: string, from: string): string =>
  `(select coalesce(json_agg(${column} order by ${column}), '[]') from ${from})`;

/** All of it as one look saw it. */
export async function heldOfSmall(url: string): Promise<Held> {
  const [there] = await ask(
    url,
    "select to_regclass('applied_migrations')::text as tracker, to_regclass('effects')::text as effects",
  );
  const [row] = await ask(
    url,
    `select json_build_object(
      'applied', ${there?.["tracker"] ? list("version::int", "applied_migrations") : "'[]'::json"},
      'effects', ${there?.["effects"] ? list("version", "effects") : "'[]'::json"},
      'tables', ${list("n", String.raw`(select substr(relname, 3)::int as n from pg_class where relname ~ '^t_\d+$') t`)}
    )::text as held`,
  );
  const held = JSON.parse(row?.["held"] ?? "{}") as Record<string, readonly number[]>;
  const applied = held["applied"]?.length ?? 0;
  const prefix = JSON.stringify(Array.from({ length: applied }, (_, at) => at + 1));
  const wrong = Object.entries(held).flatMap(([what, found]) =>
    JSON.stringify(found) === prefix ? [] : [`${what}: ${found.join(" ")}`],
  );
  return { applied, wrong };
}

/** A backend whose runner is gone goes on with what was sent to it, and holds the lock meanwhile. */
export async function untilNobodyWorks(url: string): Promise<Held> {
  for (;;) {
    const [row] = await ask(
      url,
      "select count(*)::text as locks from pg_locks where locktype = 'advisory' " +
        "and database = (select oid from pg_database where datname = current_database())",
    );
    if (row?.["locks"] === "0") return heldOfSmall(url);
    await sleep(20);
  }
}

/** Each once and in order, and what the end of the run says. */
export function checkSaid(
  round: Round,
  ended: Ended,
  wanted: number | undefined,
  last: number,
): void {
  const said = saidApplied(ended.said).map(Number);
  const isInOrder = said.every((version, at) => version === at + 1);
  if (!isInOrder) round.violation(`said in this order: ${said.join(" ")}`);
  // A run that had ended before it was to be killed has its own code.
  if (wanted === undefined) return;
  if (ended.exitCode !== wanted) round.violation(`exit ${ended.exitCode}\n${ended.output}`);
  if (said.length !== last) round.violation(`said ${said.length} of ${last}`);
}

/** One clean `up`: each effect is there exactly once. */
export async function finish(ground: Ground, round: Round): Promise<void> {
  const ended = await ground.start(round.url).ended;
  if (ended.exitCode !== 0)
    round.violation(`the clean up ended with ${ended.exitCode}\n${ended.output}`);
  const { applied, wrong } = await heldOfSmall(round.url);
  if (applied !== smallCount) round.violation(`${applied} of ${smallCount} in the end`);
  for (const line of wrong) round.violation(`in the end: ${line}`);
}
