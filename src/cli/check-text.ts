/** What `check` and `renumber` tell, as lines for people. */
import type { RenumberOutcome } from "../outcome.ts";

export function renumberNotes({
  was,
  version,
  by,
  isKeptByAnother,
}: RenumberOutcome): readonly string[] {
  const how = by === "git mv" ? ["note: renamed by git mv; the next commit has it"] : [];
  if (isKeptByAnother) return how;
  return [
    ...how,
    `note: where ${was} is applied already, \`up\` will ask for \`lacuna mark renumbered ${was} ${version}\``,
  ];
}
