import type { DirectiveFault } from "../directives.ts";
import type { FileProblem } from "../file-problem.ts";
import type { RefusedReason } from "../statements.ts";
import { type Explanations, listed, quoted } from "./explanation.ts";

export const files = (): Explanations<FileProblem> => ({
  "bad-name": (problem) =>
    problem.reason === "not a file"
      ? {
          title: `Cannot read ${quoted(problem.path)}: it is not a file`,
          hint: "a name that ends in .sql must be a file, or a link to one",
          exitCode: 2,
        }
      : {
          title: `Cannot tell what ${quoted(problem.path)} is: its name fits no pattern`,
          hint: "names are 007_add_users.up.sql, 007_add_users.down.sql or 007_add_users.sql; rename the file or give it another ending",
          exitCode: 2,
        },
  duplicate: (problem) => ({
    title: `Two migrations have version ${problem.version}: ${listed(problem.paths.map(quoted))}`,
    hint: "give the one that is applied nowhere yet another number; leading zeros do not count",
    exitCode: 4,
  }),
  "too-large": (problem) => ({
    title: `Cannot use ${quoted(problem.path)}: ${Math.round(problem.bytes / 1_048_576)} MB is more than 256 MB`,
    hint: "load data of this size with COPY from a program of its own",
    exitCode: 2,
  }),
  "not-text": (problem) => ({
    title: `Cannot run ${quoted(problem.path)}: it holds ${problem.found}`,
    hint: "PostgreSQL reads UTF-8 text; save the file as UTF-8",
    exitCode: 2,
  }),
  "open-quote": (problem) => ({
    title: `Cannot run ${quoted(problem.path)}: a ${problem.what} is not closed`,
    hint: "it begins at the place that is shown; everything behind it would be swallowed",
    exitCode: 2,
  }),
  "bad-directive": (problem) => ({
    title: `Cannot accept the directive \`-- lacuna: ${problem.directive}\`: ${faultWords[problem.fault]}`,
    hint: "directives are no-transaction, rerunnable, lock-timeout 10s, statement-timeout 5min: once each, in comment lines before the first statement",
    exitCode: 2,
  }),
  "refused-statement": (problem) => ({
    title: `Cannot run ${quoted(problem.path)}: ${problem.what} is not allowed in a migration`,
    hint: refusedHint[problem.reason],
    exitCode: 2,
  }),
  "needs-no-transaction": (problem) => ({
    title: `Cannot run ${quoted(problem.path)} in a transaction: ${problem.what} stands beside other statements`,
    hint: "move it to a file of its own, or write `-- lacuna: no-transaction` above the first statement",
    exitCode: 2,
  }),
  "not-resumable": (problem) => ({
    title: `Cannot run ${quoted(problem.path)} statement by statement: ${problem.what} would be lost if it were resumed`,
    hint: "a `no-transaction` file may be resumed by another session; name what it makes, and move session state to a transactional file",
    exitCode: 2,
  }),
});

const refusedHint: Readonly<Record<RefusedReason, string>> = {
  "transaction control":
    "lacuna runs each file in one transaction of its own; take the statement out (one BEGIN … COMMIT around the whole file is understood), or catch errors in a DO block with EXCEPTION",
  "copy stream": "there is no stream to copy from or to; write INSERT statements",
  "session reset": "it would take away lacuna's lock and settings; reset single settings by name",
  "lacuna setting": "settings named lacuna.* are how lacuna proves that a migration was recorded",
};

const faultWords: Readonly<Record<DirectiveFault, string>> = {
  unknown: "there is none of this name",
  repeated: "it is there twice",
  late: "it stands behind the first statement",
  "bad value": "its value cannot be read",
  "without no-transaction": "it means nothing without no-transaction",
};
