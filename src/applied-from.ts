/** What is applied elsewhere: read from a database's tracker, or from files of migrations. */
import { connectToRead } from "./connect.ts";
import { appliedSetOf, type MigrationSet } from "./core/migration.ts";
import type { Base } from "./core/order.ts";
import type { Facts } from "./ledger/facts.ts";
import { Refusal, type Session, type World } from "./ports.ts";
import type { RehearsalRequest } from "./request.ts";
import { survey } from "./survey.ts";

/** Reads the tracker, as `status` does, and nothing else. @param world Its database is the one that is asked. */
export async function baseOfDatabase(
  world: World,
  request: Pick<RehearsalRequest, "tracker" | "connectTimeoutMs" | "newHere">,
  set: MigrationSet,
): Promise<Base> {
  const { tracker, newHere } = request;
  const read = async (session: Session, facts: Facts): Promise<Base> => {
    const seen = await survey(session, tracker, set, facts, newHere);
    if (seen.problems.length > 0) throw new Refusal(seen.problems);
    const rows = seen.diff.entries.flatMap((one) => (one.kind === "pending" ? [] : [one.row]));
    const { progress } = seen.state;
    const inPart = new Set(progress.map((row) => row.version));
    return { label: world.database.label, applied: appliedSetOf(rows), inPart, progress };
  };
  return connectToRead(world, request, set, read, "read only");
}
