/** What runs beside git: the part of the composition root that `check` and `renumber` need. */
import type { Caller } from "./adapters/git.ts";
import { baseOfMigrations, type Base } from "./core/order.ts";
import type { Outcome } from "./outcome.ts";
import type { Database } from "./ports.ts";
import { readSet } from "./read-set.ts";
import type { CheckRequest, RenumberRequest } from "./request.ts";
import { developmentFolder, type Surroundings, threadedDatabase, withWorld } from "./wiring.ts";

type Around = Surroundings & Caller;

/** The folder is one of the working tree, also where the executable has migrations inside. */
export async function runInRepository(
  request: CheckRequest | RenumberRequest,
  around: Around,
): Promise<Outcome> {
  const folder = request.folder ?? developmentFolder;
  if (request.command === "check") return runCheck(request, folder, around);
  const { renumberCommand } = await import("./commands/renumber.ts");
  const { directorySource } = await import("./adapters/directory.ts");
  const { renamerIn } = await import("./adapters/renaming.ts");
  return renumberCommand(directorySource(folder), renamerIn(folder, around), request);
}

async function runCheck(request: CheckRequest, folder: string, around: Around): Promise<Outcome> {
  const { check } = await import("./commands/check.ts");
  const { gitRepository } = await import("./adapters/repository.ts");
  const repository = await gitRepository(folder, around);
  const embedded = (): Promise<Database> => threadedDatabase(request.stuckAfterMs);
  return withWorld({ folder, database: embedded() }, around, (world) =>
    check({ ...world, repository, folder, embedded, sibling: embedded }, request),
  );
}

/** What a commit has is applied: `verify --applied-from git:REF`. */
export async function baseOfRef(
  ref: string,
  folder: string | undefined,
  around: Around,
): Promise<Base> {
  const { gitSource } = await import("./adapters/repository.ts");
  const source = gitSource(ref, folder ?? developmentFolder, around);
  const set = await readSet(source, { report: () => undefined });
  return baseOfMigrations(`git:${ref}`, set.values());
}
