/**
 * A server. A session is one physical connection, and never another one: start-up and authentication
 * come first (dial.ts, log-in.ts), and what is said then is said here (conversation.ts).
 */
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
import type { Channel, Connect } from "./channel.ts";
import { converse } from "./conversation.ts";
import { logIn } from "./log-in.ts";
import { dial, type Dialed } from "./dial.ts";
import { encryptionsFor, openSocket, type SocketOptions } from "./socket.ts";
import { cancelMessage, readWire, type WireReader } from "./wire.ts";

export interface ServerOptions {
  /** Asked anew for each session, where the target has no password: a token does not live long. */
  readonly askPassword?: (() => Promise<string>) | undefined;
  /** What the first session is made of, if it fits. */
  readonly dialed?: Dialed | undefined;
}

/** @param connect Of Bun's sockets, or of node:net. */
export function serverDatabase(
  target: ServerTarget,
  connect: Connect,
  { askPassword, dialed }: ServerOptions = {},
): Database {
  const role = roleInOptions(target.options);
  let ahead = dialed;
  return {
    label: labelOf(target),
    canBeReopened: true,
    ...(role === undefined ? {} : { startsAs: { login: target.user, role } }),
    hasManySessions: true,
    async session(options, work) {
      const password = target.password ?? (await passwordFrom(askPassword, options));
      const given = ahead;
      ahead = undefined;
      const connection = await connectTo({ ...target, password }, connect, options, given);
      try {
        return await work(connection.session);
      } finally {
        await connection.close();
      }
    },
    [Symbol.asyncDispose]() {
      // Nothing else outlives a session.
      ahead?.hangUp();
      return Promise.resolve();
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
  dialed: Dialed | undefined,
): Promise<Connection> {
  let failure: unknown;
  let ahead = fitting(dialed, options);
  for (const address of target.hosts) {
    for (const encryption of encryptionsFor(target.tls)) {
      try {
        const socketOptions = { connect, target, ...address, encryption };
        const given = ahead;
        ahead = undefined;
        const connection = await open(socketOptions, options, given);
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

/** A session is called what it says when it starts. */
function fitting(dialed: Dialed | undefined, options: SessionOptions): Dialed | undefined {
  if (dialed?.applicationName === options.applicationName) return dialed;
  dialed?.hangUp();
  return undefined;
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

async function open(
  socketOptions: SocketOptions,
  options: SessionOptions,
  dialed: Dialed | undefined,
): Promise<Connection> {
  const attempt = newAttempt(options.connectTimeoutMs, options.interruption);
  try {
    return await openWithin(attempt, socketOptions, options, dialed?.channel);
  } catch (error) {
    dialed?.hangUp();
    throw error;
  } finally {
    attempt.end();
  }
}

async function openWithin(
  attempt: Attempt,
  socketOptions: SocketOptions,
  options: SessionOptions,
  dialed: Promise<Channel> | undefined,
): Promise<Connection> {
  const { target } = socketOptions;
  const dialing = dialed ?? dial(socketOptions, options.applicationName, attempt);
  const channel = await attempt.race(dialing);
  const wire = readWire();
  const conversation = converse(channel, wire);
  const { send, close, lost } = conversation;
  /** Who only asked has left nothing. */
  let hasRun = false;
  try {
    const opened = await attempt.race(logIn(channel, conversation, target, options));
    return {
      session: sessionWith(opened.rowSets),
      close: () => close(hasRun && options.endsUnlocked !== true),
    };
  } catch (error) {
    await close(true);
    // Before BackendKeyData the server had not let us in: that is no failure of the script.
    if (!(error instanceof SqlError) || wire.backend.pid !== 0) throw error;
    throw new SqlError("refused", error.server, { cause: error });
  }

  function sessionWith(opening: Session["opening"]): Session {
    return {
      backendPid: wire.backend.pid,
      pipelines: true,
      opening,
      lost,
      async run(script, onNotice): Promise<readonly StatementResult[]> {
        hasRun = true;
        const { tags } = await send(script, { keepRows: false, onNotice });
        return tags.map((tag) => ({ tag }));
      },
      async rows(script, onNotice): Promise<readonly (readonly Row[])[]> {
        return (await send(script, { keepRows: true, onNotice })).rowSets;
      },
      async undo() {
        await send("rollback", { keepRows: false });
      },
      cancel: () => cancel(socketOptions, options.connectTimeoutMs, wire),
    };
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
