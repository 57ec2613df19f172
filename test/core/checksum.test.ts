import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { checksumOf, differsInLineEndsOnly, parseChecksum } from "../../src/core/checksum.ts";
import { bytesOf, runs } from "./made.ts";

test.each([
  {
    name: "nothing",
    text: "",
    hex: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  },
  {
    name: "three letters",
    text: "abc",
    hex: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  },
])("the checksum of $name is the published SHA-256", ({ text, hex }) => {
  expect(checksumOf(bytesOf(text)) as string).toBe(hex);
});

test.each([
  { name: "a byte order mark", one: "\ufeffselect 1", other: "select 1" },
  { name: "a carriage return", one: "select 1\r\n", other: "select 1\n" },
  { name: "a trailing line end", one: "select 1\n", other: "select 1" },
])("$name counts in the checksum", ({ one, other }) => {
  expect(checksumOf(bytesOf(one))).not.toBe(checksumOf(bytesOf(other)));
});

test.each([
  { name: "64 hexadecimal digits", text: "0a".repeat(32), isRead: true },
  { name: "upper case", text: "0A".repeat(32), isRead: false },
  { name: "63 digits", text: "0a".repeat(32).slice(1), isRead: false },
  { name: "65 digits", text: `${"0a".repeat(32)}0`, isRead: false },
  { name: "a line end behind it", text: `${"0a".repeat(32)}\n`, isRead: false },
  { name: "a letter that is no digit", text: "0g".repeat(32), isRead: false },
  { name: "nothing", text: "", isRead: false },
])("a recorded checksum of $name is read: $isRead", ({ text, isRead }) => {
  expect(parseChecksum(text) !== undefined).toBe(isRead);
});

test.each([
  { name: "LF where CRLF was applied", now: "a\nb\n", applied: "a\r\nb\r\n", forgiven: true },
  { name: "CRLF where LF was applied", now: "a\r\nb\r\n", applied: "a\nb\n", forgiven: true },
  { name: "mixed where LF was applied", now: "a\r\nb\n", applied: "a\nb\n", forgiven: true },
  { name: "mixed where CRLF was applied", now: "a\r\nb\n", applied: "a\r\nb\r\n", forgiven: true },
  { name: "a text without line ends", now: "a", applied: "a", forgiven: true },
  { name: "a line end more", now: "a\n\n", applied: "a\n", forgiven: false },
  { name: "a lone carriage return", now: "a\rb", applied: "a\nb", forgiven: false },
  { name: "a lone carriage return taken out", now: "ab", applied: "a\rb", forgiven: false },
  { name: "another letter", now: "b\n", applied: "a\r\n", forgiven: false },
  { name: "a blank at the end of a line", now: "a \n", applied: "a\r\n", forgiven: false },
  { name: "a byte order mark more", now: "\ufeffa\n", applied: "a\r\n", forgiven: false },
])("$name is forgiven: $forgiven", ({ now, applied, forgiven }) => {
  expect(differsInLineEndsOnly(bytesOf(now), checksumOf(bytesOf(applied)))).toBe(forgiven);
});

test("line ends are forgiven in both directions for any text with line feeds", () => {
  const lines = fc.array(fc.stringMatching(/^[ -~]{0,6}$/), { maxLength: 6 });
  fc.assert(
    fc.property(lines, (texts) => {
      const unix = bytesOf(texts.join("\n"));
      const windows = bytesOf(texts.join("\r\n"));
      expect(differsInLineEndsOnly(unix, checksumOf(windows))).toBe(true);
      expect(differsInLineEndsOnly(windows, checksumOf(unix))).toBe(true);
    }),
    runs(200),
  );
});
