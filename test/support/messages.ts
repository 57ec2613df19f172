/** The messages between lacuna and a server, read by a relay: how many are on their way at once. */
import { type Relay, startRelay } from "./relay.ts";

interface Message {
  /** The connection's number, from 1. */
  readonly connection: number;
  readonly from: "client" | "server";
  /** PostgreSQL's letter for it. */
  readonly type: string;
  readonly text: string;
  /** The query that a server's message answers. */
  readonly answers: string;
}

export interface Messages extends AsyncDisposable {
  /** The server's URL by way of the relay. */
  readonly url: string;
  /** Most queries of a connection that had no answer yet, at any time. */
  readonly mostAhead: number;
  /** How many were on their way behind the first one that failed. */
  readonly behindFailure: number | undefined;
  /** How often a client sent when all was answered. */
  readonly roundTrips: number;
  /** Queries, with how many were on their way ahead of each. */
  readonly sent: readonly { readonly text: string; readonly ahead: number }[];
  readonly relay: Relay;
}

export interface MessagesOptions {
  /** Where a connection is cut: in front of a message, or in its middle. */
  readonly cutAt?: CutAt;
  /** Whether a connection is let through. */
  readonly isOpen?: () => boolean;
}

export type CutAt = (message: Message) => "before" | "inside" | undefined;

export async function relayMessages(
  direct: string,
  { cutAt = () => undefined, isOpen = () => true }: MessagesOptions = {},
): Promise<Messages> {
  const links = new Map<number, Link>();
  const sent: { text: string; ahead: number }[] = [];
  let mostAhead = 0;
  let behindFailure: number | undefined;
  let roundTrips = 0;
  const linkOf = (number: number): Link => {
    const link = links.get(number) ?? newLink(number);
    links.set(number, link);
    return link;
  };
  const relay = await startRelay({
    port: Number(new URL(direct).port),
    isOpen,
    toServer(chunk, passing) {
      const link = linkOf(passing.number);
      return pass(link.client, chunk, link, passing.cut, ({ type, text }) => {
        if (type !== "Q") return;
        const ahead = link.waiting.length;
        if (ahead === 0) roundTrips++;
        sent.push({ text, ahead });
        link.waiting.push(text);
        mostAhead = Math.max(mostAhead, link.waiting.length);
      });
    },
    toClient(chunk, passing) {
      const link = linkOf(passing.number);
      return pass(link.server, chunk, link, passing.cut, ({ type }) => {
        if (type === "E") behindFailure ??= link.waiting.length - 1;
        if (type !== "Z") return;
        // The first one ends the connection's start.
        if (link.isStarted) link.waiting.shift();
        link.isStarted = true;
      });
    },
  });
  const url = new URL(relay.url(direct));
  url.searchParams.set("sslmode", "disable");

  function pass(
    side: Side,
    chunk: Buffer,
    link: Link,
    cut: () => void,
    note: (message: Message) => void,
  ): Buffer | undefined {
    if (link.isCut) return undefined;
    const passing: Buffer[] = [];
    for (const frame of framesIn(side, chunk)) {
      const message: Message = {
        connection: link.number,
        from: side.from,
        type: String.fromCharCode(frame[0] ?? 0),
        text: frame.toString("utf8", 5),
        answers: link.waiting[0] ?? "",
      };
      const where = side.isStarted ? cutAt(message) : undefined;
      if (where !== undefined) {
        link.isCut = true;
        if (where === "inside") passing.push(frame.subarray(0, frame.length >> 1));
        // What was let through arrives first.
        setTimeout(cut, 50);
        break;
      }
      if (side.isStarted) note(message);
      side.isStarted = true;
      passing.push(frame);
    }
    return passing.length === 0 ? undefined : Buffer.concat(passing);
  }

  return {
    url: url.href,
    relay,
    sent,
    get mostAhead() {
      return mostAhead;
    },
    get behindFailure() {
      return behindFailure;
    },
    get roundTrips() {
      return roundTrips;
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}

interface Link {
  readonly number: number;
  readonly client: Side;
  readonly server: Side;
  /** Queries without an answer. */
  readonly waiting: string[];
  isStarted: boolean;
  isCut: boolean;
}

interface Side {
  readonly from: Message["from"];
  rest: Buffer;
  /** A client's first message has no letter. */
  isStarted: boolean;
}

function newLink(number: number): Link {
  return {
    number,
    client: { from: "client", rest: Buffer.alloc(0), isStarted: false },
    server: { from: "server", rest: Buffer.alloc(0), isStarted: true },
    waiting: [],
    isStarted: false,
    isCut: false,
  };
}

function framesIn(side: Side, chunk: Buffer): readonly Buffer[] {
  let rest = Buffer.concat([side.rest, chunk]);
  const frames: Buffer[] = [];
  for (;;) {
    const letter = side.isStarted || frames.length > 0 ? 1 : 0;
    if (rest.length < letter + 4) break;
    const length = letter + rest.readUInt32BE(letter);
    if (rest.length < length) break;
    frames.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  side.rest = rest;
  return frames;
}
