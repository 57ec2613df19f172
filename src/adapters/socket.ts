/**
 * The physical connection: TCP or a Unix socket, and TLS as libpq has it.
 *
 * It is made here and handed to postgres.js ready for use, for three reasons: every byte the
 * server sends can be read (wire.ts), a session cannot reconnect behind our back, and a
 * cancel request travels over TLS in the same way.
 */
import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";
import type { ServerTarget, TlsPolicy } from "../core/target.ts";
import { SqlError } from "../ports.ts";

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
  readonly target: ServerTarget;
  readonly host: string;
  readonly port: number;
  readonly encryption: Encryption;
  readonly timeoutMs: number;
}

/** @throws SqlError of kind `refused` with the system's error code, or TLS_FAILED. */
export async function openSocket(options: SocketOptions): Promise<net.Socket> {
  const { host, port } = options;
  // A TCP address with a slash in front is a folder with the server's Unix socket in it.
  const isUnix = host.startsWith("/");
  const socket = isUnix ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect(port, host);
  try {
    await settled(socket, "connect", options.timeoutMs);
    socket.setNoDelay(true);
    // A connection that a firewall forgot is noticed after about a minute.
    socket.setKeepAlive(true, 15_000);
    if (isUnix || options.encryption === "plain") return socket;
    return await encrypt(socket, options);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function encrypt(socket: net.Socket, options: SocketOptions): Promise<net.Socket> {
  const answer = await askForTls(socket, options.timeoutMs);
  if (answer === "N") {
    if (options.encryption === "tls if offered") return socket;
    throw refusedTls("the server does not offer TLS, and sslmode asks for it");
  }
  let secure: net.Socket;
  try {
    // Reads the certificates, which may not be there or be none.
    const { tls: policy } = options.target;
    secure = tls.connect({ ...tlsOptions(policy, options.host), ...policy.connect, socket });
    await settled(secure, "secureConnect", options.timeoutMs);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw refusedTls(message, error);
  }
  return secure;
}

/** SSLRequest is answered by one byte. More than one is an attack (CVE-2021-23222). */
async function askForTls(socket: net.Socket, timeoutMs: number): Promise<"S" | "N"> {
  socket.write(Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47));
  const answer = await settled(socket, "data", timeoutMs);
  const text = String(answer);
  if (text !== "S" && text !== "N")
    throw refusedTls("the server did not answer the request for TLS as it should");
  return text;
}

function tlsOptions(policy: TlsPolicy, host: string): tls.ConnectionOptions {
  const name = net.isIP(host) === 0 ? { servername: host } : {};
  const client = {
    ...(policy.certificate === undefined ? {} : { cert: readFileSync(policy.certificate) }),
    ...(policy.key === undefined ? {} : { key: readFileSync(policy.key) }),
  };
  const { rootCertificate } = policy;
  const ca =
    rootCertificate === undefined || rootCertificate === "system"
      ? {}
      : { ca: readFileSync(rootCertificate) };
  // As in libpq, a root certificate turns require into verify-ca.
  const mode =
    policy.mode === "require" && rootCertificate !== undefined ? "verify-ca" : policy.mode;
  switch (mode) {
    case "verify-full":
      return { ...name, ...client, ...ca, host, rejectUnauthorized: true };
    case "verify-ca":
      return {
        ...name,
        ...client,
        ...ca,
        host,
        rejectUnauthorized: true,
        checkServerIdentity: () => undefined,
      };
    default:
      return { ...name, ...client, rejectUnauthorized: false };
  }
}

/** Waits for one event of a socket, or for its failure, or for the time limit. */
function settled(socket: net.Socket, event: string, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => fail("ETIMEDOUT", `no answer within ${timeoutMs} ms`),
      timeoutMs,
    );
    const onEvent = (value: unknown): void => {
      clear();
      resolve(value);
    };
    const onError = (error: NodeJS.ErrnoException): void => {
      // Deno's word for a host that --allow-net does not name: waiting does not help.
      const code = error.name === "NotCapable" ? "NOT_PERMITTED" : error.code;
      fail(code ?? "ECONNRESET", error.message, error);
    };
    const onClose = (): void => {
      fail("ECONNRESET", "the server closed the connection");
    };
    socket.once(event, onEvent);
    socket.once("error", onError);
    socket.once("close", onClose);

    function clear(): void {
      clearTimeout(timer);
      socket.off(event, onEvent);
      socket.off("error", onError);
      socket.off("close", onClose);
    }
    function fail(code: string, message: string, cause?: unknown): void {
      clear();
      // An error that comes late must not end the process.
      socket.on("error", () => undefined);
      reject(new SqlError("refused", { severity: "FATAL", code, message }, { cause }));
    }
  });
}

function refusedTls(message: string, cause?: unknown): SqlError {
  return new SqlError("refused", { severity: "FATAL", code: "TLS_FAILED", message }, { cause });
}
