import { expect, test } from "bun:test";
import { lineDiff, withContext } from "../../src/core/line-diff.ts";

const marks = { both: " ", left: "-", right: "+" };

function shown(left: string, right: string): string {
  return lineDiff(left, right)
    .map((line) => `${marks[line.in]}${line.text}`)
    .join("|");
}

test.each([
  ["a", "a", " a"],
  ["a", "b", "-a|+b"],
  ["", "a", "-|+a"],
  ["a\nb\nc", "a\nc", " a|-b| c"],
  ["a\nc", "a\nb\nc", " a|+b| c"],
  ["a\nb\nc\nd", "a\nx\nc\ny\nd", " a|-b|+x| c|+y| d"],
  ["a\na\na", "a\na", " a| a|-a"],
  ["x\ny", "y\nx", "-x| y|+x"],
])("%j against %j", (left, right, diff) => {
  expect(shown(left, right)).toBe(diff);
});

test("only the lines around a difference are shown", () => {
  const left = "a b c d e f g h".replaceAll(" ", "\n");
  const near = withContext(lineDiff(left, left.replace("d", "D")), 1);
  expect(near.map((line) => (line === undefined ? "…" : marks[line.in] + line.text))).toEqual([
    "…",
    " c",
    "-d",
    "+D",
    " e",
    "…",
  ]);
});

test("long texts without a line in common take no time", () => {
  const lines = (word: string): string =>
    Array.from({ length: 20_000 }, (_, index) => word + index).join("\n");
  expect(lineDiff(lines("a"), lines("b"))).toHaveLength(40_000);
});
