import { formatDuration } from "../duration.ts";
import type { RehearsalProblem } from "../rehearsal-problem.ts";
import { type Explanations, listed } from "./explanation.ts";

export const rehearsals = (): Explanations<RehearsalProblem> => ({
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
  "bad-applied-from": ({ source, message }) => ({
    title: `Cannot tell from ${source} what is applied: ${message}`,
    hint: "--applied-from takes a database's URL, a file that `lacuna status --json` wrote, or git:REF",
    exitCode: 2,
  }),
  "base-failed": ({ id }) => ({
    title: `${id} is applied, and fails in an empty database behind what was applied before it`,
    hint: "nothing can be verified behind it: was its file, or one before it, edited after it was applied?",
    exitCode: 7,
  }),
  "order-found": ({ findings, gaps, next, found }) => ({
    title: {
      different: `${comesLate(gaps)}, and not to the same end as on a new database: ${findings} ${findings === 1 ? "difference" : "differences"}`,
      "not compared": `${comesLate(gaps)}, and could not be compared with a new database (--strict)`,
      caveats: `${comesLate(gaps)}, and what is applied is not what the files say today (--strict)`,
    }[found],
    hint: {
      different: `give it a number above what is applied (\`lacuna renumber ${gaps[0] ?? "V"} ${next}\`), so that every database runs it last; or add a migration that makes both alike`,
      "not compared": "what is said above compares it; without --strict it is a note",
      caveats: "the comparison is as true as the files; without --strict that is a note",
    }[found],
    exitCode: 7,
  }),
  "drift-found": ({ findings }) => ({
    title: `The database is not what its applied migrations make: ${findings} ${findings === 1 ? "object differs" : "objects differ"}`,
    hint: "what is to stay belongs into a migration, the rest is taken back by hand; --ignore 'kind name' leaves out what is there on purpose",
    exitCode: 7,
  }),
  "being-migrated": ({ database }) => ({
    title: `Cannot read ${database} while it is being migrated: its tracker changed meanwhile`,
    hint: "try again when `lacuna up` has ended",
    exitCode: 5,
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
});

function comesLate(gaps: readonly string[]): string {
  return `${listed(gaps)} ${gaps.length === 1 ? "comes" : "come"} late`;
}
