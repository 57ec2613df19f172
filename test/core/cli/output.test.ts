import { describe, expect, test } from "bun:test";
import { neutralise, outputTo, redactor } from "../../../src/cli/output.ts";
import type { ServerTarget } from "../../../src/core/target.ts";

function targetOf(password: string, more: Partial<ServerTarget> = {}): ServerTarget {
  return {
    engine: "server",
    hosts: [{ host: "host", port: 5432 }],
    user: "user",
    password,
    database: "data",
    tls: { mode: "prefer", rootCertificate: undefined, certificate: undefined, key: undefined },
    sessionAttributes: "any",
    options: undefined,
    applicationName: undefined,
    ...more,
  };
}

describe("passwords are cut out of every text", () => {
  test.each([
    { name: "of a URL", text: "at postgres://u:pass@h/d now", cut: "at postgres://u:***@h/d now" },
    { name: "of a URL without a user", text: "postgres://:pass@h", cut: "postgres://:***@h" },
    { name: "with colons", text: "postgres://u:p:a:s@h", cut: "postgres://u:***@h" },
    { name: "with a slash", text: "postgres://u:p/s@h", cut: "postgres://u:***@h" },
    { name: "with an at sign", text: "postgres://u:p@ss@h/d", cut: "postgres://u:***@h/d" },
    { name: "of two URLs", text: "a://u:p@h b://v:q@i", cut: "a://u:***@h b://v:***@i" },
    { name: "of another scheme", text: "redis://u:p@h", cut: "redis://u:***@h" },
  ])("$name, whoever's it is", ({ text, cut }) => {
    expect(redactor(undefined)(text)).toBe(cut);
  });

  test.each([
    { name: "a URL without a password", text: "postgres://u@h:5432/d" },
    { name: "a port", text: "http://localhost:8080/healthz" },
    { name: "an address behind a port", text: '{"a":"http://h:8080","b":"x@y"}' },
    { name: "an address of mail", text: "write to a@b: it helps" },
    { name: "a time", text: "at 10:00 @ home" },
  ])("$name stays", ({ text }) => {
    expect(redactor(undefined)(text)).toBe(text);
  });

  test.each([
    { name: "as it is", password: "hunter22", text: "FATAL: hunter22!", cut: "FATAL: ***!" },
    { name: "more than once", password: "hunter22", text: "hunter22hunter22", cut: "******" },
    { name: "escaped for a URL", password: "h@nt/r", text: "x=h%40nt%2Fr", cut: "x=***" },
    {
      name: "escaped for JSON",
      password: 'a"b\\c',
      text: JSON.stringify({ m: 'a"b\\c' }),
      cut: '{"m":"***"}',
    },
    {
      name: "with characters of patterns",
      password: "a.*$&",
      text: "aXX$& a.*$&",
      cut: "aXX$& ***",
    },
    {
      name: "in a URL with an at sign that is not escaped",
      password: "p@ssword",
      text: "postgres://user:p@ssword@host/data",
      cut: "postgres://user:***@host/data",
    },
  ])("the target's own password $name", ({ password, text, cut }) => {
    expect(redactor(targetOf(password))(text)).toBe(cut);
  });

  test.each([
    { name: "is the user's name", password: "user" },
    { name: "is the database's name", password: "data" },
    { name: "is the host's name", password: "host" },
    { name: "is too short to hide", password: "dat" },
  ])("a password that $name leaves messages readable", ({ password }) => {
    expect(redactor(targetOf(password))("user data host")).toBe("user data host");
    expect(redactor(targetOf(password))(`postgres://user:${password}@host`)).toBe(
      "postgres://user:***@host",
    );
  });

  test("a database without a password has nothing to hide", () => {
    expect(redactor({ engine: "pglite", folder: "user" })("user")).toBe("user");
    expect(redactor({ ...targetOf(""), password: undefined })("undefined")).toBe("undefined");
  });
});

describe("what a terminal would obey is shown instead", () => {
  test.each([
    { name: "an escape sequence", text: "\u001b[2J", shown: "\\u001b[2J" },
    { name: "a sequence of eight bits", text: "\u009b2J", shown: "\\u009b2J" },
    { name: "a title", text: "\u001b]0;x\u0007", shown: "\\u001b]0;x\\u0007" },
    { name: "a backspace", text: "a\bb", shown: "a\\u0008b" },
    { name: "a delete", text: "\u007f", shown: "\\u007f" },
    { name: "a NUL", text: "\0", shown: "\\u0000" },
    { name: "a form feed", text: "\f\v", shown: "\\u000c\\u000b" },
    {
      name: "an order to write from right to left",
      text: "a\u202eb\u2066c",
      shown: "a\\u202eb\\u2066c",
    },
    {
      name: "a mark of direction",
      text: "a\u200eb\u200fc\u061cd",
      shown: "a\\u200eb\\u200fc\\u061cd",
    },
    {
      name: "line ends of other kinds",
      text: "a\u2028b\u2029c\u0085d",
      shown: "a\\u2028b\\u2029c\\u0085d",
    },
    {
      name: "a carriage return, which would overwrite the line",
      text: "good\rbad\r\n",
      shown: "goodbad\n",
    },
  ])("$name", ({ text, shown }) => {
    expect(neutralise(text)).toBe(shown);
  });

  test("letters, tabs and line feeds stay", () => {
    const text = "é😀漢 a\tb\nc \u00a0 ~ \u200d";
    expect(neutralise(text)).toBe(text);
  });
});

test("data goes to stdout and talk to stderr, redacted, and bytes go as they are", () => {
  const out: string[] = [];
  const decoder = new TextDecoder();
  const output = outputTo(
    {
      stdout: (bytes) => {
        out.push(`1 ${decoder.decode(bytes)}`);
      },
      stderr: (bytes) => {
        out.push(`2 ${decoder.decode(bytes)}`);
      },
    },
    (text) => text.replaceAll("secret", "***"),
  );
  output.data("a secret é");
  output.talk("b secret");
  output.bytes(new TextEncoder().encode("secret \u001b"));
  expect(out).toEqual(["1 a *** é\n", "2 b ***\n", "1 secret \u001b"]);
});
