import { describe, expect, test } from "bun:test";
import { newReplies } from "./replies.ts";

function message(type: string, body: string): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeUInt32BE(4 + body.length, 1);
  return Buffer.concat([head, Buffer.from(body)]);
}

const before = Buffer.concat([
  message("C", "BEGIN\0"),
  // What a row holds is no message.
  message("D", String(message("C", "COMMIT\0"))),
  message("N", ""),
]);
const commit = message("C", "COMMIT\0");
const stream = Buffer.concat([before, commit, message("Z", "I"), commit]);
const places = [before.length, before.length + commit.length + 6];

describe("acknowledgements of a COMMIT", () => {
  test("are found where they begin", () => {
    expect(newReplies().commitsIn(stream)).toEqual(places);
  });

  test("are found wherever the stream is split", () => {
    for (let at = 0; at <= stream.length; at++) {
      const replies = newReplies();
      const first = replies.commitsIn(stream.subarray(0, at));
      const second = replies.commitsIn(stream.subarray(at)).map((place) => place + at);
      expect([...first, ...second], `split at ${at}`).toEqual(places);
    }
  });
});
