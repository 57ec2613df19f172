/**
 * The first message of a session, and what the server says to it: either that the session is there, or
 * what else it wants to see first.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP
 */
import { Buffer } from "node:buffer";
import type { ServerTarget } from "../core/target.ts";

/** @param applicationName What the session is called, unless the URL says otherwise. */
export function startUpMessage(
  { user, database, options, applicationName: named }: ServerTarget,
  applicationName: string,
): Uint8Array {
  const parameters = {
    user,
    database,
    client_encoding: "UTF8",
    application_name: named ?? applicationName,
    options,
  };
  const said = Object.entries(parameters).filter(([, value]) => (value ?? "") !== "");
  const text = `${said.flat().join("\0")}\0\0`;
  const length = 8 + Buffer.byteLength(text);
  const message = Buffer.alloc(length);
  message.writeUInt32BE(length, 0);
  message.writeUInt32BE(protocol, 4);
  message.write(text, 8);
  return message;
}

/**
 * Whether an answer asks for a proof of who we are; what stands in front of that (a notice) is passed over. Undefined:
 * not enough is here to tell.
 */
export function asksForProof(answer: Uint8Array): boolean | undefined {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  for (let at = 0; at + 9 <= answer.length; at += 1 + Math.max(view.getUint32(at + 1), 4)) {
    if (answer[at] === authentication) return view.getUint32(at + 5) !== 0;
  }
  return undefined;
}

const authentication = "R".charCodeAt(0);
/** 3.0, the one that every server speaks. */
const protocol = 3 << 16;
