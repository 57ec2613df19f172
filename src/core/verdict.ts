import { type Migration, textOf } from "./migration.ts";
import type { Problem, ServerMessage } from "./problem.ts";
import type { Reach } from "./reach.ts";
import { isRetryable } from "./retry.ts";
import type { Executable } from "./script.ts";

/**
 * What a rehearsal says of a migration. It may say "passed" only of what production's runner
 * would have got through here; and where an engine or a way of rehearsing is to blame, it must
 * not say "failed": a gate that cries wolf is switched off.
 */
export type Verdict = PassedVerdict | FailedVerdict | UnverifiedVerdict;

interface Judged {
  readonly migration: Migration;
  readonly isGap: boolean;
  /** The first migration before it that did not pass: what comes behind stands on sand. */
  readonly after: string | undefined;
  /** What else is worth saying. */
  readonly notes: readonly string[];
}

interface PassedVerdict extends Judged {
  readonly result: "passed";
  readonly elapsedMs: number;
}

interface FailedVerdict extends Judged {
  readonly result: "failed";
  readonly problem: Problem;
}

interface UnverifiedVerdict extends Judged {
  readonly result: "not verified";
  readonly reason: string;
  /** How it can be verified. */
  readonly way: string;
  readonly problem: Problem | undefined;
}

/**
 * Where and how migrations are rehearsed: in an embedded Postgres from empty; in one transaction
 * of a given database, or each in a transaction of its own, rolled back; in a database made for it.
 */
export type Method = "embedded" | "rolled back" | "isolated" | "scratch";

/** Whether it was left out of the database, so that what comes behind it may lack something. */
export function setAside({ result }: Verdict): boolean {
  return result !== "passed";
}

export type Unverified = Pick<UnverifiedVerdict, "reason" | "way">;

/** What the text alone tells: undefined, where the migration can be rehearsed in this way. */
export function unfitFor(
  method: Method,
  script: Executable,
  reaches: readonly Reach[],
  ownsServer: boolean,
): Unverified | undefined {
  if ((method === "rolled back" || method === "isolated") && script.mode === "statements") {
    const outside = script.steps.find((step) => step.statement.kind === "outside")?.statement;
    const what = outside?.kind === "outside" ? outside.what : "it runs statement by statement, and";
    return { reason: `${what} cannot run in a transaction that is rolled back`, way: runForReal };
  }
  const server = reaches.find((reach) => reach.kind === "server");
  if (method === "scratch" && server !== undefined && !ownsServer) {
    const line = server.place.line;
    const reason = `line ${line}: ${server.what} acts on the whole server, not only on the scratch database`;
    return { reason, way: "give --scratch-owns-server where the server is there for tests alone" };
  }
  return undefined;
}

/**
 * What a failure means. @param lack what the engine lacks, where that is why it failed.
 * @param before the verdicts of the migrations before it.
 */
export function judge(
  method: Method,
  script: Executable,
  problem: Problem,
  lack: string | undefined,
  before: readonly Verdict[],
): "failed" | Unverified {
  if (lack !== undefined) {
    const isRole = lack.startsWith("the role ");
    const way = isRole ? "name it in --roles, or use --database-url" : "use --database-url";
    return { reason: `this engine lacks ${lack}`, way };
  }
  if (problem.code !== "migration-failed") return "failed";
  const { error } = problem;
  if (method === "rolled back" || method === "isolated") {
    const unfit = failsInsideOnly(script, error);
    if (unfit !== undefined) return unfit;
  }
  if (method === "isolated" && missesSomething(error) && before.length > 0) {
    const reason = `alone it fails: ${error.message}; another pending migration may make what it needs`;
    return { reason, way: "leave out --isolated" };
  }
  const unverified = before.find(
    (one) => one.result === "not verified" && mayHaveMade(one.migration, error),
  );
  if (unverified?.result === "not verified" && missesSomething(error)) {
    const reason = `${error.message}: perhaps only because ${unverified.migration.id} could not be verified`;
    return { reason, way: unverified.way };
  }
  return "failed";
}

/**
 * Whether a migration could have made what is missing: then its text has the name, or what the name
 * is put together from (a table's name in that of its key). A name that nobody wrote is a slip of the
 * pen. Of an extension nobody knows what it makes, and some errors name nothing.
 */
function mayHaveMade({ up }: Migration, { message }: ServerMessage): boolean {
  const text = textOf(up).toLowerCase();
  if (/\bcreate\s+extension\b/.test(text)) return true;
  const names = [...message.toLowerCase().matchAll(/"([^"]+)"|([a-z_][a-z0-9_.]*)\(/g)].map(
    ([, quoted, called]) => quoted ?? called ?? "",
  );
  const words = new Set(text.match(/[a-z_\u0080-\uffff][a-z0-9_\u0080-\uffff]{2,}/g) ?? []);
  for (const keyword of keywords.split(" ")) words.delete(keyword);
  return names.length === 0 || names.some((name) => [...words].some((word) => name.includes(word)));
}

/** What stands in many files, and in many messages, and names nothing. */
const keywords =
  "add alter and column commit concurrently constraint create default drop exists for from function " +
  "index into int key lacuna not null primary references select set table text transaction type " +
  "unique update using value values where with";

/** What PostgreSQL refuses inside of a longer transaction, and takes in one of its own. */
function failsInsideOnly(script: Executable, error: ServerMessage): Unverified | undefined {
  if (error.code === unsafeNewEnumValue && !addsThatValue(script, error.message)) {
    const reason = "it uses an enum value that a pending migration adds: only after a COMMIT";
    return { reason, way: runForReal };
  }
  if (error.code === activeTransaction || error.code === readOnlyTransaction) {
    const reason = `it needs a transaction of its own: ${error.message}`;
    return { reason, way: runForReal };
  }
  if (error.code === outOfMemory) {
    const reason = `one transaction cannot hold the locks of all: ${error.message}`;
    return { reason, way: "use --isolated or --scratch, or raise max_locks_per_transaction" };
  }
  // `up` tries these again, and lets the traffic pass meanwhile.
  if (isRetryable(error)) {
    return { reason: `others are at work: ${error.message}`, way: "use a copy, or try again" };
  }
  return undefined;
}

/** In one file it fails in production as well. The message names the value in every language. */
function addsThatValue(script: Executable, message: string): boolean {
  const text = script.mode === "transaction" ? script.body : script.text;
  const added = [...text.matchAll(/\badd\s+value\s+'((?:[^']|'')+)'/gi)];
  return added.some(([, value = ""]) => message.includes(`"${value.replaceAll("''", "'")}"`));
}

/**
 * What an earlier migration may have made, or not yet made: names, types, enum values, indexes and
 * keys that are not there, objects in another state, rows that others refer to. Never a syntax error, a
 * wrong regular expression, or a column that misses its values: those stand on the file itself.
 */
function missesSomething({ code }: ServerMessage): boolean {
  const [syntaxError, ambiguous] = ["42601", "42702"];
  if (code === syntaxError || code === ambiguous) return false;
  return /^(?:42|55|3F|2B)/.test(code) || code === "22P02" || code === "23503";
}

const runForReal = "run it for real: --scratch, or without a database in the embedded Postgres";
const unsafeNewEnumValue = "55P04";
const activeTransaction = "25001";
const readOnlyTransaction = "25006";
const outOfMemory = "53200";

/** How many migrations there are of each result. */
export function countResults(
  verdicts: readonly Verdict[],
): Readonly<Record<Verdict["result"], number>> {
  const counts = { passed: 0, failed: 0, "not verified": 0 };
  for (const verdict of verdicts) counts[verdict.result]++;
  return counts;
}
