/**
 * The physical connection: TCP or a Unix socket, and TLS as libpq has it.
 *
 * It is made here, and postgres.js is handed it where it authenticates, for three reasons: every byte
 * the server sends can be read (wire.ts), a session cannot reconnect behind our back, and a
 * cancel request travels over TLS in the same way.
 */
import type { ServerTarget, TlsPolicy } from "../core/target.ts";
import { deferred } from "../deferred.ts";
import { SqlError } from "../ports.ts";
import type { Attempt } from "./attempt.ts";
import type { Channel, Connect } from "./channel.ts";

export type Encryption = "plain" | "tls" | "tls if offered";

/**
 * The ways to try, in order, for an sslmode; libpq goes on to the next only where the server
 * refuses the connection for its encryption (28000) or the handshake fails.
 */
export function encryptionsFor(policy: TlsPolicy): readonly Encryption[] {
  switch (policy.mode) {
    case "disable":
      return ["plain"];
    case "allow":
      return ["plain", "tls"];
    case "prefer":
      return ["tls if offered", "plain"];
    case "require":
    case "verify-ca":
    case "verify-full":
      return ["tls"];
  }
}

export interface SocketOptions {
  readonly connect: Connect;
  readonly target: ServerTarget;
  readonly host: string;
  readonly port: number;
  readonly encryption: Encryption;
}

/** @throws SqlError of kind `refused` with the system's error code, TLS_FAILED, or 08P01 (no PostgreSQL). */
export async function openSocket(options: SocketOptions, attempt: Attempt): Promise<Channel> {
  const { encryption, host, port } = options;
  let channel: Channel | undefined;
  try {
    // A TCP address with a slash in front is a folder with the server's Unix socket in it.
    const isUnix = host.startsWith("/");
    const place = isUnix ? { path: `${host}/.s.PGSQL.${port}` } : { host, port };
    channel = await options.connect(place, attempt.signal);
    if (isUnix || encryption === "plain") return channel;
    return await attempt.race(encrypt(channel, options));
  } catch (error) {
    channel?.destroy();
    throw refusalOf(error);
  }
}

async function encrypt(channel: Channel, options: SocketOptions): Promise<Channel> {
  const answer = await askForTls(channel);
  if (answer === "N") {
    if (options.encryption === "tls if offered") return channel;
    throw refused("TLS_FAILED", "the server does not offer TLS, and sslmode asks for it");
  }
  try {
    // Reads the certificates, which may not be there or be none.
    return await channel.encrypt(options.target.tls, options.host);
  } catch (error) {
    throw refused("TLS_FAILED", error instanceof Error ? error.message : String(error), error);
  }
}

/** SSLRequest is answered by one byte. More than one is an attack (CVE-2021-23222). */
async function askForTls(channel: Channel): Promise<"S" | "N"> {
  const { promise, resolve, reject } = deferred<Uint8Array>();
  channel.listen({
    data: resolve,
    closed(error) {
      reject(error ?? refused("ECONNRESET", "the server closed the connection"));
    },
  });
  channel.write(Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47));
  const answer = new TextDecoder("latin1").decode(await promise);
  if (answer !== "S" && answer !== "N")
    throw refused("08P01", "the server did not answer the request for TLS as it should");
  return answer;
}

function refusalOf(error: unknown): SqlError {
  if (error instanceof SqlError) return error;
  const { name, code, message } = error as NodeJS.ErrnoException;
  // Deno's word for a host that --allow-net does not name: waiting does not help.
  const reason = name === "NotCapable" ? "NOT_PERMITTED" : code;
  return refused(reason ?? "ECONNRESET", message, error);
}

function refused(code: string, message: string, cause?: unknown): SqlError {
  return new SqlError("refused", { severity: "FATAL", code, message }, { cause });
}
