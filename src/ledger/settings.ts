import { quoteLiteral } from "../core/quote.ts";
import type { Session } from "../ports.ts";

/**
 * The session's settings, sent at the opening and again after every reset (research:
 * mechanisms, M10). They go by SET: poolers refuse start-up parameters.
 */
export const settings: string = [
  "set standard_conforming_strings = on",
  "set client_encoding = 'UTF8'",
  "set statement_timeout = 0",
  // For what lacuna itself does: a flight sets its own.
  "set lock_timeout = '30s'",
  "set idle_in_transaction_session_timeout = 0",
  "set client_min_messages = notice",
  "set default_transaction_isolation = 'read committed'",
  "set tcp_keepalives_idle = 15",
  "set tcp_keepalives_interval = 5",
  "set tcp_keepalives_count = 4",
  // Only what the server knows and its platform can do: transaction_timeout came with 17, a
  // server too old for idle_session_timeout is to be told so in words, and
  // client_connection_check_interval is refused where the system cannot watch a socket. A
  // commit that is acknowledged before it is durable would make "applied" a guess.
  // The operators are named: no search_path of anybody's may decide what they are.
  "select pg_catalog.set_config(name, value, false) from (values " +
    "('transaction_timeout', '0', pg_catalog.current_setting('transaction_timeout', true) is not null), " +
    "('idle_session_timeout', '0', pg_catalog.current_setting('idle_session_timeout', true) is not null), " +
    "('client_connection_check_interval', '2s', pg_catalog.version() operator(pg_catalog.~~) '%linux%'), " +
    "('synchronous_commit', 'on', pg_catalog.current_setting('synchronous_commit') operator(pg_catalog.=) 'off')" +
    ") as wanted (name, value, applies) where applies",
].join("; ");

type Limits = Readonly<Record<string, string | number | undefined>>;

/** Sets what is given, for the session, and gives back what was set before. */
export async function swapSettings(session: Session, limits: Limits): Promise<Limits> {
  const names = Object.keys(limits).filter((name) => limits[name] !== undefined);
  if (names.length === 0) return {};
  const show = names.map((name) => `pg_catalog.current_setting('${name}') as ${name}`);
  const set = names.map((name) => `set ${name} = ${quoteLiteral(String(limits[name]))}`);
  const [rows] = await session.rows(`select ${show.join(", ")}; ${set.join("; ")}`);
  return Object.fromEntries(names.map((name) => [name, rows?.[0]?.[name] ?? undefined]));
}
