/** The last gate in front of a terminal: what must not leave does not leave. */
import type { DatabaseTarget } from "../core/target.ts";
import type { Streams } from "../ports.ts";

export interface Output {
  /** Data: what a person or a program asked for. */
  data(text: string): void;
  /** Talk: what else there is to say. */
  talk(text: string): void;
  /** Bytes as they are, for `show`. */
  bytes(bytes: Uint8Array): void;
}

export function outputTo(streams: Streams, redact: (text: string) => string): Output {
  const encoder = new TextEncoder();
  const line = (text: string): Uint8Array => encoder.encode(`${redact(text)}\n`);
  return {
    data(text) {
      streams.stdout(line(text));
    },
    talk(text) {
      streams.stderr(line(text));
    },
    bytes(bytes) {
      streams.stdout(bytes);
    },
  };
}

/**
 * Cuts passwords: those of URLs, and the target's own wherever it stands, unless it is the same
 * word as the user, the host or the database, which messages have to name.
 */
export function redactor(
  ...targets: readonly (DatabaseTarget | undefined)[]
): (text: string) => string {
  const secrets = new Set<string>();
  for (const target of targets) {
    if (target?.engine !== "server" || target.password === undefined) continue;
    const named = [target.user, target.database, ...target.hosts.map((one) => one.host)];
    const { password } = target;
    if (password.length >= shortestSecret && !named.includes(password)) {
      secrets.add(password);
      secrets.add(encodeURIComponent(password));
      secrets.add(JSON.stringify(password).slice(1, -1));
    }
  }
  return (text) => {
    let cut = text;
    // The known ones first: a pattern can end in the middle of one.
    for (const secret of secrets) cut = cut.replaceAll(secret, "***");
    return cut.replace(/(:\/\/[^\s:/@"']*):[^\s"']*@/g, "$1:***@");
  };
}

// A shorter one would be found inside of words, and cutting it would tell more than it hides.
const shortestSecret = 4;

/** A file name or a server's message may hold control characters; a terminal obeys them. */
export function neutralise(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (char) => (char === "\r" ? "" : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}
