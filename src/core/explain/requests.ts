import { releaseName } from "../platform.ts";
import type { RequestProblem } from "../problem.ts";
import type { RenumberFault } from "../renumber.ts";
import { type Explanations, listed, quoted } from "./explanation.ts";

export const requests = (): Explanations<RequestProblem> => ({
  ...executables(),
  usage: (problem) => ({ title: problem.message, hint: problem.hint, exitCode: 2 }),
  "no-migrations": (problem) => ({
    title: `Cannot read the migrations: ${problem.reason}`,
    hint:
      problem.folder === undefined
        ? "name a folder with --migrations DIR; this executable has no migrations inside"
        : `is ${quoted(problem.folder)} the right folder? name another with --migrations DIR`,
    exitCode: 2,
  }),
  "no-database": () => ({
    title: "Cannot tell which database is meant: nothing is set",
    hint: "set DATABASE_URL, or give --database-url postgres://user@host/database (pglite:./folder is an embedded Postgres)",
    exitCode: 2,
  }),
  "no-test-database": () => ({
    title:
      "Cannot tell which test database is meant: none is set, and --require-database asks for one",
    hint: "set TEST_DATABASE_URL, or give --database-url; DATABASE_URL, DATABASE_URL_FILE and PG* are not read here, so that nothing is tried out in production",
    exitCode: 2,
  }),
  "bad-database": (problem) => ({
    title: `Cannot use ${problem.source}: ${problem.message}`,
    hint: "the form is postgres://user@host:port/database?sslmode=require (a password stands behind the user and a colon, with % escapes), or pglite:./folder",
    exitCode: 2,
  }),
  "not-in-set": (problem) => ({
    title: `Cannot ${problem.asked} version ${problem.version}: it is not in the set`,
    hint: "`lacuna status` lists the versions there are",
    exitCode: 2,
  }),
  "no-down": (problem) => ({
    title: `Cannot show the down file of ${problem.id}: there is none`,
    hint: `write it next to the up file, or show the up file with \`lacuna show ${problem.version}\``,
    exitCode: 2,
  }),
  "cannot-write": (problem) => ({
    title: `Cannot write ${quoted(problem.path)}: ${problem.message}`,
    hint: "nothing was overwritten; check the folder and its permissions",
    exitCode: 2,
  }),
  "no-parser": (problem) => ({
    title: `Cannot load PostgreSQL's SQL parser: ${problem.message}`,
    hint: "it is needed where something is pending; `up` wants 64 MiB of memory, with large files more",
    exitCode: 2,
  }),
  "not-permitted": (problem) => ({
    title: `Cannot go on, Deno does not permit it: ${problem.message}`,
    hint: "give `deno run` the permissions that README.md has for each command, under With Deno",
    exitCode: 2,
  }),
  "not-marked": (problem) => ({
    title: `Cannot mark ${problem.version}: ${problem.message}`,
    hint: "`lacuna status` shows the state of every version",
    exitCode: 2,
  }),
  "not-renumbered": ({ old, wanted, why }) => ({
    ...renumberWords(old, wanted ?? "NEW", why),
    exitCode: 2,
  }),
});

/** What `build` cannot do. */
const executables = (): Pick<
  Explanations<RequestProblem>,
  "nothing-to-embed" | "no-executable" | "not-built" | "no-runtime"
> => ({
  "nothing-to-embed": (problem) => ({
    title: `Cannot build: there are no migrations in ${quoted(problem.folder)}`,
    hint: "name the folder with your .sql files: --migrations DIR",
    exitCode: 2,
  }),
  "no-executable": () => ({
    title: "Cannot build: lacuna runs from its sources here, and makes executables of itself",
    hint: "run a released executable, or `bun build.ts --migrations DIR --out FILE`",
    exitCode: 2,
  }),
  "not-built": (problem) => ({
    title: `Cannot build ${quoted(problem.path)}: ${problem.message}`,
    hint: "nothing was overwritten; is there room on the disk, may files in that folder be run, and is a --runtime whole (SHA256SUMS)?",
    exitCode: 2,
  }),
  "no-runtime": (problem) => ({
    title: `Cannot build for ${problem.platform} on ${quoted(problem.path)}: ${problem.reason}`,
    hint: `download ${releaseName(problem.platform)} of this version, and name it with --runtime FILE`,
    exitCode: 2,
  }),
});

function renumberWords(
  old: string,
  wanted: string,
  why: RenumberFault,
): { readonly title: string; readonly hint: string } {
  const cannot = `Cannot renumber ${quoted(old)}`;
  switch (why.kind) {
    case "absent":
      return {
        title: `${cannot}: there is no such migration`,
        hint: "name it by its version, or by its file without the endings: lacuna renumber 104_add_users",
      };
    case "several":
      return {
        title: `${cannot}: it is the version of ${listed(why.ids)}`,
        hint: `say which: ${why.ids.map((id) => `\`lacuna renumber ${id}\``).join(" or ")}`,
      };
    case "two up files":
      return {
        title: `${cannot}: it has two up files, ${listed(why.paths.map(quoted))}`,
        hint: "take one of them away",
      };
    case "no version":
      return {
        title: `${cannot}: ${quoted(wanted)} is no version`,
        hint: "a version is digits alone; without one it gets the next that is free",
      };
    case "same version":
      return {
        title: `${cannot} as ${wanted}: it has this version already`,
        hint: "leading zeros do not count; without a version it gets the next that is free",
      };
    case "taken":
      return {
        title: `${cannot} as ${wanted}: ${quoted(why.path)} has this version`,
        hint: `without a version it gets the next that is free: \`lacuna renumber ${old}\``,
      };
  }
}
