/**
 * What a command needs of the world, made of the adapters: a set's source, a database, and what
 * stands around them. Each adapter is loaded when somebody asks for it.
 */
import { existsSync } from "node:fs";
import type { Connect } from "./adapters/channel.ts";
import type { Dialed } from "./adapters/dial.ts";
import { inside } from "./adapters/inside.ts";
import { type DatabaseTarget, labelOf } from "./core/target.ts";
import { fewTurns } from "./deferred.ts";
import type { Database, Interruption, Reporter, Source, World } from "./ports.ts";
import { applicationNameOf } from "./product.ts";
import type { DriftRequest, TargetRequest } from "./request.ts";

/** The folder of a project, where none is named and no migrations are inside. */
export const developmentFolder = "migrations";

export interface Surroundings {
  readonly reporter: Reporter;
  readonly interruption: Interruption;
}

export interface Needed {
  readonly folder: string | undefined;
  readonly database: Promise<Database>;
}

export function given({ folder, target }: TargetRequest): Needed {
  return { folder, database: databaseOf(target) };
}

/** As `given`, for who connects whatever the files are: the server gets ready while the rest is loaded. */
export async function dialed({ folder, target }: TargetRequest): Promise<Needed> {
  if (target.engine === "pglite") return { folder, database: databaseOf(target) };
  const connect = await connector();
  const { dialAhead } = await import("./adapters/dial.ts");
  const { hostName } = await import("./adapters/system.ts");
  const name = applicationNameOf(undefined, hostName());
  const ahead = dialAhead(target, connect, name, dialLimitMs);
  // Loading what comes next leaves the event loop no turn; a server that is not near is not waited for.
  if (ahead !== undefined) await Promise.race([ahead.channel.catch(() => undefined), fewTurns()]);
  return { folder, database: databaseOf(target, ahead) };
}

const dialLimitMs = 15_000;

export function betweenOthers({ folder, target }: TargetRequest): Needed {
  return { folder, database: databaseBetweenOthers(target) };
}

export async function withWorld<T>(
  needed: Needed,
  { reporter, interruption }: Surroundings,
  work: (world: World) => Promise<T>,
): Promise<T> {
  const { systemClock, hostName } = await import("./adapters/system.ts");
  const { postgresParser: parser } = await import("./adapters/parser.ts");
  await using database = await needed.database;
  const source = await sourceOf(needed.folder, { reporter });
  const clock = systemClock(interruption);
  return await work({
    source,
    database,
    parser,
    reporter,
    clock,
    interruption,
    hostName: hostName(),
  });
}

export async function sourceInside(): Promise<Source | undefined> {
  const path = inside?.parts["migrations.pack"];
  if (path === undefined) return undefined;
  const { embeddedSource } = await import("./adapters/embedded.ts");
  return embeddedSource(path, inside?.packSha256);
}

/** The folder that was named; else what is inside the executable; else ./migrations. */
export async function sourceOf(
  folder: string | undefined,
  { reporter }: Pick<Surroundings, "reporter">,
): Promise<Source> {
  const embedded = folder === undefined ? await sourceInside() : undefined;
  if (embedded !== undefined) {
    if (existsSync(developmentFolder)) {
      const note = { code: "folder-not-used", path: developmentFolder } as const;
      reporter.report({ kind: "file-note", note });
    }
    return embedded;
  }
  const { directorySource } = await import("./adapters/directory.ts");
  return directorySource(folder ?? developmentFolder);
}

export async function databaseOf(target: DatabaseTarget, ahead?: Dialed): Promise<Database> {
  if (target.engine === "pglite") {
    const { embeddedDatabase } = await import("./adapters/pglite.ts");
    return embeddedDatabase(target);
  }
  const { serverDatabase } = await import("./adapters/postgres.ts");
  return serverDatabase(target, await connector(), { dialed: ahead });
}

async function connector(): Promise<Connect> {
  const { connectBun } = await import("./adapters/bun-channel.ts");
  return connectBun ?? (await import("./adapters/node-channel.ts")).connectNode;
}

/** An embedded Postgres, from empty, that can be stopped whatever it does. */
export async function threadedDatabase(stuckAfterMs: number): Promise<Database> {
  const { threadedPglite } = await import("./adapters/pglite-thread.ts");
  return threadedPglite({ stuckAfterMs });
}

/** Where `drift` replays what is applied. */
export function placesToReplay({ scratchOn, stuckAfterMs }: DriftRequest): {
  readonly embedded: () => Promise<Database>;
  readonly onServer: (name?: string) => Promise<Database>;
} {
  const embedded = (): Promise<Database> => threadedDatabase(stuckAfterMs);
  return {
    embedded,
    onServer: (name) =>
      scratchOn === undefined
        ? embedded()
        : databaseOf({ ...scratchOn, database: name ?? scratchOn.database }),
  };
}

/**
 * For commands that read again and again while somebody else is to migrate: a folder of PGlite has
 * one owner at a time, so it is let go of between two sessions. What is in memory has no other.
 */
async function databaseBetweenOthers(target: DatabaseTarget): Promise<Database> {
  if (target.engine !== "pglite" || target.folder === undefined) return databaseOf(target);
  return {
    label: labelOf(target),
    async session(options, work) {
      await using database = await databaseOf(target);
      return await database.session(options, work);
    },
    async [Symbol.asyncDispose]() {
      // Nothing outlives a session.
    },
  };
}
