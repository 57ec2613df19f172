import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { compareVersions, nextVersion, parseVersion } from "../../src/core/version.ts";
import { runs, versionOf } from "./made.ts";

describe("parseVersion", () => {
  test.each([
    { text: "7", version: "7" },
    { text: "007", version: "7" },
    { text: "0", version: "0" },
    { text: "000", version: "0" },
    { text: "100", version: "100" },
    { text: "20240131235959", version: "20240131235959" },
    { text: "12345678901234567890", version: "12345678901234567890" },
    { text: `0${"9".repeat(60)}`, version: "9".repeat(60) },
    { text: "", version: undefined },
    { text: "-1", version: undefined },
    { text: "+1", version: undefined },
    { text: "1.0", version: undefined },
    { text: "1e3", version: undefined },
    { text: "0x10", version: undefined },
    { text: " 1", version: undefined },
    { text: "1\n", version: undefined },
    { text: "1_000", version: undefined },
    { text: "٣", version: undefined },
    { text: "v1", version: undefined },
  ])("reads '$text' as it should", ({ text, version }) => {
    expect(parseVersion(text) as string | undefined).toBe(version);
  });
});

describe("compareVersions", () => {
  test.each([
    { low: "9", high: "10" },
    { low: "0", high: "1" },
    { low: "99", high: "100" },
    { low: "2", high: "11" },
    { low: "9223372036854775807", high: "9223372036854775808" },
    { low: "9007199254740992", high: "9007199254740993" },
    { low: "20240131235959", high: "12345678901234567890" },
  ])("puts $low before $high", ({ low, high }) => {
    expect(compareVersions(versionOf(low), versionOf(high))).toBeLessThan(0);
    expect(compareVersions(versionOf(high), versionOf(low))).toBeGreaterThan(0);
  });

  test("finds a version equal to itself with leading zeros", () => {
    expect(compareVersions(versionOf("007"), versionOf("7"))).toBe(0);
  });

  test("agrees with the order of integers of any length", () => {
    const digits = fc.bigInt({ min: 0n, max: 10n ** 30n });
    fc.assert(
      fc.property(digits, fc.oneof(digits, fc.constant(undefined)), (left, other) => {
        const right = other ?? left;
        const sign = Math.sign(compareVersions(versionOf(`00${left}`), versionOf(String(right))));
        expect(sign).toBe(left < right ? -1 : left > right ? 1 : 0);
      }),
      runs(500),
    );
  });
});

describe("nextVersion", () => {
  test.each([
    { version: "0", next: "1" },
    { version: "9", next: "10" },
    { version: "0099", next: "100" },
    { version: "9007199254740993", next: "9007199254740994" },
    { version: "99999999999999999999", next: "100000000000000000000" },
  ])("gives $next after $version", ({ version, next }) => {
    expect(nextVersion(versionOf(version)) as string).toBe(next);
  });
});
