/** A name server that knows one name, on a loopback address of its own. */
import dgram from "node:dgram";
import { once } from "node:events";

export interface NameServer extends Disposable {
  readonly address: string;
  /** How often it was asked for the name. */
  asked(): number;
}

/** The name is this machine's IPv4 address 127.0.0.1, and has no other. */
export async function startNameServer(name: string): Promise<NameServer> {
  const address = "127.0.0.153";
  const socket = dgram.createSocket("udp4");
  let asked = 0;
  socket.on("message", (query, from) => {
    const { name: wanted, end, type } = questionOf(query);
    if (wanted === name) asked++;
    const typeA = 1;
    const answers = wanted === name && type === typeA ? 1 : 0;
    const reply = Buffer.concat([
      query.subarray(0, 2),
      // An answer without an error, authoritative: one question, and the answers to it.
      Buffer.from([0x84, 0, 0, 1, 0, answers, 0, 0, 0, 0]),
      query.subarray(12, end),
      // The question's name again, type A, class IN, a minute, four bytes.
      ...(answers === 1
        ? [Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1])]
        : []),
    ]);
    socket.send(reply, from.port, from.address);
  });
  // A container's resolv.conf names no port.
  socket.bind(53, address);
  await once(socket, "listening");
  return {
    address,
    asked: () => asked,
    [Symbol.dispose]: () => {
      socket.close();
    },
  };
}

/** RFC 1035, 4.1.2: labels with their lengths, an empty one, type, class; behind 12 bytes of head. */
function questionOf(query: Buffer): {
  readonly name: string;
  readonly end: number;
  readonly type: number;
} {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join("."), end: at + 5, type: query.readUInt16BE(at + 1) };
}
