/** What a database is to a set: the one reading that up, plan and status share. */
import { explainingRefusal } from "./apply/preflight.ts";
import { diff } from "./core/diff.ts";
import type { Diff } from "./core/entry.ts";
import {
  type AppliedSet,
  appliedSetOf,
  type Migration,
  type MigrationSet,
} from "./core/migration.ts";
import type { Version } from "./core/version.ts";
import type { Problem } from "./core/problem.ts";
import { type Adoption, decideTakeover, movedSince } from "./core/takeover.ts";
import { needsParser, type Parse } from "./core/script.ts";
import type { TrackerName } from "./core/tracker.ts";
import { checkTracker, type Facts } from "./ledger/facts.ts";
import { findUnreadable } from "./ledger/privileges.ts";
import type { LegacyTable } from "./ledger/legacy.ts";
import { type DatabaseState, isReliable, type Known, readState } from "./ledger/state.ts";
import { findUserObjects } from "./ledger/user-objects.ts";
import { type Parser, Refusal, type Session } from "./ports.ts";

export interface Survey {
  readonly state: DatabaseState;
  /** The take-over that `up` makes, or would make. Its rows count as applied in the diff. */
  readonly adoption: Adoption | undefined;
  readonly diff: Diff;
  /** What keeps `up` from going on with this database, whatever is pending. */
  readonly problems: readonly Problem[];
}

/** Reads; never writes. */
export async function survey(
  session: Session,
  tracker: TrackerName,
  set: MigrationSet,
  facts: Facts,
  newHere: boolean,
  purpose: "reading" | "writing" = "reading",
): Promise<Survey> {
  const checked = await checkTracker(session, tracker, facts);
  if (!checked.ok) throw new Refusal(checked.problems);
  const state = await explainingRefusal(session, tracker, facts, purpose, () =>
    readState(session, tracker, facts),
  );
  if (state.applied.size > 0) {
    return {
      state,
      adoption: undefined,
      diff: diff(set, state.applied, state.progress),
      problems: movedSince(state.adopted, state.legacy),
    };
  }
  const objects = await findUserObjects(session, tracker, state.legacyTables);
  // A file that stopped half-way made its objects itself: this database is ours already.
  const isKnown = newHere || state.progress.length > 0;
  if (!isKnown && state.adopted === undefined) await refuseUnreadable(session, state.legacyTables);
  // Taken over once already: an emptied tracker is somebody's doing, and no reason to do it again.
  const legacy = state.adopted === undefined ? state.legacy : [];
  const takeover = decideTakeover(set, legacy, objects, isKnown);
  const adoption = takeover.ok ? takeover.value : undefined;
  return {
    state,
    adoption,
    diff: diff(set, rowsOf(adoption), state.progress),
    problems: takeover.ok ? [] : takeover.problems,
  };
}

/** The same where so many of the set are applied, the first ones, and nothing else. Undefined: more has to be known. */
export function knownSurvey(
  set: MigrationSet,
  facts: Facts,
  known: Known | undefined,
): Survey | undefined {
  if (known === undefined || !isReliable(known, facts)) return undefined;
  const rest = Array.from(set.values()).slice(known.count);
  const pending = new Map(rest.map((one) => [one.version, one])) as ReadonlyMap<
    Version,
    Migration
  > as MigrationSet;
  const none = { applied: appliedSetOf([]), progress: [], legacyTables: [], legacy: [] };
  return {
    state: { facts, ...none, isRecent: known.isRecent, adopted: undefined },
    adoption: undefined,
    diff: diff(pending, none.applied),
    problems: [],
  };
}

/** An old tracker that cannot be read may say that everything was applied already. */
async function refuseUnreadable(session: Session, tables: readonly LegacyTable[]): Promise<void> {
  const problems = await findUnreadable(
    session,
    tables.filter((one) => !one.isReadable),
  );
  if (problems.length > 0) throw new Refusal(problems);
}

/** The applied set as it is after the adoption. */
function rowsOf(adoption: Adoption | undefined): AppliedSet {
  return appliedSetOf(
    (adoption?.migrations ?? []).map(({ version, name }) => ({
      version,
      name,
      appliedAt: undefined,
      checksum: null,
    })),
  );
}

/** The parser is only loaded where something pending needs it: it costs more than an idle `up`. */
export function parseFor(diffed: Diff, parser: Parser): Promise<Parse> | Parse {
  const isNeeded = diffed.entries.some(
    (entry) => entry.kind === "pending" && needsParser(entry.migration),
  );
  return isNeeded ? parser.load() : () => undefined;
}
