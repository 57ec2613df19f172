/** What a ROLLBACK leaves as it became: measured before and after, and told. */
export interface Kept {
  /** Last value by the sequence's name. */
  readonly sequences: ReadonlyMap<string, string>;
  /** Page and row counts of tables and indexes by name: what the planner goes by. */
  readonly counts: ReadonlyMap<string, string>;
}

export interface KeptChange {
  readonly kind: "sequence" | "counts";
  readonly name: string;
  readonly was: string;
  readonly is: string;
}

/** What is not as it was. Others who work on the database at the same time show here too. */
export function changesOf(before: Kept, after: Kept): readonly KeptChange[] {
  const compare = (kind: KeptChange["kind"], field: keyof Kept): KeptChange[] =>
    [...after[field]].flatMap(([name, is]): KeptChange[] => {
      const was = before[field].get(name);
      return was === undefined || was === is ? [] : [{ kind, name, was, is }];
    });
  return [...compare("sequence", "sequences"), ...compare("counts", "counts")];
}
