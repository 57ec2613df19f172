import { createHash } from "node:crypto";

export interface Random {
  /** From 0 up to, and without, the limit. */
  below(limit: number): number;
  /** The same, a whole number. */
  integer(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** The same seed gives the same choices: each is SHA-256 of the seed and of how many came before. */
export function randomOf(seed: string): Random {
  let count = 0;
  const next = (): number =>
    createHash("sha256").update(`${seed} ${count++}`).digest().readUInt32BE(0) / 2 ** 32;
  const integer = (limit: number): number => Math.floor(next() * limit);
  return {
    below: (limit) => next() * limit,
    integer,
    chance: (probability) => next() < probability,
    pick: (choices) => choices[integer(choices.length)] as (typeof choices)[number],
  };
}
