/**
 * A server, by postgres.js. It does the start-up, the authentication and the writing of
 * queries; what comes back is read beside it (wire.ts).
 *
 * A session is one physical connection. postgres.js would silently go on with a new backend,
 * which holds no lock (postgres.js 3.4.9, pinned by the contract suite): its socket is made
 * here, given out once, and a second request for one fails.
 */
import type { Writable } from "node:stream";
import postgres from "postgres";
import { roleInOptions } from "../core/privileges.ts";
import type { ServerMessage } from "../core/problem.ts";
import { labelOf, type ServerTarget } from "../core/target.ts";
import { deferred } from "../deferred.ts";
import {
  type Database,
  type Row,
  type Session,
  type SessionOptions,
  SqlError,
  type StatementResult,
} from "../ports.ts";
import { type Attempt, newAttempt } from "./attempt.ts";
import type { Connect } from "./channel.ts";
import { givenOnce, type PostgresSocket, withoutRows } from "./rowless-socket.ts";
import { encryptionsFor, openSocket, type SocketOptions } from "./socket.ts";
import { cancelMessage, type Exchange, readWire, type WireReader } from "./wire.ts";

/**
 * `connect`: of Bun's sockets or of node:net. `askPassword`: asked anew for each session, where the target has no password: a token does not
 * live long.
 */
export function serverDatabase(
  target: ServerTarget,
  connect: Connect,
  askPassword?: () => Promise<string>,
): Database {
  const role = roleInOptions(target.options);
  return {
    label: labelOf(target),
    canBeReopened: true,
    ...(role === undefined ? {} : { startsAs: { login: target.user, role } }),
    hasManySessions: true,
    async session(options, work) {
      const password = target.password ?? (await passwordFrom(askPassword, options));
      const connection = await connectTo({ ...target, password }, connect, options);
      try {
        return await work(connection.session);
      } finally {
        await connection.close();
      }
    },
    async [Symbol.asyncDispose]() {
      // Nothing outlives a session.
    },
  };
}

interface Connection {
  readonly session: Session;
  close(): Promise<void>;
}

/** The first host that answers, each with the encryptions that sslmode allows. */
async function connectTo(
  target: ServerTarget,
  connect: Connect,
  options: SessionOptions,
): Promise<Connection> {
  let failure: unknown;
  for (const address of target.hosts) {
    for (const encryption of encryptionsFor(target.tls)) {
      try {
        const socketOptions = { connect, target, ...address, encryption };
        const connection = await open(socketOptions, options);
        if (await isFit(target, connection.session)) return connection;
        await connection.close();
        failure = unfit(address.host, target);
        break;
      } catch (error) {
        failure = error;
        if (!(error instanceof SqlError)) throw error;
        if (!dependsOnEncryption(error.server)) break;
      }
    }
  }
  throw failure;
}

/** target_session_attrs: the first of several hosts that can be written to. */
async function isFit({ sessionAttributes }: ServerTarget, session: Session): Promise<boolean> {
  if (sessionAttributes === "any") return true;
  const [rows] = await session.rows(
    "select pg_catalog.pg_is_in_recovery()::text as is_standby, " +
      "pg_catalog.current_setting('transaction_read_only') as read_only",
  );
  const row = rows?.[0];
  return (
    row?.["is_standby"] === "false" &&
    (sessionAttributes === "primary" || row["read_only"] === "off")
  );
}

/** 57P03, because a standby may be promoted: the next attempt asks again. */
function unfit(host: string, { sessionAttributes }: ServerTarget): SqlError {
  const message = `${host} is not ${sessionAttributes}, as target_session_attrs asks for`;
  return new SqlError("refused", { severity: "FATAL", code: "57P03", message });
}

/** 28000: no pg_hba.conf entry for this kind of connection. */
function dependsOnEncryption(error: ServerMessage): boolean {
  return error.code === "TLS_FAILED" || error.code === "28000";
}

async function open(socketOptions: SocketOptions, options: SessionOptions): Promise<Connection> {
  const attempt = newAttempt(options.connectTimeoutMs, options.interruption);
  try {
    return await openWithin(attempt, socketOptions, options);
  } finally {
    attempt.end();
  }
}

