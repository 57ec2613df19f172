import { processStreams } from "../../src/adapters/streams.ts";

const streams = processStreams();

/**
 * Prints a line so that it has arrived when the call returns. The reports here end in a line of
 * counts that somebody reads, and console.log before process.exit loses it in a pipe whose reader
 * is behind (Bun 1.4.5).
 */
export function say(line: string): void {
  sayAsIs(`${line}\n`);
}

/** The same for text that has its own line ends. */
export function sayAsIs(text: string): void {
  streams.stdout(Buffer.from(text));
}
