/** A connection that the start-up of a session is sent over as soon as it is open. */
import type { ServerTarget } from "../core/target.ts";
import { type Attempt, newAttempt } from "./attempt.ts";
import type { Channel, Connect } from "./channel.ts";
import { encryptionsFor, openSocket, type SocketOptions } from "./socket.ts";
import { startUpMessage } from "./start-up.ts";

/** @throws SqlError as openSocket does. */
export async function dial(
  options: SocketOptions,
  applicationName: string,
  attempt: Attempt,
): Promise<Channel> {
  const channel = await openSocket(options, attempt);
  channel.write(startUpMessage(options.target, applicationName));
  return channel;
}

/** One that is made before anybody asks for a session: the server gets ready meanwhile. */
export interface Dialed {
  readonly applicationName: string;
  /** As `dial` for the target's first host, and the first way that its sslmode has. */
  readonly channel: Promise<Channel>;
  /** Ends what nobody took. */
  readonly hangUp: () => void;
}

/** @param limitMs How long it may take, before somebody waits for it. */
export function dialAhead(
  target: ServerTarget,
  connect: Connect,
  applicationName: string,
  limitMs: number,
): Dialed | undefined {
  const [address] = target.hosts;
  const [encryption] = encryptionsFor(target.tls);
  if (address === undefined || encryption === undefined) return undefined;
  const attempt = newAttempt(limitMs, undefined);
  const options = { connect, target, ...address, encryption };
  const channel = dial(options, applicationName, attempt).finally(() => {
    attempt.end();
  });
  // Whoever asks for the session is told.
  channel.catch(() => undefined);
  return {
    applicationName,
    channel,
    hangUp() {
      void destroyLate(channel);
    },
  };
}

async function destroyLate(channel: Promise<Channel>): Promise<void> {
  const [dialed] = await Promise.allSettled([channel]);
  if (dialed.status === "fulfilled") dialed.value.destroy();
}
