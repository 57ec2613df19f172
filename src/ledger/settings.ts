import { quoteLiteral } from "../core/quote.ts";
import { announcedPid, type Session } from "../ports.ts";

export const ownLockTimeoutMs = 30_000;

/** What a session may do. */
export type Access = "writing" | "read only";

const limitsOfMessage = "set local lock_timeout = '30s'; set local statement_timeout = 0";

/**
 * Always. No search_path of anybody's may decide what an operator is, so all are named.
 */
const wanted: Readonly<Record<string, string>> = {
  standard_conforming_strings: "on",
  client_encoding: "UTF8",
  statement_timeout: "0",
  // For what lacuna itself does: a flight sets its own.
  lock_timeout: String(ownLockTimeoutMs),
  idle_in_transaction_session_timeout: "0",
  client_min_messages: "notice",
  default_transaction_isolation: "read committed",
  tcp_keepalives_idle: "15",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "4",
};

/**
 * Only what the server knows and its platform can do: transaction_timeout came with 17, a server
 * too old for idle_session_timeout is to be told so in words, and client_connection_check_interval
 * is refused where the system cannot watch a socket. A commit that is acknowledged before it is
 * durable would make "applied" a guess.
 */
const wantedWhere: readonly (readonly [name: string, value: string, condition: string])[] = [
  ["transaction_timeout", "0", known("transaction_timeout")],
  ["idle_session_timeout", "0", known("idle_session_timeout")],
  [
    "client_connection_check_interval",
    "2s",
    "pg_catalog.version() operator(pg_catalog.~~) '%linux%'",
  ],
  [
    "synchronous_commit",
    "on",
    "pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off'",
  ],
];

function known(name: string): string {
  return `pg_catalog.current_setting('${name}', true) is not null`;
}

function setting(isLocal: string, others: Readonly<Record<string, string>> = {}): string {
  const rows = [
    ...Object.entries({ ...wanted, ...others }).map(
      ([name, value]) => [name, value, "true"] as const,
    ),
    ...wantedWhere,
  ].map(([name, value, condition]) => `('${name}', '${value}', ${condition})`);
  return (
    `select pg_catalog.set_config(name, value, ${isLocal}) ` +
    `from (values ${rows.join(", ")}) as wanted (name, value, applies) where applies`
  );
}

/**
 * The session's settings, sent again after every reset (research: mechanisms, M10). They go by
 * SET: poolers refuse start-up parameters.
 */
export const settings: string = setting("false");

/** Behind a pooler, as far as the opening can see. */
const isPooled =
  "(select pid operator(pg_catalog.<>) '' and pid operator(pg_catalog.<>) " +
  "pg_catalog.pg_backend_pid()::pg_catalog.text " +
  `from (select coalesce(pg_catalog.current_setting('${announcedPid}', true), '')) as announced (pid))`;

/**
 * The same for the opening, where nobody knows yet who answers. Behind a pooler they end with the
 * message: a backend that is somebody else's the next moment keeps none of them. In a session that
 * is read-only whoever's function or view is asked, it writes nothing.
 */
export const openingSettings: Readonly<Record<Access, string>> = {
  writing: setting(isPooled),
  "read only": setting(isPooled, { default_transaction_read_only: "on" }),
};

/** What a reader behind a pooler needs, for one message: nothing is waited for without end. */
export const settingsOfMessage: Readonly<Record<Access, string>> = {
  writing: limitsOfMessage,
  "read only": `${limitsOfMessage}; set local transaction_read_only = on`,
};

type Limits = Readonly<Record<string, string | number | undefined>>;

/** Sets what is given, for the session, and gives back what was set before. */
export async function swapSettings(session: Session, limits: Limits): Promise<Limits> {
  const names = Object.keys(limits).filter((name) => limits[name] !== undefined);
  if (names.length === 0) return {};
  const show = names.map((name) => `pg_catalog.current_setting('${name}') as ${name}`);
  const set = names.map((name) => {
    const value = quoteLiteral(String(limits[name]));
    // Off where the server cannot do it, and refused there.
    return name === "client_connection_check_interval"
      ? `select pg_catalog.set_config('${name}', ${value}, false) where pg_catalog.current_setting('${name}') operator(pg_catalog.<>) '0'`
      : `set ${name} = ${value}`;
  });
  const [rows] = await session.rows(`select ${show.join(", ")}; ${set.join("; ")}`);
  return Object.fromEntries(names.map((name) => [name, rows?.[0]?.[name] ?? undefined]));
}
