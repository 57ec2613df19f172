/** Which database is meant: a URL, or a client that the caller has open. */
import { loginName, readTextFile } from "../adapters/login.ts";
import type { PgliteClient } from "../adapters/pglite-client.ts";
import { redactor } from "../cli/output.ts";
import { parseDatabaseUrl } from "../cli/database-url.ts";
import type { DatabaseTarget, ServerTarget } from "../core/target.ts";
import { type Database, Refusal } from "../ports.ts";
import { type PostgresClient, targetOfClient } from "./postgres-client.ts";

export interface Opened {
  readonly database: Database;
  /** Another database of the same server; undefined where there is none. */
  readonly sibling: ((name: string) => Promise<Database>) | undefined;
  /** Cuts the database's password out of a text. */
  readonly cut: (text: string) => string;
}

/** @throws Refusal where it is no database that migrations can be applied to. */
export async function openDatabase(
  given: string | URL | PostgresClient | PgliteClient,
  lockWaitMs: number,
): Promise<Opened> {
  if (typeof given === "string" || given instanceof URL) return openTarget(readUrl(given));
  // By what they can do, not by their class: the caller may have another copy of the library.
  if (isPostgresClient(given)) {
    const { target, askPassword } = targetOfClient(given.options);
    return openTarget(target, askPassword);
  }
  if (isPgliteClient(given)) {
    const { clientDatabase } = await import("../adapters/pglite-client.ts");
    const database = clientDatabase(given, lockWaitMs);
    return { database, sibling: undefined, cut: redactor(undefined) };
  }
  const message = "The option database is no URL, no postgres.js client and no PGlite";
  const hint =
    "give a postgres:// URL, the client that postgres() gave (not one of a transaction, and not a reserved one), or an open PGlite";
  throw new Refusal([{ code: "usage", message, hint }]);
}

/** A server's URL, as psql reads it. @throws Refusal */
export function readServerUrl(url: string | URL): ServerTarget {
  const target = readUrl(url);
  if (target.engine === "server") return target;
  const message = "it names an embedded Postgres, not a server";
  throw new Refusal([{ code: "bad-database", source: urlSource, message }]);
}

async function openTarget(
  target: DatabaseTarget,
  askPassword?: () => Promise<string>,
): Promise<Opened> {
  const cut = redactor(target);
  if (target.engine === "server") {
    const { serverDatabase } = await import("../adapters/postgres.ts");
    const { connectNode } = await import("../adapters/node-channel.ts");
    return {
      database: serverDatabase(target, connectNode, { askPassword }),
      sibling: (name) =>
        Promise.resolve(
          serverDatabase({ ...target, database: name }, connectNode, { askPassword }),
        ),
      cut,
    };
  }
  const { embeddedDatabase } = await import("../adapters/pglite.ts");
  return { database: embeddedDatabase(target), sibling: undefined, cut };
}

function readUrl(url: string | URL): DatabaseTarget {
  const read = parseDatabaseUrl(String(url), urlSource, {
    // A library that reads the environment would surprise: what is not in the URL is not set.
    environment: {},
    userName: loginName,
    readFile: readTextFile,
  });
  if (!read.ok) throw new Refusal(read.problems);
  const target = read.value;
  if (target.engine === "server" || target.folder !== undefined) return target;
  const message = "pglite:memory is gone when the run is over; give an open PGlite instead";
  throw new Refusal([{ code: "bad-database", source: urlSource, message }]);
}

const urlSource = "the database URL";

function isPostgresClient(given: unknown): given is PostgresClient {
  return typeof given === "function" && "options" in given && "unsafe" in given;
}

function isPgliteClient(given: unknown): given is PgliteClient {
  return (
    typeof given === "object" &&
    given !== null &&
    ["execProtocolRawStream", "runExclusive", "_runExclusiveTransaction", "isInTransaction"].every(
      (name) => typeof (given as Record<string, unknown>)[name] === "function",
    )
  );
}
