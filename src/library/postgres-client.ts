/**
 * The connection settings of a postgres.js client as a target of our own.
 *
 * The client's pool cannot run a migration: the lock and the work have to share one physical
 * connection, which a pool does not promise, and postgres.js keeps the last command tag of a
 * message only (research: mechanisms, M1 and M2). So a run has a connection of its own, made
 * as the client makes its connections, and the client is not touched.
 */
import type { ServerTarget, TlsPolicy } from "../core/target.ts";
import { Refusal } from "../ports.ts";

/** What of a postgres.js client (the `sql` that postgres() gives) is needed. */
export interface PostgresClient {
  readonly options: object;
  readonly unsafe: (...given: never[]) => unknown;
}

/** As postgres.js has read them: lists for hosts and ports, PG* variables filled in. */
interface ClientOptions {
  readonly host?: readonly string[];
  readonly port?: readonly number[];
  readonly path?: string | false | null;
  readonly database?: string;
  readonly user?: string;
  readonly pass?: string | null | (() => string | Promise<string>);
  readonly ssl?: unknown;
  readonly sslnegotiation?: string | null;
  readonly connection?: Readonly<Record<string, unknown>>;
  readonly target_session_attrs?: string | null;
  readonly socket?: unknown;
}

export interface ClientTarget {
  readonly target: ServerTarget;
  readonly askPassword: (() => Promise<string>) | undefined;
}

/** @throws Refusal where the client connects in a way that cannot be taken over. */
export function targetOfClient(given: object): ClientTarget {
  const options = given as ClientOptions;
  if (options.socket !== undefined && options.socket !== null) {
    throw refusal("it has a socket of its own making, and a run needs a connection of its own");
  }
  if (options.sslnegotiation === "direct") throw refusal("sslnegotiation=direct is not supported");
  const { pass } = options;
  const { application_name: name, options: startup, ...parameters } = options.connection ?? {};
  const askPassword = typeof pass === "function" ? async () => pass() : undefined;
  const target: ServerTarget = {
    engine: "server",
    hosts: hostsOf(options),
    user: options.user ?? "postgres",
    password: typeof pass === "string" ? pass : undefined,
    database: options.database ?? options.user ?? "postgres",
    tls: tlsOf(options.ssl),
    sessionAttributes: attributesOf(options.target_session_attrs),
    options: startupOptions(startup, parameters),
    // postgres.js gives its own name where the caller gave none.
    applicationName: typeof name === "string" && name !== "postgres.js" ? name : undefined,
  };
  return { target, askPassword };
}

function hostsOf({ host, port, path }: ClientOptions): ServerTarget["hosts"] {
  if (typeof path !== "string" || path === "") {
    // Bun.sql looks like postgres.js from the outside, and keeps its settings in another form.
    if (!Array.isArray(host) || host.length === 0 || !Array.isArray(port)) {
      throw refusal("its options are not those of postgres.js; give the URL instead");
    }
    const portAt = (index: number): number => Number(port[index] ?? port[0] ?? 5432);
    return host.map((one, index) => ({ host: String(one), port: portAt(index) }));
  }
  // PostgreSQL names its sockets so; the folder is what is called a host.
  const socket = /^(\/.*)\/\.s\.PGSQL\.([0-9]+)$/.exec(path);
  if (socket === null) throw refusal(`its path ${path} is not named like PostgreSQL's sockets`);
  return [{ host: socket[1] ?? "", port: Number(socket[2]) }];
}

/**
 * https://github.com/porsager/postgres#ssl: words that are not known to it, and `true`, are what
 * Node's tls.connect does by itself, and that is to verify everything.
 */
function tlsOf(ssl: unknown): TlsPolicy {
  const noFiles = { rootCertificate: undefined, certificate: undefined, key: undefined };
  if (ssl === undefined || ssl === null || ssl === false) return { mode: "disable", ...noFiles };
  if (ssl === "prefer") return { mode: "prefer", ...noFiles };
  // To postgres.js `allow` means `require`: it never goes on without TLS.
  if (ssl === "require" || ssl === "allow") return { mode: "require", ...noFiles };
  if (typeof ssl !== "object") return { mode: "verify-full", ...noFiles };
  // Without a mode that turns the verification off, `rejectUnauthorized` decides, as in Node.
  return { mode: "verify-full", ...noFiles, connect: ssl as Readonly<Record<string, unknown>> };
}

function attributesOf(attributes: string | null | undefined): ServerTarget["sessionAttributes"] {
  if (attributes === undefined || attributes === null || attributes === "") return "any";
  if (attributes === "read-write" || attributes === "primary") return attributes;
  throw refusal(`its target_session_attrs is ${attributes}, and a migration has to write`);
}

/** What the client sets for its sessions, the run's session has too: a search_path, a role. */
function startupOptions(
  options: unknown,
  parameters: Readonly<Record<string, unknown>>,
): string | undefined {
  const settings = Object.entries(parameters)
    // The wire is UTF-8 whatever is said here.
    .filter(([name, value]) => name !== "client_encoding" && value !== undefined && value !== null)
    .map(([name, value]) => `-c ${name}=${String(value).replaceAll(/[\\\s]/g, "\\$&")}`);
  const all = [...(typeof options === "string" ? [options] : []), ...settings];
  return all.length === 0 ? undefined : all.join(" ");
}

function refusal(message: string): Refusal {
  return new Refusal([{ code: "bad-database", source: "the postgres.js client", message }]);
}
