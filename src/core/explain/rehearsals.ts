import { formatDuration } from "../duration.ts";
import type { RehearsalProblem } from "../problem.ts";
import { type Explanations, listed } from "./explanation.ts";

export const rehearsals: Explanations<RehearsalProblem> = {
  "verify-found": (problem) => ({
    title:
      problem.failed > 0
        ? `${problem.failed} of ${problem.of} pending migrations failed`
        : `${problem.notVerified} of ${problem.of} pending migrations could not be verified (--strict)`,
    hint:
      problem.failed > 0
        ? "fix the files and run `lacuna verify` again; nothing of this has reached a database that is used"
        : "what is said behind each of them verifies it; without --strict it is a note",
    exitCode: 7,
  }),
  "time-limit": (problem) => ({
    title: `The time limit of ${formatDuration(problem.limitMs)} was reached${problem.during === undefined ? "" : ` in ${problem.during}`}`,
    hint: "everything was rolled back; raise it with --time-limit, or verify on a database that nobody else uses",
    exitCode: 7,
  }),
  stuck: (problem) => ({
    title: `${problem.id} is stuck: ${problem.message}`,
    hint: "is there an endless loop in it? if it only takes long, raise --stuck-after",
    exitCode: 7,
  }),
  "other-clients": (problem) => ({
    title: `Cannot verify on ${problem.database}: others are connected (${listed(problem.clients)})`,
    hint: "a rehearsal holds the migrations' locks until its end; give it a copy that nobody uses, or --shared, which ends after --time-limit (30s)",
    exitCode: 2,
  }),
  "rehearsal-broken": (problem) => ({
    title: `The rehearsal's transaction ended${problem.during === undefined ? "" : ` in ${problem.during}`}: what ran before it may have been committed`,
    hint: "look at the database, and please report the file's statements: they should have been refused",
    exitCode: 1,
  }),
  "no-scratch": (problem) => ({
    title: `Cannot make a scratch database: ${problem.message}`,
    hint: "the role needs CREATEDB; without --scratch `lacuna verify` needs no database of its own",
    exitCode: 2,
  }),
  "scratch-left": (problem) => ({
    title: `Cannot drop the scratch database ${problem.name}: ${problem.message}`,
    hint: "the next `lacuna verify --scratch` on this server tries again; what belongs to a subscription has to be dropped by hand",
    exitCode: 2,
  }),
};
