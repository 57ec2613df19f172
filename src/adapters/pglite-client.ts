/**
 * A PGlite that somebody else opened and goes on using. It has one backend, so a run of ours
 * shares the session of its owner.
 *
 * The owner's queries wait while a run goes on, and the run begins as in a new session: what the
 * owner had set is put aside and back. What cannot be put back (temporary tables, prepared
 * statements, cursors, currval()) is only thrown away where a migration was applied, since
 * nothing tells what the migration left from what was there before.
 */
import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import { type Database, Refusal, type Session, SqlError } from "../ports.ts";
import { engineOver, openSession, type PgliteBackend } from "./pglite.ts";

export interface PgliteClient extends PgliteBackend {
  readonly closed: boolean;
  readonly waitReady: Promise<void>;
  isInTransaction(): boolean;
  /** Nothing else is sent meanwhile. */
  runExclusive<T>(work: () => Promise<T>): Promise<T>;
  /** No query and no transaction of the owner begins meanwhile. */
  _runExclusiveTransaction<T>(work: () => Promise<T>): Promise<T>;
}

/** `patienceMs`: how long another run on the same client is waited for. */
export function clientDatabase(client: PgliteClient, patienceMs: number): Database {
  return {
    label: "the PGlite that was given",
    async session(options, work) {
      if (client.closed) throw new Refusal([{ code: "client-busy", state: "closed" }]);
      await ready(client);
      const limits = { transactionMs: options.connectTimeoutMs, patienceMs };
      return alone(client, limits, async () => {
        if (client.isInTransaction()) throw inTransaction();
        const session = watched(await openSession(engineOver(exclusive(client)), "select 1"));
        const before = await putAside(session);
        try {
          const opening = await session.rows(options.opening);
          return await work({ ...session, opening });
        } finally {
          // A role that a migration dropped cannot be taken again: no reason to hide what happened.
          await putBack(session, before).catch(() => undefined);
        }
      });
    },
    async [Symbol.asyncDispose]() {
      // Who opened it closes it.
    },
  };
}

async function ready(client: PgliteClient): Promise<void> {
  try {
    await client.waitReady;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SqlError("refused", { severity: "FATAL", code: "PGLITE_FAILED", message }, { cause });
  }
}

function inTransaction(): Refusal {
  return new Refusal([{ code: "client-busy", state: "in a transaction" }]);
}

/**
 * Waits its turn. Inside of a transaction of the owner, who waits for us, the turn would never
 * come: one that is open all the time is not waited for any longer than a connection.
 */
function alone<T>(
  client: PgliteClient,
  limits: { readonly transactionMs: number; readonly patienceMs: number },
  work: () => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let hasGivenUp = false;
    let leftMs = limits.patienceMs;
    const giveUpAfter = (milliseconds: number): ReturnType<typeof setTimeout> =>
      setTimeout(() => {
        leftMs -= milliseconds;
        if (!client.isInTransaction() && leftMs > 0) {
          timer = giveUpAfter(Math.min(limits.transactionMs, leftMs));
          return;
        }
        hasGivenUp = true;
        reject(
          leftMs > 0 ? inTransaction() : new Refusal([{ code: "client-busy", state: "in use" }]),
        );
      }, milliseconds);
    let timer = giveUpAfter(limits.transactionMs);
    client
      ._runExclusiveTransaction(async () => {
        clearTimeout(timer);
        if (!hasGivenUp) resolve(await work());
      })
      .catch((error: unknown) => {
        clearTimeout(timer);
        reject(error instanceof Error ? error : new Error(String(error), { cause: error }));
      });
  });
}

/** The raw protocol asks nobody's leave: what others send would come between (PGlite 0.5.16). */
function exclusive(client: PgliteClient): PgliteBackend {
  return {
    execProtocolRawStream: (message, options) =>
      client.runExclusive(() => client.execProtocolRawStream(message, options)),
    close: () => client.close(),
  };
}

interface WatchedSession extends Session {
  /** Whether a transaction of the run was committed: before that, nothing of it can be left. */
  readonly hasCommitted: () => boolean;
}

function watched(session: Session): WatchedSession {
  let hasCommitted = false;
  return {
    ...session,
    async run(script, onNotice) {
      const results = await session.run(script, onNotice);
      hasCommitted ||= results.some(({ tag }) => tag === "COMMIT");
      return results;
    },
    hasCommitted: () => hasCommitted,
  };
}

interface Before {
  readonly login: string;
  readonly role: string;
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly channels: readonly string[];
}

/** What a transaction says of itself (its isolation) is no setting to be put back, and refused. */
const ownSettings =
  "select name, setting from pg_catalog.pg_settings where source operator(pg_catalog.=) 'session' " +
  "and name operator(pg_catalog.<>) " +
  "all (array['transaction_isolation', 'transaction_read_only', 'transaction_deferrable'])";

/** The run works as the role that the owner works as, and from the settings of a new session. */
async function putAside(session: Session): Promise<Before> {
  const [[who] = [], settings = [], channels = []] = await session.rows(
    "select session_user::text as login, pg_catalog.current_setting('role') as role; " +
      `${ownSettings}; select pg_catalog.pg_listening_channels() as channel`,
  );
  const before = {
    login: who?.["login"] ?? "postgres",
    role: who?.["role"] ?? "none",
    settings: settings.map((row) => [row["name"] ?? "", row["setting"] ?? ""] as const),
    channels: channels.map((row) => row["channel"] ?? ""),
  };
  const resets = before.settings.map(([name]) => `reset ${quoteIdentifier(name)}`);
  // RESET ROLE would lead to the login: a second migration would run as somebody else.
  const asRole =
    before.role === "none"
      ? []
      : [`set session authorization ${quoteIdentifier(before.role)}`, "reset role"];
  const script = [...resets, ...asRole].join("; ");
  if (script !== "") await session.run(script);
  return before;
}

async function putBack(session: WatchedSession, before: Before): Promise<void> {
  const { login, role, settings, channels } = before;
  await session.undo();
  const [now = []] = await session.rows(ownSettings);
  const throwAway = [
    "reset all; close all; deallocate all; unlisten *; discard temp; discard sequences",
    "select pg_catalog.pg_advisory_unlock_all()",
    ...channels.map((channel) => `listen ${quoteIdentifier(channel)}`),
  ];
  await session.run(
    [
      `set session authorization ${quoteIdentifier(login)}`,
      "reset role",
      ...(session.hasCommitted() ? throwAway : []),
      ...now.map((row) => `reset ${quoteIdentifier(row["name"] ?? "")}`),
      ...settings.map(
        ([name, value]) =>
          `select pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, false)`,
      ),
      ...(role === "none" ? [] : [`set role ${quoteIdentifier(role)}`]),
    ].join("; "),
  );
}
