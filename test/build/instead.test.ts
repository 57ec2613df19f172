import { describe, expect, test } from "bun:test";
import nodeCrypto from "node:crypto";
import nodeStream from "node:stream";
import crypto, { createHash, sha256 } from "../../build/instead/crypto.ts";
import stream from "../../build/instead/stream.ts";

const given = crypto as Pick<typeof nodeCrypto, "createHash" | "createHmac" | "randomBytes"> & {
  pbkdf2Sync(...all: Parameters<typeof nodeCrypto.pbkdf2Sync>): Promise<Buffer>;
};
const texts = ["", "a", "größe", "x".repeat(100_000)];

describe("what executables have instead of node:crypto says the same", () => {
  test.each(["md5", "sha1", "sha256"] as const)("%s", (algorithm) => {
    for (const text of texts) {
      const [own, node] = [createHash(algorithm), nodeCrypto.createHash(algorithm)];
      expect(
        own
          .update(text)
          .update(Buffer.from([0]))
          .digest("hex"),
      ).toBe(
        node
          .update(text)
          .update(Buffer.from([0]))
          .digest("hex"),
      );
    }
  });

  test("SHA-256 at once", () => {
    for (const text of texts)
      expect(sha256(Buffer.from(text))).toBe(
        nodeCrypto.createHash("sha256").update(text).digest("hex"),
      );
  });

  test("a digest that is read as a number", () => {
    const [own, node] = [createHash("sha256"), nodeCrypto.createHash("sha256")];
    expect(own.update("x").digest().readBigInt64BE(0)).toBe(
      node.update("x").digest().readBigInt64BE(0),
    );
  });

  test("HMAC", () => {
    const key = Buffer.from("a key");
    for (const text of texts) {
      expect(given.createHmac("sha256", key).update(text).digest()).toEqual(
        nodeCrypto.createHmac("sha256", key).update(text).digest(),
      );
    }
  });

  test("PBKDF2, of passwords that are empty and that are no ASCII too", async () => {
    const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
    for (const password of ["pencil", "", "пароль\u00a0ß", "x".repeat(1000)]) {
      expect(await given.pbkdf2Sync(password, salt, 4096, 32, "sha256")).toEqual(
        nodeCrypto.pbkdf2Sync(password, salt, 4096, 32, "sha256"),
      );
    }
  });

  test("random bytes", () => {
    const [one, other] = [given.randomBytes(18), given.randomBytes(18)];
    expect(one).toHaveLength(18);
    expect(one.toString("base64")).not.toBe(other.toString("base64"));
  });
});

test("streams are those of node:stream", () => {
  const { Duplex, Readable, Writable } = nodeStream;
  expect(stream).toEqual(expect.objectContaining({ Duplex, Readable, Writable }));
});
