/** Whether the runner may do what it is about to do, asked before anything is written. */
import type { PlannedMigration } from "../core/plan.ts";
import type { TrackerName } from "../core/tracker.ts";
import type { Facts } from "../ledger/facts.ts";
import { findMissingPrivileges, type Wanted } from "../ledger/privileges.ts";
import { Refusal, type Session, SqlError } from "../ports.ts";

/** Only for what the runner itself touches: what a migration needs, its own statements tell. */
export async function refuseUnprivileged(
  session: Session,
  tracker: TrackerName,
  facts: Facts,
  wanted: Wanted,
): Promise<void> {
  const problems = await findMissingPrivileges(session, tracker, facts, wanted);
  if (problems.length > 0) throw new Refusal(problems);
}

/** What applying a plan needs. Undefined: nothing that is not known to be allowed. */
export function wantedFor(
  plan: readonly PlannedMigration[],
  facts: Facts,
  isAdopting: boolean,
): Wanted | undefined {
  const isAbsent = facts.tracker === undefined;
  if (plan.length === 0 && !isAdopting && !isAbsent) return undefined;
  const usesProgress = plan.some(({ script }) => script.mode === "statements");
  if (!isAbsent && !usesProgress && facts.tracker?.mayRecord) return undefined;
  return {
    tracker: writing.tracker,
    progress: usesProgress ? writing.progress : [],
    makes: [
      ...(isAbsent ? (["tracker"] as const) : []),
      ...(usesProgress ? (["progress"] as const) : []),
    ],
  };
}

/** The same where nobody knows yet what is pending, because the tracker cannot be read. */
export async function explainingRefusal<T>(
  session: Session,
  tracker: TrackerName,
  facts: Facts,
  purpose: "reading" | "writing",
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SqlError) || error.server.code !== insufficientPrivilege) throw error;
    await refuseUnprivileged(session, tracker, facts, purpose === "writing" ? writing : reading);
    throw error;
  }
}

const reading: Wanted = { tracker: ["SELECT"], progress: ["SELECT"], makes: [] };
const writing: Wanted = {
  tracker: ["SELECT", "INSERT"],
  progress: ["SELECT", "INSERT", "UPDATE", "DELETE"],
  makes: [],
};
const insufficientPrivilege = "42501";
