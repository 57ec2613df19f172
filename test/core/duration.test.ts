import { expect, test } from "bun:test";
import { formatDuration, parseDurationMs } from "../../src/core/duration.ts";

test.each([
  { text: "500ms", milliseconds: 500 },
  { text: "1ms", milliseconds: 1 },
  { text: "10s", milliseconds: 10_000 },
  { text: "5min", milliseconds: 300_000 },
  { text: "5m", milliseconds: 300_000 },
  { text: "1h", milliseconds: 3_600_000 },
  { text: "007s", milliseconds: 7000 },
  { text: "596h", milliseconds: 2_145_600_000 },
  { text: "597h", milliseconds: undefined },
  { text: "2147483s", milliseconds: 2_147_483_000 },
  { text: "2147484s", milliseconds: undefined },
  { text: "0s", milliseconds: undefined },
  { text: "10", milliseconds: undefined },
  { text: "s", milliseconds: undefined },
  { text: "", milliseconds: undefined },
  { text: "-1s", milliseconds: undefined },
  { text: "1.5s", milliseconds: undefined },
  { text: "1e3s", milliseconds: undefined },
  { text: "10 s", milliseconds: undefined },
  { text: "10S", milliseconds: undefined },
  { text: "10sec", milliseconds: undefined },
  { text: "1d", milliseconds: undefined },
  { text: "10s\n", milliseconds: undefined },
])("the time '$text' is read as it should", ({ text, milliseconds }) => {
  expect(parseDurationMs(text)).toBe(milliseconds);
});

test.each([
  { milliseconds: 0, text: "0 ms" },
  { milliseconds: 0.4, text: "0 ms" },
  { milliseconds: 850.2, text: "850 ms" },
  { milliseconds: 1000, text: "1 s" },
  { milliseconds: 12_340, text: "12.3 s" },
  { milliseconds: 60_000, text: "1 min" },
  { milliseconds: 90_000, text: "1.5 min" },
  { milliseconds: 300_000, text: "5 min" },
])("$milliseconds ms are written as $text", ({ milliseconds, text }) => {
  expect(formatDuration(milliseconds)).toBe(text);
});
