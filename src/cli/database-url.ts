/** From text and environment to a DatabaseTarget. Nothing of a URL is passed over in silence. */
import type { Problem } from "../core/problem.ts";
import { type Result, refuse, succeed } from "../core/result.ts";
import {
  type DatabaseTarget,
  type ServerTarget,
  sessionAttributes,
  type SessionAttributes,
  type SslMode,
  sslModes,
} from "../core/target.ts";
import { findPassword } from "./password-file.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface DatabaseSources {
  /** --database-url. */
  readonly flag: string | undefined;
  readonly environment: Environment;
  /** The name of the person who runs the program: libpq's default user. */
  readonly userName: () => string;
  /** Undefined where the file is not there. */
  readonly readFile: (path: string) => string | undefined;
}

/** The first that is set: the flag, DATABASE_URL_FILE, DATABASE_URL, the PG* variables. */
export function findDatabase(sources: DatabaseSources): Result<DatabaseTarget> {
  const { environment } = sources;
  const file = environment["DATABASE_URL_FILE"];
  if (sources.flag !== undefined) return parseDatabaseUrl(sources.flag, "--database-url", sources);
  if (isSet(file)) {
    const text = sources.readFile(file);
    if (text === undefined) return bad("DATABASE_URL_FILE", `the file ${file} cannot be read`);
    return parseDatabaseUrl(text.trim(), "DATABASE_URL_FILE", sources);
  }
  if (isSet(environment["DATABASE_URL"]))
    return parseDatabaseUrl(environment["DATABASE_URL"], "DATABASE_URL", sources);
  if (isSet(environment["PGSERVICE"]))
    return bad("PGSERVICE", "services are not supported; set PGHOST and PGDATABASE");
  if (isSet(environment["PGHOST"]) || isSet(environment["PGDATABASE"])) {
    return complete({ source: "the PG* variables", hosts: [], settings: new Map() }, sources);
  }
  return refuse({ code: "no-database" });
}

/**
 * Where something may be tried out: the flag, or TEST_DATABASE_URL, and nothing else. A shell that
 * has production's DATABASE_URL or PG* rehearses nothing there, so no part of a target is taken
 * from them either: not the host, not the user, not the password. HOME is, for ~/.pgpass.
 */
export function findTestDatabase(sources: DatabaseSources): Result<DatabaseTarget | undefined> {
  const { HOME, TEST_DATABASE_URL: url } = sources.environment;
  const own = { ...sources, environment: { HOME } };
  if (sources.flag !== undefined) return parseDatabaseUrl(sources.flag, "--database-url", own);
  return isSet(url) ? parseDatabaseUrl(url, "TEST_DATABASE_URL", own) : succeed(undefined);
}

/** @param text The URL; it is never part of a message, because it holds a password. */
export function parseDatabaseUrl(
  text: string,
  source: string,
  sources: Omit<DatabaseSources, "flag">,
): Result<DatabaseTarget> {
  if (text.startsWith("pglite:")) {
    const folder = text.slice("pglite:".length);
    if (folder === "") return bad(source, "pglite: needs a folder, or memory");
    return succeed({ engine: "pglite", folder: folder === "memory" ? undefined : folder });
  }
  const match = /^postgres(?:ql)?:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(text);
  if (match === null) {
    return bad(source, "it does not begin with postgres://, postgresql:// or pglite:");
  }
  const [, authority = "", path = "", query = ""] = match;
  if (path.includes("@") || query.includes("@")) {
    // Not shown: what stands there is the rest of a password.
    return bad(
      source,
      "it has an @ behind a / or ?; in a password they are written %2F and %3F, an @ is %40",
    );
  }
  const at = authority.lastIndexOf("@");
  const [user = "", ...password] = at < 0 ? [""] : authority.slice(0, at).split(":");
  try {
    const settings = new Map<string, string>();
    for (const pair of query.split("&").filter((part) => part !== "")) {
      const [name = "", ...value] = pair.split("=");
      const key = decodeURIComponent(name);
      if (settings.has(key)) return bad(source, `the parameter ${key} is there twice`);
      settings.set(key, decodeURIComponent(value.join("=")));
    }
    const hosts = authority
      .slice(at + 1)
      .split(",")
      .filter((host) => host !== "");
    const before = { user, password: password.join(":"), dbname: path };
    for (const [key, value] of Object.entries(before).filter(([, part]) => part !== "")) {
      if (settings.has(key)) return bad(source, `the parameter ${key} is there twice`);
      settings.set(key, decodeURIComponent(value));
    }
    if (hosts.length > 0 && settings.has("host")) return bad(source, "the host is there twice");
    if (/:[0-9]+(?:,|$)/.test(hosts.join()) && settings.has("port")) {
      return bad(source, "the port is there twice");
    }
    return complete({ source, hosts, settings }, sources);
  } catch (error) {
    if (error instanceof URIError)
      return bad(source, "a % in it is not followed by two hexadecimal digits");
    throw error;
  }
}

interface Given {
  /** Which flag or variable said it. */
  readonly source: string;
  /** host or host:port, as in the URL. */
  readonly hosts: readonly string[];
  readonly settings: ReadonlyMap<string, string>;
}

