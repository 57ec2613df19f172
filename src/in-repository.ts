/** What runs beside git: the part of the composition root that `check` and `renumber` need. */
import { directorySource } from "./adapters/directory.ts";
import type { Surroundings } from "./adapters/git.ts";
import { renamerIn } from "./adapters/renaming.ts";
import { renumberCommand } from "./commands/renumber.ts";
import type { Outcome } from "./outcome.ts";
import type { RenumberRequest } from "./request.ts";

/** The folder of the working tree, also where the executable has migrations inside. */
const developmentFolder = "migrations";

export async function runInRepository(
  request: RenumberRequest,
  around: Surroundings,
): Promise<Outcome> {
  const folder = request.folder ?? developmentFolder;
  return renumberCommand(directorySource(folder), renamerIn(folder, around), request);
}
