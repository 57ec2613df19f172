import { formatDuration } from "../duration.ts";
import { describeGrant, grantSql, resetSql } from "../privileges.ts";
import type { DatabaseProblem, PoolerProblem } from "../problem.ts";
import { quoteIdentifier } from "../quote.ts";
import type { Explanations } from "./explanation.ts";

export const databases = (): Explanations<DatabaseProblem> => ({
  ...rights(),
  "cannot-connect": (problem) => ({
    title: `Cannot connect to ${problem.target}: ${problem.message}`,
    hint:
      problem.waitedMs > 0
        ? `is the server running, and are host and port right? waited ${formatDuration(problem.waitedMs)} (--connect-timeout)`
        : refusalHint(problem.message),
    exitCode: 6,
  }),
  pooler: ({ target, found }) => ({
    title: poolerTitles[found](target),
    hint: isModeKnown[found]
      ? `${poolerAdvice}; no lock was taken, and nothing was changed`
      : `${poolerAdvice}; if it is in session mode for sure, say --pooler session`,
    exitCode: 6,
  }),
  standby: (problem) => ({
    title: `Cannot migrate ${problem.target}: it is a standby, and read-only`,
    hint: `waited ${formatDuration(problem.waitedMs)} for it to be promoted; point the URL at the primary, or name all hosts with target_session_attrs=read-write`,
    exitCode: 6,
  }),
  "server-too-old": (problem) => ({
    title: `Cannot work with PostgreSQL ${problem.serverVersion}`,
    hint: "lacuna needs PostgreSQL 14 or later",
    exitCode: 2,
  }),
  "client-busy": (problem) => ({
    title: `Cannot work on the client that was given: it is ${problem.state}`,
    hint:
      problem.state === "closed"
        ? "give an open client, or a URL"
        : "end the transaction (COMMIT or ROLLBACK) first, and do not migrate from inside of it",
    exitCode: 6,
  }),
  "lock-unavailable": (problem) => ({
    title: `Cannot get the lock: another runner held it for ${formatDuration(problem.waitedMs)}`,
    hint:
      problem.holder === undefined
        ? "the holder could not be seen; --lock-wait sets for how long to wait"
        : `it is held by ${problem.holder}; --lock-wait sets for how long to wait`,
    exitCode: 5,
  }),
  "connection-lost": (problem) => ({
    title: `The connection was lost while ${problem.doing}: ${problem.message}`,
    hint: "what it was doing is done wholly or not at all; run the command again",
    exitCode: 6,
  }),
  "database-error": (problem) => ({
    title: `The database refused while ${problem.doing}: ${problem.error.message} (${problem.error.code})`,
    hint: problem.error.hint ?? "nothing was changed by this; see the server's log",
    // 55P03: a lock was not to be had, if not the advisory one.
    exitCode: problem.error.code === "55P03" ? 5 : 1,
  }),
});

/** What the role is not allowed to do. */
const rights = (): Pick<
  Explanations<DatabaseProblem>,
  "missing-privileges" | "row-security" | "read-only" | "role-refused" | "not-allowed"
> => ({
  "missing-privileges": ({ role, missing }) => ({
    title: `Cannot work as ${quoteIdentifier(role)}: it lacks ${missing.map(describeGrant).join(", and ")}`,
    hint: `nothing was written; let the owner run ${missing.map((one) => `\`${grantSql(one, role)}\``).join(" and ")}`,
    exitCode: 2,
  }),
  "row-security": ({ table, role }) => ({
    title: `Cannot work as ${quoteIdentifier(role)}: row level security on ${table} may hide rows from it, or refuse them`,
    hint: `nothing was written; let the owner run \`alter table ${table} disable row level security;\`, or give the role BYPASSRLS`,
    exitCode: 2,
  }),
  "read-only": (problem) => {
    const reset = resetSql(readOnlySetting, problem);
    const way = reset === undefined ? "put it right there" : `run \`${reset}\``;
    return {
      title: `Cannot migrate ${problem.database}: ${readOnlySetting} is on, set by the ${problem.source}`,
      hint: `nothing was written; ${way}, or say options=-c%20${readOnlySetting}%3Doff in the URL; of several hosts, target_session_attrs=read-write takes one that can be written to`,
      exitCode: 2,
    };
  },
  "role-refused": ({ role, login, error }) => ({
    title: `Cannot connect as ${quoteIdentifier(login)} with the role ${quoteIdentifier(role)}: ${error.message} (${error.code})`,
    hint:
      error.code === "42501"
        ? `run \`grant ${quoteIdentifier(role)} to ${quoteIdentifier(login)};\`, or take role=${role} out of the URL's options`
        : `create the role, or take role=${role} out of the URL's options`,
    exitCode: 2,
  }),
  "not-allowed": (problem) => ({
    title: `Not allowed while ${problem.doing}: ${problem.error.message} (${problem.error.code})`,
    hint:
      problem.error.hint ??
      "grant the runner's role CREATE on the tracker's schema, or SELECT, INSERT, UPDATE and DELETE on the tracker",
    exitCode: 2,
  }),
});

/** PgBouncer has the code 08P01 for all that it says itself. */
function refusalHint(message: string): string {
  if (message.includes("unsupported startup parameter"))
    return "a pooler answers there: leave the parameter out of the URL, or connect to the server itself";
  if (message.includes("(TLS_FAILED)"))
    return "check sslmode, sslrootcert, and that the certificate names the host; without TLS only where sslmode allows it";
  return message.includes("(08P01)")
    ? "a pooler answers there, or something that is no PostgreSQL: check host, port, database and user, and its own configuration"
    : "check host, port, database, user and password";
}

type PoolerFinding = PoolerProblem["found"];

const poolerTitles: Readonly<Record<PoolerFinding, (target: string) => string>> = {
  shared: (target) =>
    `Cannot work through the pooler at ${target}: it is in transaction or statement mode, one backend answered two connections`,
  changing: (target) =>
    `Cannot work through the pooler at ${target}: it is in transaction or statement mode, another backend answered each transaction`,
  "no answer": (target) =>
    `Cannot work through the pooler at ${target}: it did not answer within 5 s, as in transaction mode when all backends are busy`,
  "no second connection": (target) =>
    `Cannot tell in which mode the pooler at ${target} is: it gave no second connection within 5 s`,
  "several poolers": (target) =>
    `Cannot tell in which mode the pooler at ${target} is: each connection went to another pooler`,
};

const isModeKnown: Readonly<Record<PoolerFinding, boolean>> = {
  shared: true,
  changing: true,
  "no answer": true,
  "no second connection": false,
  "several poolers": false,
};

const poolerAdvice =
  "the lock needs a backend that stays: connect to the server itself, or to the pooler's port for session mode";

const readOnlySetting = "default_transaction_read_only";
