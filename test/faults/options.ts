import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";

export interface Options {
  readonly seed: string;
  /** The points that are run, by name. */
  readonly only: readonly string[];
  /** How many rounds each has, instead of its own number. */
  readonly rounds: number | undefined;
  /** The number of the first round. */
  readonly first: number;
  /** How many rounds run at the same time: they mostly wait. */
  readonly width: number;
}

/** @throws Error for what is not known: a point that is misspelt must not pass as none. */
export function optionsOf(argv: readonly string[], names: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: { seed: text, only: text, rounds: text, first: text, width: text },
  });
  const only = values.only?.split(",") ?? names;
  const stranger = only.find((name) => !names.includes(name));
  if (stranger !== undefined) throw new Error(`${stranger} is none of ${names.join(", ")}`);
  return {
    seed: values.seed ?? String(randomInt(1_000_000_000)),
    only,
    rounds: values.rounds === undefined ? undefined : countOf("rounds", values.rounds),
    first: countOf("first", values.first ?? "1"),
    width: countOf("width", values.width ?? "8"),
  };
}

function countOf(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} takes a number from 1, not ${text}`);
  return Number(text);
}
