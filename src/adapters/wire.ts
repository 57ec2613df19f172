/**
 * The backend's side of PostgreSQL's protocol 3.0, as far as lacuna reads it.
 *
 * lacuna rests on the command tags of a message with many statements, on the error that belongs to
 * it, and on how far it came, so it reads the stream itself; PGlite speaks the same protocol and is
 * read by the same code.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import { Buffer } from "node:buffer";
import type { ServerMessage } from "../core/problem.ts";
import type { NoticeListener, Row } from "../ports.ts";

/** What one message of ours brought back. */
export interface Exchange {
  readonly tags: string[];
  readonly rowSets: Row[][];
  /** The first error. A FATAL that ends the connection stands in `fatal` as well. */
  error: ServerMessage | undefined;
  /** ReadyForQuery has come: the backend has done with the message, and lives. */
  isOver: boolean;
}

/** What is asked with a message, and who is told. */
export interface Asked {
  /** False drops rows while they arrive. */
  readonly keepRows: boolean;
  readonly onNotice?: NoticeListener | undefined;
  /** The server waits for the data of a COPY. */
  readonly onCopy?: () => void;
  /** The exchange is over. */
  readonly onOver?: () => void;
}

export interface WireReader {
  /** Reads a chunk, of which nothing is kept. */
  feed(chunk: Uint8Array): void;
  /** Starts an exchange, behind those that have not been answered yet, and gives it. A start-up is one too. */
  begin(asked: Asked): Exchange;
  /** From BackendKeyData: what a cancel request needs. */
  readonly backend: { pid: number; secret: number };
  /** The last FATAL, which tells why a connection was ended. */
  readonly fatal: ServerMessage | undefined;
}

interface Open {
  readonly exchange: Exchange;
  readonly asked: Asked;
}

export function readWire(): WireReader {
  const waiting: Open[] = [];
  let columns: readonly string[] = [];
  let fatal: ServerMessage | undefined;
  const backend = { pid: 0, secret: 0 };

  const wants = (type: number): boolean => isWanted(type, waiting[0]?.asked.keepRows === true);
  return {
    backend,
    get fatal() {
      return fatal;
    },
    begin(asked) {
      const exchange: Exchange = { tags: [], rowSets: [], error: undefined, isOver: false };
      waiting.push({ exchange, asked });
      return exchange;
    },
    feed: cutMessages(wants, handle, (tag) => {
      (waiting[0] ?? nobody).exchange.tags.push(tag);
    }),
  };

  function handle(type: number, body: Uint8Array): void {
    const { exchange, asked } = waiting[0] ?? nobody;
    switch (type) {
      case errorResponse: {
        const error = readMessage(body);
        if (error.severity === "FATAL" || error.severity === "PANIC") fatal = error;
        exchange.error ??= error;
        return;
      }
      case noticeResponse:
        asked.onNotice?.(readMessage(body));
        return;
      case rowDescription:
        columns = readColumns(body);
        exchange.rowSets.push([]);
        return;
      case dataRow:
        exchange.rowSets.at(-1)?.push(readRow(body, columns));
        return;
      case copyInResponse:
      case copyBothResponse:
        asked.onCopy?.();
        return;
      case readyForQuery:
        waiting.shift();
        exchange.isOver = true;
        asked.onOver?.();
        return;
      case backendKeyData:
        backend.pid = readUint32(body, 0);
        backend.secret = readUint32(body, 4);
        return;
      default:
    }
  }
}

/**
 * Cuts the stream into messages. What nobody wants is counted off, and costs no object: a million
 * rows would fill the heap faster than it is cleared. Command tags, of which a run has tens of
 * thousands, are cut out of one text a chunk.
 */
function cutMessages(
  wants: (type: number) => boolean,
  handle: (type: number, body: Uint8Array) => void,
  addTag: (tag: string) => void,
): (chunk: Uint8Array) => void {
  const header = new Uint8Array(5);
  let headerLength = 0;
  /** Of the message that is only partly here. */
  let missing = 0;
  let parts: Uint8Array | undefined;

  /** Gives where the first message begins that is not whole, or the chunk's end. */
  const takeWhole = (chunk: Uint8Array, from: number): number => {
    let text: string | undefined;
    let at = from;
    for (;;) {
      const end = at + 1 + lengthAt(chunk, at);
      // A length that is none, or a message that goes on in the next chunk, is looked at below.
      if (!(end <= chunk.length) || end < at + 5) return at;
      const type = chunk[at] ?? 0;
      if (type === commandComplete) {
        text ??= ascii.decode(chunk);
        addTag(text.slice(at + 5, end - 1));
      } else if (wants(type)) handle(type, chunk.subarray(at + 5, end));
      at = end;
    }
  };

  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (headerLength === 0) at = takeWhole(chunk, at);
      while (headerLength < 5 && at < chunk.length) header[headerLength++] = chunk[at++] ?? 0;
      if (headerLength < 5) return;
      const [type = 0] = header;
      if (parts === undefined && missing === 0) {
        // A length below 4 is no length: whatever speaks there is no PostgreSQL.
        missing = Math.max(0, lengthAt(header, 0) - 4);
        parts = new Uint8Array(wants(type) ? missing : 0);
      }
      const length = Math.min(missing, chunk.length - at);
      if (parts !== undefined && parts.length > 0)
        parts.set(chunk.subarray(at, at + length), parts.length - missing);
      at += length;
      missing -= length;
      if (missing > 0) return;
      const body = parts ?? new Uint8Array(0);
      headerLength = 0;
      parts = undefined;
      if (type === commandComplete) addTag(ascii.decode(body.subarray(0, -1)));
      else if (wants(type)) handle(type, body);
    }
  };
}

