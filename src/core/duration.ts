/** Milliseconds of `500ms`, `10s`, `5min`, `5m`, `1h`; undefined for anything else and for zero. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^([0-9]{1,9})(ms|s|min|m|h)$/.exec(text);
  const milliseconds = Number(match?.[1]) * (unitMs[match?.[2] ?? ""] ?? Number.NaN);
  return milliseconds > 0 && milliseconds <= longestMs ? milliseconds : undefined;
}

/** A duration as people write it: `850 ms`, `12.3 s`, `5 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${trimZero((milliseconds / 1000).toFixed(1))} s`;
  return `${trimZero((milliseconds / 60_000).toFixed(1))} min`;
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

// PostgreSQL keeps its timeouts in a 32-bit integer of milliseconds.
const longestMs = 2_147_483_647;

function trimZero(text: string): string {
  return text.replace(/\.0$/, "");
}
