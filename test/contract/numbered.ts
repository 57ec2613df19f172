/**
 * Many small migrations, each of which draws from a sequence of its own: a rollback does not take that
 * back, so it tells whether a body was begun at all.
 */
import { expect } from "bun:test";
import type { Files } from "../support/worlds.ts";
import type { Ground, Ran } from "./ground.ts";

/** Messages on their way: eight flights, and what prepares the session in front of the first. */
export const mostAhead = 9;

export const count = 20;

/** What the others stand on, alone in a run of its own. */
export const base: Files = {
  "0_base.up.sql":
    "create table effects (version int);\n" +
    `do $$ begin for n in 1..${count} loop execute format('create sequence ran_%s', n); end loop; end $$;\n` +
    "create table parents (id int primary key);\n" +
    "create table children (parent int references parents deferrable initially deferred)",
};

export function small(version: number): string {
  return (
    `select nextval('ran_${version}');\n` +
    `do $$ begin raise notice 'of ${version}'; end $$;\n` +
    `insert into effects values (${version})`
  );
}

/** @param others In the place of one of them. */
export function numbered(others: Files = {}, last: number = count): Files {
  const all = Array.from({ length: last }, (_, index) => [
    `${index + 1}_x.up.sql`,
    small(index + 1),
  ]);
  return { ...base, ...Object.fromEntries(all), ...others };
}

const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** The versions that took effect, and how often each body was begun. */
export async function expectDone(
  ground: Ground,
  last: number,
  begun: Readonly<Record<number, number>> = {},
): Promise<void> {
  expect(await ground.versions()).toEqual(numbers(0, last).map(String));
  expect(
    await ground.value(
      "select coalesce(string_agg(version::text, ' ' order by version), '') from effects",
    ),
  ).toBe(numbers(1, last).join(" "));
  const wanted = { ...Object.fromEntries(numbers(1, last).map((one) => [one, 1])), ...begun };
  const ran = await ground.value(
    "select json_object_agg(substr(sequencename, 5), last_value) from pg_sequences where last_value is not null",
  );
  expect(JSON.parse(ran ?? "{}")).toEqual(wanted);
}

/** `applied` in order, each with its own notices in front, and nothing of another. */
export function expectSaid({ world }: Ran, from: number, to: number): void {
  const said = world.events.flatMap((event) => {
    if (event.kind === "notice") return [`${event.migration?.version} ${event.notice.message}`];
    return event.kind === "applied" ? [event.migration.version] : [];
  });
  expect(said).toEqual(numbers(from, to).flatMap((one) => [`${one} of ${one}`, String(one)]));
}
