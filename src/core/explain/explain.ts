import type { ExitCode, Problem } from "../problem.ts";
import { databases } from "./databases.ts";
import type { Explanation, Explanations } from "./explanation.ts";
import { files } from "./files.ts";
import { history } from "./history.ts";
import { merges } from "./merges.ts";
import { migrations } from "./migrations.ts";
import { rehearsals } from "./rehearsals.ts";
import { readiness } from "./readiness.ts";
import { repositories } from "./repositories.ts";
import { requests } from "./requests.ts";
import { trackers } from "./trackers.ts";

/** Made when the first one is asked for: a run that succeeds needs none of it. */
let explanations: Explanations<Problem> | undefined;

const allExplanations = (): Explanations<Problem> => ({
  ...requests(),
  ...files(),
  ...history(),
  ...trackers(),
  ...databases(),
  ...migrations(),
  ...rehearsals(),
  ...readiness(),
  ...repositories(),
  ...merges(),
});

/** The words, the hint and the exit code of a problem. */
export function explain(problem: Problem): Explanation {
  explanations ??= allExplanations();
  // The table has the function for exactly this problem's code; TypeScript cannot follow that.
  const words = explanations[problem.code] as (problem: Problem) => Explanation;
  return words(problem);
}

/**
 * The exit code of a run. Where several problems meet, the first decides: they are in the order
 * in which they were found, and the first one is what has to be put right first.
 */
export function exitCodeOf(problems: readonly Problem[]): ExitCode {
  const [first] = problems;
  return first === undefined ? 0 : explain(first).exitCode;
}
