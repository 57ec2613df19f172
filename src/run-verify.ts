/** What `verify` runs with: the databases that it may make, and what is applied elsewhere. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Caller } from "./adapters/git.ts";
import type { Base } from "./core/order.ts";
import { type DatabaseTarget, labelOf } from "./core/target.ts";
import type { Outcome } from "./outcome.ts";
import { type Database, Refusal } from "./ports.ts";
import type { VerifyRequest } from "./request.ts";
import { databaseOf, type Surroundings, threadedDatabase, withWorld } from "./wiring.ts";

type Around = Surroundings & Caller;

export async function runVerify(request: VerifyRequest, around: Around): Promise<Outcome> {
  const { verify } = await import("./commands/verify.ts");
  const { target, stuckAfterMs, folder } = request;
  const embedded = (): Promise<Database> => threadedDatabase(stuckAfterMs);
  const sibling = (name: string): Promise<Database> =>
    target?.engine === "server" ? databaseOf({ ...target, database: name }) : embedded();
  const base = await baseOf(request, around);
  const database = target === undefined ? embedded() : databaseOf(target);
  return withWorld({ folder, database }, around, (world) =>
    verify({ ...world, sibling, embedded }, request, base),
  );
}

/** What is applied, where `verify` is told to read it. */
async function baseOf(request: VerifyRequest, around: Around): Promise<Base | undefined> {
  const { appliedFrom: from, folder } = request;
  switch (from?.kind) {
    case undefined:
      return undefined;
    case "status": {
      const { readStatusDocument } = await import("./core/status-document.ts");
      const read = readStatusDocument(from.path, from.text);
      if (!read.ok) throw new Refusal(read.problems);
      return read.value;
    }
    case "git": {
      const { baseOfRef } = await import("./in-repository.ts");
      return baseOfRef(from.ref, folder, around);
    }
    case "database": {
      const { baseOfDatabase } = await import("./applied-from.ts");
      const { readSet } = await import("./read-set.ts");
      // What there is to be said of the files, and of the server, is said by the rehearsal.
      refuseNoDatabase(from.target);
      const quiet = { ...around, reporter: { report: (): void => undefined } };
      return withWorld({ folder, database: databaseOf(from.target) }, quiet, async (world) =>
        baseOfDatabase(world, request, await readSet(world.source, world.reporter)),
      );
    }
  }
}

/** An embedded Postgres would be made there, and nothing be applied in it: a slip of the pen passes. */
function refuseNoDatabase(target: DatabaseTarget): void {
  if (target.engine === "server") return;
  const { folder } = target;
  if (folder !== undefined && existsSync(join(folder, "PG_VERSION"))) return;
  const message = folder === undefined ? "nothing is applied in memory" : "there is no database";
  throw new Refusal([{ code: "bad-applied-from", source: labelOf(target), message }]);
}
