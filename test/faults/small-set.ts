/**
 * Many small migrations, of which some are on their way at any time, and what a database holds of them:
 * a prefix, each with its whole effect.
 */
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
  `select coalesce(json_agg(${column} order by ${column}), '[]')::text as list from ${from}`;

export async function heldOfSmall(url: string): Promise<Held> {
  const [there] = await ask(
    url,
    "select (to_regclass('applied_migrations') is not null)::text as tracker, (to_regclass('effects') is not null)::text as effects",
  );
  const read = async (isThere: unknown, query: string): Promise<readonly number[]> =>
    isThere === "true"
      ? (JSON.parse((await ask(url, query))[0]?.["list"] ?? "[]") as number[])
      : [];
  const applied = await read(there?.["tracker"], list("version::int", "applied_migrations"));
  const effects = await read(there?.["effects"], list("version", "effects"));
  const tables = await read(
    "true",
    list(
      "n",
      String.raw`(select substr(relname, 3)::int as n from pg_class where relname ~ '^t_\d+$') t`,
    ),
  );
  const prefix = JSON.stringify(Array.from({ length: applied.length }, (_, at) => at + 1));
  const wrong = Object.entries({ applied, effects, tables }).flatMap(([what, found]) =>
    JSON.stringify(found) === prefix ? [] : [`${what}: ${found.join(" ")}`],
  );
  return { applied: applied.length, wrong };
}
