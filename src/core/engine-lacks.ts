import type { ServerMessage } from "./problem.ts";

/** What the embedded Postgres lacks, where that is why a statement failed. */
export function lackOf({ code, message }: ServerMessage): string | undefined {
  const featureNotSupported = "0A000";
  const isExtension =
    code === featureNotSupported && /^extension .* is not available$/.test(message);
  return isExtension ? message : undefined;
}
