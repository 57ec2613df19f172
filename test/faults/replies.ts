/**
 * Finds COMMIT's acknowledgements in what a server sends.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html: a message is a byte for its
 * type and a length, which counts itself but not the type; CommandComplete is `C` and a text.
 */
export interface Replies {
  /** Where in this chunk CommandComplete messages of a COMMIT begin; below 0: in an earlier one. */
  commitsIn(chunk: Buffer): readonly number[];
}

const headLength = 5;
const commitMessage = Buffer.from("C\0\0\0\x0bCOMMIT\0");

export function newReplies(): Replies {
  /** Behind the last whole message. */
  let rest = Buffer.alloc(0);
  return {
    commitsIn(chunk) {
      const before = rest.length;
      const bytes = Buffer.concat([rest, chunk]);
      const found: number[] = [];
      let at = 0;
      while (bytes.length >= at + headLength) {
        const end = at + 1 + bytes.readUInt32BE(at + 1);
        if (bytes.length < end) break;
        if (bytes.subarray(at, end).equals(commitMessage)) found.push(at - before);
        at = end;
      }
      rest = bytes.subarray(at);
      return found;
    },
  };
}
