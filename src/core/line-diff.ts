/** Two texts, line by line: what stands in both, and what in one of them alone. */
export interface DiffLine {
  readonly in: "both" | "left" | "right";
  readonly text: string;
}

/** The shortest way from one to the other, by the longest common subsequence of their lines. */
export function lineDiff(left: string, right: string): readonly DiffLine[] {
  const [lefts, rights] = [left.split("\n"), right.split("\n")];
  const shorter = Math.min(lefts.length, rights.length);
  let head = 0;
  while (head < shorter && lefts[head] === rights[head]) head++;
  let tail = 0;
  while (tail < shorter - head && lefts.at(-1 - tail) === rights.at(-1 - tail)) tail++;
  const both = (text: string): DiffLine => ({ in: "both", text });
  return [
    ...lefts.slice(0, head).map(both),
    ...middle(lefts.slice(head, lefts.length - tail), rights.slice(head, rights.length - tail)),
    ...lefts.slice(lefts.length - tail).map(both),
  ];
}

/** Only what differs, with as many lines around it; undefined stands for those that are left out. */
export function withContext(
  lines: readonly DiffLine[],
  around: number,
): readonly (DiffLine | undefined)[] {
  const isNear = (index: number): boolean =>
    lines.slice(Math.max(index - around, 0), index + around + 1).some((line) => line.in !== "both");
  const kept = lines.map((line, index) => (isNear(index) ? line : undefined));
  return kept.filter(
    (line, index) => line !== undefined || kept[index - 1] !== undefined || index === 0,
  );
}

function middle(lefts: readonly string[], rights: readonly string[]): readonly DiffLine[] {
  const removed = lefts.map((text): DiffLine => ({ in: "left", text }));
  const added = rights.map((text): DiffLine => ({ in: "right", text }));
  if (lefts.length * rights.length > largestTable) return [...removed, ...added];

  // lengths[i][j]: how many lines of lefts from i and of rights from j are common.
  const lengths = Array.from(
    { length: lefts.length + 1 },
    () => new Uint32Array(rights.length + 1),
  );
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = lefts.length - 1; i >= 0; i--) {
    const row = lengths[i] as Uint32Array;
    for (let j = rights.length - 1; j >= 0; j--) {
      row[j] = lefts[i] === rights[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < lefts.length && j < rights.length) {
    if (lefts[i] === rights[j]) {
      lines.push({ in: "both", text: lefts[i++] ?? "" });
      j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) lines.push(removed[i++] as DiffLine);
    else lines.push(added[j++] as DiffLine);
  }
  return [...lines, ...removed.slice(i), ...added.slice(j)];
}

/** A table of more cells takes longer to fill than anybody reads. */
const largestTable = 4_000_000;