/** Fills in from the environment what was not said, as libpq does, and checks every value. */
function complete(given: Given, sources: Omit<DatabaseSources, "flag">): Result<DatabaseTarget> {
  const { environment } = sources;
  const unknown = [...given.settings.keys()].filter((name) => !Object.hasOwn(parameters, name));
  if (unknown.length > 0)
    return bad(
      given.source,
      `the parameter ${unknown.join(", ")} is not known${adviceFor(unknown)}`,
    );
  const value = (name: keyof typeof parameters): string | undefined => {
    const variable = parameters[name];
    const fallback = variable === undefined ? undefined : environment[variable];
    return given.settings.get(name) ?? (isSet(fallback) ? fallback : undefined);
  };
  const refusal = refusedValues.find(([name, accepted]) => {
    const text = value(name);
    return text !== undefined && !accepted.includes(text);
  });
  if (refusal !== undefined) {
    return bad(
      given.source,
      `${refusal[0]}${shownValue(value(refusal[0]) ?? "")} is not supported; only ${refusal[1].join(", ")}`,
    );
  }

  const user = value("user") ?? sources.userName();
  const database = value("dbname") ?? user;
  const hosts = readHosts(given.hosts, value("host"), value("port") ?? "5432");
  if (hosts === undefined) return bad(given.source, "a port is not a number from 1 to 65535");
  const mode = value("sslmode") ?? "prefer";
  if (!isSslMode(mode))
    return bad(given.source, `sslmode${shownValue(mode)} is none of ${sslModes.join(", ")}`);
  const attributes = value("target_session_attrs") ?? "any";
  if (!isSessionAttributes(attributes)) {
    return bad(
      given.source,
      `target_session_attrs is one of ${sessionAttributes.join(", ")}: a migration has to write`,
    );
  }
  const target: ServerTarget = {
    engine: "server",
    hosts,
    user,
    password: value("password"),
    database,
    tls: {
      mode: value("sslrootcert") === "system" ? "verify-full" : mode,
      rootCertificate: value("sslrootcert"),
      certificate: value("sslcert"),
      key: value("sslkey"),
    },
    sessionAttributes: attributes,
    options: value("options"),
    applicationName: value("application_name"),
  };
  if (target.password !== undefined) return succeed(target);
  const home = environment["HOME"];
  const path = value("passfile") ?? (isSet(home) ? `${home}/.pgpass` : undefined);
  const file = path === undefined ? undefined : sources.readFile(path);
  return succeed({ ...target, password: findPassword(file ?? "", target) });
}

/** A word is shown. What is none may be a part of a password that was not escaped. */
function shownValue(value: string): string {
  return /^[a-z0-9_-]{1,20}$/i.test(value) ? `=${value}` : "";
}

/** Where people move from, these stand in URLs. */
function adviceFor(names: readonly string[]): string {
  if (names.includes("connect_timeout")) return "; use --connect-timeout";
  return names.includes("x-migrations-table") ? "; use --tracker" : "";
}

function readHosts(
  hosts: readonly string[],
  fallback: string | undefined,
  defaultPort: string,
): ServerTarget["hosts"] | undefined {
  const ports = defaultPort.split(",");
  // A host of its own is a name as it is: only a URL has ports, brackets and escapes around it.
  const named = (fallback ?? "localhost").split(",").map((text): readonly string[] => [text, text]);
  const texts = hosts.length > 0 ? hosts : named;
  const read = texts.map((text, index) => {
    const match =
      typeof text === "string"
        ? /^(?:\[([^\]]+)\]|([^:[\]]*))(?::([0-9]+))?$/.exec(decodeURIComponent(text))
        : text;
    const host = match?.[1] ?? match?.[2] ?? "";
    const portText = match?.[3] ?? ports[index] ?? ports[0] ?? "";
    const port = /^[0-9]+$/.test(portText) ? Number(portText) : Number.NaN;
    return { host: host === "" ? "localhost" : host, port, isRead: match !== null };
  });
  const isValid = read.every(
    ({ port, isRead }) => isRead && Number.isInteger(port) && port > 0 && port < 65_536,
  );
  return isValid ? read.map(({ host, port }) => ({ host, port })) : undefined;
}

/** libpq's names of what lacuna can honour, and the variables that stand in for them. */
const parameters = {
  host: "PGHOST",
  port: "PGPORT",
  user: "PGUSER",
  password: "PGPASSWORD",
  dbname: "PGDATABASE",
  passfile: "PGPASSFILE",
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  target_session_attrs: "PGTARGETSESSIONATTRS",
  options: "PGOPTIONS",
  application_name: "PGAPPNAME",
  channel_binding: "PGCHANNELBINDING",
  gssencmode: "PGGSSENCMODE",
  sslnegotiation: "PGSSLNEGOTIATION",
  client_encoding: undefined,
} as const;

export const pgVariables: readonly string[] = Object.values(parameters).flatMap(
  (name) => name ?? [],
);

/** What can be asked for and not be had is refused; what asks for nothing is accepted. */
const refusedValues: readonly (readonly [keyof typeof parameters, readonly string[]])[] = [
  ["channel_binding", ["disable", "prefer"]],
  ["gssencmode", ["disable", "prefer"]],
  ["sslnegotiation", ["postgres"]],
  ["client_encoding", ["UTF8", "utf8", "UTF-8", "utf-8", "auto"]],
];

function isSslMode(text: string): text is SslMode {
  return (sslModes as readonly string[]).includes(text);
}

function isSessionAttributes(text: string): text is SessionAttributes {
  return (sessionAttributes as readonly string[]).includes(text);
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

function bad(
  source: string,
  message: string,
): { readonly ok: false; readonly problems: readonly Problem[] } {
  return refuse({ code: "bad-database", source, message });
}
