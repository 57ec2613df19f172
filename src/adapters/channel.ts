/**
 * A connection, as socket.ts needs one. There are two kinds: Bun's own sockets, and those of
 * node:net, which Node and Deno have. Loading node:net costs an executable 6 MB of memory.
 */
import type { TlsPolicy } from "../core/target.ts";

export interface Channel {
  readonly isOpen: boolean;
  /** Each chunk goes to who listened last; what comes before anybody does is kept for the first. */
  readonly listen: (listener: Listener) => void;
  /** Takes everything. False: the network is behind, and `drained` follows. */
  readonly write: (bytes: Uint8Array) => boolean;
  /**
   * Goes on with TLS; this channel is the new one's from then on.
   *
   * @throws whatever is wrong with the certificates, the handshake, or the server's identity.
   */
  readonly encrypt: (policy: TlsPolicy, host: string) => Promise<Channel>;
  /** Says the last, and that nothing follows. */
  readonly end: (bytes: Uint8Array) => void;
  readonly destroy: () => void;
}

interface Listener {
  readonly data: (chunk: Uint8Array) => void;
  readonly drained?: () => void;
  /** Once, and last. */
  readonly closed: (error?: Error) => void;
}

/** A server over TCP, or the path of its Unix socket. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string };

/**
 * Rejects with the system's error, which has a `code`, or with the signal's reason, and leaves
 * nothing behind then.
 */
export type Connect = (place: Place, signal: AbortSignal) => Promise<Channel>;

/** A connection that a firewall forgot is noticed after about a minute. */
export const keepAliveMs = 15_000;

/** What is open, who listens, and what nobody has listened to yet. */
export interface Events {
  readonly isOpen: boolean;
  readonly listen: (listener: Listener) => void;
  readonly data: (chunk: Uint8Array) => void;
  readonly drained: () => void;
  /** The error comes before the close, if there is one. */
  readonly failed: (error: Error) => void;
  readonly closed: () => void;
}

export function newEvents(): Events {
  let listener: Listener | undefined;
  let early: Uint8Array[] = [];
  let isOpen = true;
  let failure: Error | undefined;
  return {
    get isOpen() {
      return isOpen;
    },
    listen(next) {
      listener = next;
      for (const chunk of early.splice(0)) listener.data(chunk);
      if (!isOpen) listener.closed(failure);
    },
    data(chunk) {
      if (listener === undefined) early = [...early, chunk];
      else listener.data(chunk);
    },
    drained() {
      listener?.drained?.();
    },
    failed(error) {
      failure ??= error;
    },
    closed() {
      if (!isOpen) return;
      isOpen = false;
      listener?.closed(failure);
    },
  };
}
