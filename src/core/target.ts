/** Which database is meant. A parsed target cannot be half right. */
export type DatabaseTarget = ServerTarget | EmbeddedTarget;

export interface ServerTarget {
  readonly engine: "server";
  /** Tried in order, as libpq does. A host that begins with a slash is a socket's folder. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: TlsPolicy;
  readonly sessionAttributes: SessionAttributes;
  /** The start-up parameter `options`, passed on as it is. */
  readonly options: string | undefined;
  /** The user's own application_name instead of lacuna's. */
  readonly applicationName: string | undefined;
}

export interface EmbeddedTarget {
  readonly engine: "pglite";
  /** Undefined: in memory, gone when the process ends. */
  readonly folder: string | undefined;
}

/** https://www.postgresql.org/docs/current/libpq-ssl.html */
export interface TlsPolicy {
  readonly mode: SslMode;
  /** Path of a PEM file, or `system`. */
  readonly rootCertificate: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /**
   * What a program gives that holds its certificates in memory: options of Node's tls.connect,
   * which win over what stands above.
   */
  readonly connect?: Readonly<Record<string, unknown>>;
}

export const sslModes = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
] as const;
export type SslMode = (typeof sslModes)[number];

export const sessionAttributes = ["any", "read-write", "primary"] as const;
export type SessionAttributes = (typeof sessionAttributes)[number];

/** Host, port and database for messages; a password is not part of it. */
export function labelOf(target: DatabaseTarget): string {
  if (target.engine === "pglite")
    return target.folder === undefined ? "pglite:memory" : `pglite:${target.folder}`;
  const hosts = target.hosts
    .map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`)
    .join(",");
  return `${hosts}/${target.database}`;
}