/** The length that stands behind a message's type; not a number where not all of it is here. */
function lengthAt(bytes: Uint8Array, at: number): number {
  const last = bytes[at + 4];
  if (last === undefined) return Number.NaN;
  const first = ((bytes[at + 1] ?? 0) << 24) | ((bytes[at + 2] ?? 0) << 16);
  return (first | ((bytes[at + 3] ?? 0) << 8) | last) >>> 0;
}

/** What comes unasked, as when a server is shut down, is nobody's answer. */
const nobody: Open = {
  get exchange() {
    return { tags: [], rowSets: [], error: undefined, isOver: false };
  },
  asked: { keepRows: false },
};

function isWanted(type: number, keepRows: boolean): boolean {
  if (type === dataRow || type === rowDescription) return keepRows;
  return type !== copyData && type !== parameterStatus;
}

/** A simple-protocol Query message. */
export function queryMessage(script: string): Uint8Array {
  return textMessage("Q", script);
}

/** Ends a COPY that waits for data: the server reports an error for it. */
export function copyFailMessage(reason: string): Uint8Array {
  return textMessage("f", reason);
}

/** A type, a length, and a text with a NUL behind it: encoded in its place, since it may be large. */
function textMessage(type: "Q" | "f", text: string): Uint8Array {
  const length = Buffer.byteLength(text);
  const message = new Uint8Array(length + 6);
  message[0] = type.charCodeAt(0);
  new DataView(message.buffer).setUint32(1, length + 5);
  encoder.encodeInto(text, message.subarray(5));
  return message;
}

/** Terminate: the server closes the connection when it has read it. */
export const terminateMessage: Uint8Array = Uint8Array.of("X".charCodeAt(0), 0, 0, 0, 4);

/** The 16 bytes that ask for the cancellation of what a backend is doing. */
export function cancelMessage(backend: {
  readonly pid: number;
  readonly secret: number;
}): Uint8Array {
  const message = new Uint8Array(16);
  const view = new DataView(message.buffer);
  view.setUint32(0, 16);
  view.setUint32(4, 80_877_102);
  view.setUint32(8, backend.pid);
  view.setUint32(12, backend.secret);
  return message;
}

function readMessage(body: Uint8Array): ServerMessage {
  const fields = new Map<string, string>();
  let at = 0;
  while (at < body.length && body[at] !== 0) {
    const end = body.indexOf(0, at);
    fields.set(String.fromCharCode(body[at] ?? 0), decoder.decode(body.subarray(at + 1, end)));
    at = end + 1;
  }
  const position = Number(fields.get("P") ?? Number.NaN);
  const optional = {
    detail: fields.get("D"),
    hint: fields.get("H"),
    position: Number.isInteger(position) ? position : undefined,
    internalQuery: fields.get("q"),
    where: fields.get("W"),
    constraint: fields.get("n"),
  };
  return {
    severity: fields.get("V") ?? fields.get("S") ?? "ERROR",
    code: fields.get("C") ?? "XX000",
    message: fields.get("M") ?? "",
    ...(Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== undefined),
    ) as Partial<ServerMessage>),
  };
}

function readColumns(body: Uint8Array): readonly string[] {
  const names: string[] = [];
  const count = readUint16(body, 0);
  let at = 2;
  for (let index = 0; index < count; index++) {
    const end = body.indexOf(0, at);
    names.push(decoder.decode(body.subarray(at, end)));
    // Behind the name: table, column, type, size, modifier and format take 18 bytes.
    at = end + 19;
  }
  return names;
}

function readRow(body: Uint8Array, columns: readonly string[]): Row {
  const row: Record<string, string | null> = {};
  let at = 2;
  for (const column of columns) {
    const length = readUint32(body, at);
    at += 4;
    if (length === nullLength) row[column] = null;
    else {
      row[column] = decoder.decode(body.subarray(at, at + length));
      at += length;
    }
  }
  return row;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

function readUint16(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(at);
}

const decoder = new TextDecoder();
/** One character a byte, which keeps their places. */
const ascii = new TextDecoder("latin1");
const encoder = new TextEncoder();
const nullLength = 0xffff_ffff;

const commandComplete = "C".charCodeAt(0);
const errorResponse = "E".charCodeAt(0);
const noticeResponse = "N".charCodeAt(0);
const rowDescription = "T".charCodeAt(0);
const dataRow = "D".charCodeAt(0);
const copyData = "d".charCodeAt(0);
const parameterStatus = "S".charCodeAt(0);
const backendKeyData = "K".charCodeAt(0);
const copyInResponse = "G".charCodeAt(0);
const copyBothResponse = "W".charCodeAt(0);
const readyForQuery = "Z".charCodeAt(0);
