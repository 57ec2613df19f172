import { quoteIdentifier, quoteLiteral } from "../core/quote.ts";
import type { Session } from "../ports.ts";

export const ownLockTimeoutMs = 30_000;

/** What a session may do. */
export type Access = "writing" | "read only";

/** What of the server decides which settings there are. */
export interface ServerKind {
  /** As `server_version_num` has it: 180004. */
  readonly versionNumber: number;
  /** Whether it can watch a socket: elsewhere client_connection_check_interval is refused. */
  readonly isLinux: boolean;
  /** What role, database or URL say of synchronous_commit. */
  readonly acknowledgesEarly: boolean;
}

export interface Setting {
  readonly name: string;
  /** In SQL's words. */
  readonly value: string;
}

/** On every server that may be asked, too old ones included: they are to be told so in words. */
const always = {
  standard_conforming_strings: "on",
  client_encoding: "'UTF8'",
  statement_timeout: "0",
  // For what lacuna itself does: a flight sets its own.
  lock_timeout: String(ownLockTimeoutMs),
  idle_in_transaction_session_timeout: "0",
  client_min_messages: "notice",
} as const;

/**
 * The session's settings, sent again after every reset (research: mechanisms, M10). They go by
 * SET: poolers refuse start-up parameters. Plain statements, since set_config() in a SELECT costs
 * the server five times as much.
 */
export function settingsFor(server: ServerKind): readonly Setting[] {
  return listed({
    ...always,
    default_transaction_isolation: "'read committed'",
    tcp_keepalives_idle: "15",
    tcp_keepalives_interval: "5",
    tcp_keepalives_count: "4",
    idle_session_timeout: "0",
    ...(server.versionNumber >= 170_000 ? { transaction_timeout: "0" } : {}),
    ...(server.isLinux ? { client_connection_check_interval: "'2s'" } : {}),
    // A commit that is acknowledged before it is durable would make "applied" a guess.
    ...(server.acknowledgesEarly ? { synchronous_commit: "on" } : {}),
  });
}

/**
 * For one message: of the opening, where nobody knows yet who answers, and of who only reads, which
 * behind a pooler may be answered by another backend each time. It leaves nothing behind. In a
 * session that is read-only whoever's function or view is asked, it writes nothing.
 */
export const settingsOfMessage: Readonly<Record<Access, string>> = {
  writing: ofMessage(always),
  "read only": ofMessage({ ...always, transaction_read_only: "on" }),
};

/** One statement a setting. */
export function setStatements(settings: readonly Setting[], set = "set"): readonly string[] {
  return settings.map(({ name, value }) => `${set} ${name} = ${value}`);
}

function ofMessage(values: Readonly<Record<string, string>>): string {
  return setStatements(listed(values), "set local").join("; ");
}

function listed(values: Readonly<Record<string, string>>): readonly Setting[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

/** What a reset brings back, and until when that holds. */
export interface Kept {
  /** Those that RESET ALL does not bring back: what roles, databases and configuration say of the rest is what is wanted. */
  readonly settings: readonly Setting[];
  /** When the session last read its configuration, in seconds. Behind a reload all of that may be otherwise. */
  readonly configuredAt: string;
}

/** The session is as after a reset then, with all settings. */
export async function findKept(session: Session, settings: readonly Setting[]): Promise<Kept> {
  const columns = settings.map(
    ({ name }) => `pg_catalog.current_setting('${name}') as ${quoteIdentifier(name)}`,
  );
  const [rows] = await session.rows(
    `reset all; select ${columns.join(", ")}, extract(epoch from pg_catalog.pg_conf_load_time())::pg_catalog.text ` +
      `as configured_at; ${setStatements(settings).join("; ")}`,
  );
  const found = rows?.[0] ?? {};
  const isBack = ({ name, value }: Setting): boolean =>
    value === found[name] || value === quoteLiteral(found[name] ?? "");
  return {
    settings: settings.filter((one) => endsMigrations.has(one.name) || !isBack(one)),
    configuredAt: found["configured_at"] ?? "0",
  };
}

/** A reload must not end a migration that is on its way. */
const endsMigrations: ReadonlySet<string> = new Set(["statement_timeout", "transaction_timeout"]);

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
