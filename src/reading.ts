/** One look at a database that is given an answer in time, whatever the database does. */
import { connectOnceToRead } from "./connect.ts";
import { formatDuration } from "./core/duration.ts";
import type { MigrationSet } from "./core/migration.ts";
import type { Problem } from "./core/problem.ts";
import { type Standing, standingOf } from "./core/standing.ts";
import type { TrackerName } from "./core/tracker.ts";
import { expectedIn } from "./expected.ts";
import { SqlError, type World } from "./ports.ts";
import { survey } from "./survey.ts";

export type Reading =
  | {
      readonly kind: "read";
      readonly standing: Standing;
      /** What keeps `up` from going on with this database: a reason for what is pending. */
      readonly problems: readonly Problem[];
    }
  | {
      readonly kind: "unreadable";
      /** `for now`: it may be there the next time; `refused`: waiting does not mend it. */
      readonly how: "for now" | "refused";
      readonly problems: readonly Problem[];
    };

/** Where the database stands now. Writes nothing, takes no lock, and waits for nobody. */
export async function readStanding(
  world: World,
  request: { readonly tracker: TrackerName; readonly limitMs: number },
  set: MigrationSet,
): Promise<Reading> {
  const { clock, database } = world;
  const startMs = clock.nowMs();
  const notThere = (message: string): Reading => {
    const waitedMs = Math.round(clock.nowMs() - startMs);
    const problem = { code: "cannot-connect", target: database.label, message, waitedMs } as const;
    return { kind: "unreadable", how: "for now", problems: [problem] };
  };
  try {
    const tried = await connectOnceToRead(world, request, set, (session, facts) => {
      const leftMs = Math.max(request.limitMs - (clock.nowMs() - startMs), shortestMs);
      // Behind an exclusive lock on the tracker a reader would wait as long as its holder likes.
      // Leaving closes the connection, and the server ends what it still runs for us.
      const tooLate = clock.sleep(leftMs).then(() => undefined);
      return Promise.race([survey(session, request.tracker, set, facts, false), tooLate]);
    });
    if (tried.kind === "not yet") return notThere(tried.reason);
    if (tried.value === undefined)
      return notThere(`no answer within ${formatDuration(request.limitMs)}`);
    const { diff, problems } = tried.value;
    return { kind: "read", standing: standingOf(diff), problems };
  } catch (error) {
    const problems = expectedIn(error, "reading the tracker", world.interruption);
    if (problems === undefined) throw error;
    // A server that answered and failed may do better: rights are granted, locks are let go of.
    const isPassing = error instanceof SqlError || problems.every(({ code }) => granted.has(code));
    const how = isPassing ? "for now" : "refused";
    return { kind: "unreadable", how, problems };
  }
}

/** What an owner mends while somebody waits. */
const granted: ReadonlySet<Problem["code"]> = new Set(["missing-privileges", "row-security"]);

const shortestMs = 100;