async function openWithin(
  attempt: Attempt,
  socketOptions: SocketOptions,
  options: SessionOptions,
): Promise<Connection> {
  const { target } = socketOptions;
  const channel = await openSocket(socketOptions, attempt);
  const wire = readWire(options.onNotice);

  let isClosing = false;
  let lost: SqlError | undefined;
  const { promise: whenLost, resolve: announceLoss } = deferred<SqlError>();
  const { promise: whenClosed, resolve: announceClose } = deferred<void>();
  const socket = withoutRows(channel, wire, () => {
    announceClose();
    if (isClosing) return;
    lost = lossOf(wire);
    announceLoss(lost);
  });

  const sql = postgres(clientOptions(target, options.applicationName, givenOnce(socket)));
  const send = async (script: string, keepRows: boolean): Promise<Exchange> => {
    if (lost !== undefined) throw lost;
    const exchange = wire.begin(keepRows);
    const query = sql.unsafe(script).simple();
    let reply: unknown;
    try {
      reply = await query;
    } catch (error) {
      // The close of the socket may come a moment later than the failure of the query.
      if (exchange.error === undefined || wire.fatal !== undefined)
        await Promise.race([whenClosed, delay(1000)]);
      throw sqlErrorOf(error, exchange, lost);
    }
    if (Array.isArray(reply)) return exchange;
    // COPY FROM STDIN resolves as a stream while the server waits: a wrong success. The stream
    // reports the end of its connection as an error of its own, which nobody waits for.
    (reply as Writable).on("error", () => undefined);
    socket.destroy();
    const message = "a COPY asked for a stream, which a migration does not have";
    throw new SqlError("server", { severity: "ERROR", code: "0A000", message });
  };

  const sessionWith = (opening: Session["opening"]): Session => ({
    backendPid: wire.backend.pid,
    opening,
    lost: whenLost,
    async run(script): Promise<readonly StatementResult[]> {
      return (await send(script, false)).tags.map((tag) => ({ tag }));
    },
    async rows(script): Promise<readonly (readonly Row[])[]> {
      return (await send(script, true)).rowSets;
    },
    async undo() {
      await send("rollback", false);
    },
    cancel: () => cancel(socketOptions, options.connectTimeoutMs, wire),
  });
  const close = async (): Promise<void> => {
    isClosing = true;
    const farewell = sql.end({ timeout: 1 });
    // postgres.js waits a second for the end of what has ended.
    if (channel.isOpen) await Promise.race([farewell, delay(1500)]);
    socket.destroy();
  };
  try {
    // Start-up and authentication happen with the first query.
    const opened = await attempt.race(send(options.opening, true));
    return { session: sessionWith(opened.rowSets), close };
  } catch (error) {
    await close();
    // Before BackendKeyData the server had not let us in: that is no failure of the script.
    if (!(error instanceof SqlError) || wire.backend.pid !== 0) throw error;
    throw new SqlError("refused", error.server, { cause: error });
  }
}

/** postgres.js would ask a function by itself, and leave its failure to nobody. */
async function passwordFrom(
  ask: (() => Promise<string>) | undefined,
  { connectTimeoutMs, interruption }: SessionOptions,
): Promise<string | undefined> {
  if (ask === undefined) return undefined;
  const attempt = newAttempt(connectTimeoutMs, interruption);
  try {
    return await attempt.race(ask());
  } catch (cause) {
    if (cause instanceof SqlError) throw cause;
    const message = `the function for the password failed: ${String(cause)}`;
    throw new SqlError("refused", { severity: "FATAL", code: "PASSWORD", message }, { cause });
  } finally {
    attempt.end();
  }
}

/**
 * Everything is said explicitly: what is not, postgres.js takes from PG* variables and its
 * own defaults (a pool of ten, a life of an hour, a query for the array types).
 */
function clientOptions(
  target: ServerTarget,
  applicationName: string,
  socket: () => PostgresSocket,
): postgres.Options<Record<string, postgres.PostgresType>> {
  const [address] = target.hosts;
  return {
    host: address?.host ?? "",
    port: address?.port ?? 5432,
    user: target.user,
    pass: target.password ?? "",
    database: target.database,
    ssl: false,
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: 0,
    backoff: () => 0,
    keep_alive: null,
    prepare: false,
    fetch_types: false,
    publications: "",
    debug: false,
    onnotice: () => undefined,
    connection: {
      application_name: target.applicationName ?? applicationName,
      ...(target.options === undefined ? {} : { options: target.options }),
    },
    socket,
  } as postgres.Options<Record<string, postgres.PostgresType>>;
}

function sqlErrorOf(error: unknown, exchange: Exchange, lost: SqlError | undefined): SqlError {
  const completed = exchange.tags.length;
  if (lost !== undefined) return new SqlError("lost", lost.server, { completed, cause: error });
  if (exchange.error !== undefined)
    return new SqlError("server", exchange.error, { completed, cause: error });
  const { code, message } = error as { code?: string; message?: string };
  return new SqlError(
    "lost",
    { severity: "FATAL", code: code ?? "CONNECTION_CLOSED", message: message ?? String(error) },
    { completed, cause: error },
  );
}

function lossOf(wire: WireReader): SqlError {
  return new SqlError(
    "lost",
    wire.fatal ?? {
      severity: "FATAL",
      code: "CONNECTION_CLOSED",
      message: "the connection was closed by the server or the network",
    },
  );
}

/** A cancel request goes over a connection of its own, which the server closes when it has read it. */
async function cancel(options: SocketOptions, timeoutMs: number, wire: WireReader): Promise<void> {
  const attempt = newAttempt(timeoutMs, undefined);
  try {
    const channel = await openSocket(options, attempt);
    const { promise, resolve } = deferred<void>();
    channel.listen({
      data: () => undefined,
      closed: () => {
        resolve();
      },
    });
    channel.write(cancelMessage(wire.backend));
    await Promise.race([promise, delay(2000)]);
    channel.destroy();
  } finally {
    attempt.end();
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
