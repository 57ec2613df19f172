/**
 * The backend's side of PostgreSQL's protocol 3.0, as far as lacuna reads it.
 *
 * postgres.js keeps one command tag of a message with many statements (the last one before
 * each row set), reports a FATAL to the next query, and gives no count of what was done. lacuna
 * rests on exactly these, so it reads the stream itself, beside postgres.js; PGlite speaks the
 * same protocol and is read by the same code.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import type { ServerMessage } from "../core/problem.ts";
import type { Row } from "../ports.ts";

/** What one message of ours brought back. */
export interface Exchange {
  readonly tags: string[];
  readonly rowSets: Row[][];
  /** The first error. A FATAL that ends the connection stands in `fatal` as well. */
  error: ServerMessage | undefined;
  /** ReadyForQuery has come: the backend has done with the message, and lives. */
  isOver: boolean;
}

export interface WireReader {
  /** Reads a chunk, and gives it back without the rows that are in it. */
  feed(chunk: Uint8Array): Uint8Array;
  /** Starts a new exchange and gives it; `keepRows` false drops rows while they arrive. */
  begin(keepRows: boolean): Exchange;
  /** From BackendKeyData: what a cancel request needs. */
  readonly backend: { pid: number; secret: number };
  /** The last FATAL, which tells why a connection was ended. */
  readonly fatal: ServerMessage | undefined;
}

export function readWire(onNotice: (notice: ServerMessage) => void): WireReader {
  let [exchange, keepRows] = [newExchange(), false];
  let columns: readonly string[] = [];
  let fatal: ServerMessage | undefined;
  const backend = { pid: 0, secret: 0 };

  // A message that is only partly here. Unwanted payloads are counted off, never kept.
  const header = new Uint8Array(5);
  let headerLength = 0;
  let payload: Uint8Array | undefined;
  let payloadLength = 0;
  let missing = 0;

  return {
    backend,
    get fatal() {
      return fatal;
    },
    begin(keep) {
      [exchange, keepRows] = [newExchange(), keep];
      return exchange;
    },
    feed(chunk) {
      const others: Uint8Array[] = [];
      let at = 0;
      while (at < chunk.length) {
        if (missing === 0 && headerLength < 5) {
          header[headerLength++] = chunk[at++] ?? 0;
          if (headerLength < 5) continue;
          // A length below 4 is no length: whatever speaks there is no PostgreSQL.
          missing = Math.max(0, readUint32(header, 1) - 4);
          payload = isWanted(header[0] ?? 0, keepRows) ? new Uint8Array(missing) : undefined;
          payloadLength = 0;
          if (header[0] !== dataRow) others.push(header.slice());
        }
        const length = Math.min(missing, chunk.length - at);
        // A row that nobody wants costs no object: a million of them would fill the heap faster
        // than it is cleared.
        if (payload !== undefined || header[0] !== dataRow) {
          const part = chunk.subarray(at, at + length);
          payload?.set(part, payloadLength);
          if (header[0] !== dataRow) others.push(part);
        }
        payloadLength += length;
        at += length;
        missing -= length;
        if (missing === 0) {
          headerLength = 0;
          if (payload !== undefined) handle(header[0] ?? 0, payload);
        }
      }
      return joined(others);
    },
  };

  function handle(type: number, body: Uint8Array): void {
    switch (type) {
      case commandComplete:
        exchange.tags.push(decoder.decode(body.subarray(0, -1)));
        return;
      case errorResponse: {
        const error = readMessage(body);
        if (error.severity === "FATAL" || error.severity === "PANIC") fatal = error;
        exchange.error ??= error;
        return;
      }
      case noticeResponse:
        onNotice(readMessage(body));
        return;
      case rowDescription:
        columns = readColumns(body);
        exchange.rowSets.push([]);
        return;
      case dataRow:
        exchange.rowSets.at(-1)?.push(readRow(body, columns));
        return;
      case readyForQuery:
        exchange.isOver = true;
        return;
      case backendKeyData:
        backend.pid = readUint32(body, 0);
        backend.secret = readUint32(body, 4);
        return;
      default:
    }
  }
}

function newExchange(): Exchange {
  return { tags: [], rowSets: [], error: undefined, isOver: false };
}

function isWanted(type: number, keepRows: boolean): boolean {
  return keepRows || (type !== dataRow && type !== rowDescription && type !== copyData);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A simple-protocol Query message. */
export function queryMessage(script: string): Uint8Array {
  const text = new TextEncoder().encode(script);
  const message = new Uint8Array(text.length + 6);
  message[0] = "Q".charCodeAt(0);
  new DataView(message.buffer).setUint32(1, text.length + 5);
  message.set(text, 5);
  return message;
}

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
const nullLength = 0xffff_ffff;

const commandComplete = "C".charCodeAt(0);
const errorResponse = "E".charCodeAt(0);
const noticeResponse = "N".charCodeAt(0);
const rowDescription = "T".charCodeAt(0);
const dataRow = "D".charCodeAt(0);
const copyData = "d".charCodeAt(0);
const backendKeyData = "K".charCodeAt(0);
const readyForQuery = "Z".charCodeAt(0);
