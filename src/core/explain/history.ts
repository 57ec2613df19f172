import type { HistoryProblem } from "../problem.ts";
import { type Explanations, quoted } from "./explanation.ts";

export const history = (): Explanations<HistoryProblem> => ({
  renamed: (problem) => ({
    title: `Version ${problem.version} is applied as ${quoted(problem.was)}, but its file is named ${quoted(problem.is)}`,
    hint: `is it another migration with the same number? then give it a new number; if only the name was edited, accept it with \`lacuna mark renamed ${problem.version}\``,
    exitCode: 4,
  }),
  renumbered: (problem) => ({
    title: `${problem.id} is pending, but the same file is applied as version ${problem.from}, which is no longer in the set`,
    hint: `it would run a second time; take the old number back, or accept the new one with \`lacuna mark renumbered ${problem.from} ${problem.version}\``,
    exitCode: 4,
  }),
  changed: (problem) => ({
    title: `${quoted(problem.path)} was edited after version ${problem.version} was applied`,
    hint: `take the edit back and write a new migration, or accept it with \`lacuna mark changed ${problem.version}\``,
    exitCode: 4,
  }),
  "unknown-version": (problem) => ({
    title: `Version ${problem.version} (${quoted(problem.name)}) is applied, but it is not in the set (${problem.state})`,
    hint:
      problem.state === "ahead"
        ? "a newer image migrated this database; --strict refuses what `up` otherwise goes on with"
        : `its file was removed; take it back, or forget the version with \`lacuna mark pending ${problem.version}\``,
    exitCode: 4,
  }),
  "renumbered-progress": (problem) => ({
    title: `${problem.id} is pending, but statements of it are done as version ${problem.from}, whose file is gone`,
    hint: `they would run a second time; take the old number back, or forget how far it came with \`lacuna mark pending ${problem.from}\``,
    exitCode: 4,
  }),
  "edited-progress": (problem) => ({
    title: `${quoted(problem.path)} was edited above the statement at which it stopped: statement ${problem.statement} is done in another form`,
    hint: `take the edit back and change later statements only; \`lacuna mark pending ${problem.version}\` forgets the progress, and everything runs again`,
    exitCode: 4,
  }),
  "not-in-sync": (problem) => ({
    title: `The database is not in sync with the set: ${describeCounts(problem.counts)}`,
    hint: "`lacuna status` shows which; `lacuna up` applies what is pending",
    exitCode: 3,
  }),
});

function describeCounts(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return parts.map(([word, count]) => `${count} ${word}`).join(", ");
}
