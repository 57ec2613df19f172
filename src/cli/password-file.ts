import type { ServerTarget } from "../core/target.ts";

/**
 * The first line of a ~/.pgpass that fits: host:port:database:user:password, with * for any
 * and a backslash in front of a colon or a backslash.
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
export function findPassword(text: string, target: ServerTarget): string | undefined {
  for (const line of text.split(/\r?\n/)) {
    if (line === "" || line.startsWith("#")) continue;
    const [host, port, database, user, ...rest] = splitFields(line);
    const password = rest.join(":");
    const fits = (pattern: string | undefined, value: string): boolean =>
      pattern === "*" || pattern === value;
    const isAddress = target.hosts.some(
      (one) =>
        fits(host, one.host === defaultSocket ? "localhost" : one.host) &&
        fits(port, String(one.port)),
    );
    if (isAddress && fits(database, target.database) && fits(user, target.user)) return password;
  }
  return undefined;
}

const defaultSocket = "/var/run/postgresql";

function splitFields(line: string): readonly string[] {
  return [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/gs)]
    .slice(0, -1)
    .map((match) => (match[1] ?? "").replace(/\\(.)/gs, "$1"));
}
