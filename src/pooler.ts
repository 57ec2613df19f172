/**
 * A pooler between us and the server, and its mode. In transaction and statement mode the lock
 * stays on a backend that is somebody else's the next moment: it is found out before a lock is taken.
 *
 * That there is one is free to know: what it announced at the start (BackendKeyData) is its own,
 * and not the pid of the backend that answers. The mode is not: an idle pooler in transaction mode
 * gives one client the same backend every time, and the next client too (research: mechanisms, M3).
 * So a second session is opened, and both are asked which backend answers.
 */
import type { PoolerProblem } from "./core/problem.ts";
import { askBackend, type Backend, readBackend, whichBackend } from "./ledger/backend.ts";
import { Refusal, type Session, type SessionOptions, SqlError, type World } from "./ports.ts";
import type { PoolerMode } from "./request.ts";

export function isBehindPooler(session: Session, backend: Backend): boolean {
  // Inside of a transaction, as in a rehearsal, every pooler stays with one backend.
  return session.bracket === undefined && session.backendPid !== backend.pid;
}

/**
 * Comes back where the pooler is in session mode, as far as that can be found out, or is vouched for.
 * @throws Refusal for any other mode, and where it cannot be found out.
 */
export async function demandSessionMode(
  world: World,
  session: Session,
  backend: Backend,
  options: SessionOptions,
  mode: PoolerMode,
): Promise<void> {
  const refuse = (found: PoolerProblem["found"]): never => {
    const target = world.database.label;
    throw new Refusal([{ code: "pooler", target, found }]);
  };
  let looks = 0;
  for (let attempt = 1; attempt <= attempts && looks < looksNeeded; attempt++) {
    const look = await lookFromBeside(world, session, backend, options);
    const { signal } = world.interruption;
    if (signal !== undefined) throw new Refusal([{ code: "interrupted", signal }]);
    if (look === "shared" || look === "changing" || look === "no answer") return refuse(look);
    if (look === "no second connection") {
      if (mode === "session") return;
      return refuse(look);
    }
    if (look === "kept apart") looks++;
  }
  if (looks === 0 && mode === "auto") refuse("several poolers");
}

type Look = PoolerProblem["found"] | "kept apart";

/** One look with a second session of its own: of several poolers behind one address it meets another each time. */
async function lookFromBeside(
  { clock, database }: World,
  session: Session,
  backend: Backend,
  options: SessionOptions,
): Promise<Look> {
  let stage: "connecting" | "asking" | "too late" = "connecting";
  const beside = {
    ...options,
    opening: whichBackend,
    connectTimeoutMs: Math.min(options.connectTimeoutMs, limitMs),
  };
  const looking = database
    .session(beside, async (other): Promise<Look> => {
      // The first session is somebody else's by now.
      if (stage === "too late") return "no second connection";
      stage = "asking";
      return compare(session, backend, other);
    })
    .catch((error: unknown): Look => {
      if (stage === "asking" || !(error instanceof SqlError)) throw error;
      return "no second connection";
    });
  // Where it comes too late, nobody waits for it any more.
  looking.catch(() => undefined);
  const tooLate = clock.sleep(limitMs).then((): Look => {
    const reached = stage;
    stage = "too late";
    return reached === "asking" ? "no answer" : "no second connection";
  });
  return Promise.race([looking, tooLate]);
}

/** Each twice in a row: a pooler that takes turns between two backends gives each its own otherwise. */
async function compare(session: Session, backend: Backend, other: Session): Promise<Look> {
  const first = readBackend(other.opening.at(-1)?.[0]);
  if (first.pid === backend.pid) return "shared";
  for (const [who, expected] of [
    [session, backend],
    [session, backend],
    [other, first],
    [other, first],
  ] as const) {
    const found = await askBackend(who);
    if (found.pid !== expected.pid) return "changing";
  }
  return first.client === backend.client ? "kept apart" : "several poolers";
}

const looksNeeded = 5;
const attempts = 15;
const limitMs = 5000;
