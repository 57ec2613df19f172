import { randomUUID } from "node:crypto";
import { setDigest } from "../core/digest.ts";
import { madeBy } from "../core/engine-lacks.ts";
import type { Migration } from "../core/migration.ts";
import type { ParseNode } from "../core/parse-node.ts";
import type { Problem } from "../core/problem.ts";
import type { Parse } from "../core/script.ts";
import { countResults, type Verdict } from "../core/verdict.ts";
import type { VerifyOutcome } from "../outcome.ts";
import { type Database, Refusal, type World } from "../ports.ts";
import { readSet } from "../read-set.ts";
import { withDeadline } from "../rehearsal/deadline.ts";
import { fromEmpty, inScratchDatabase, rolledBack } from "../rehearsal/methods.ts";
import type { Rehearsal } from "../rehearsal/rehearse.ts";
import type { RehearsalRequest } from "../request.ts";

export interface VerifyWorld extends World {
  /** A database of that name on the same server: for --scratch. */
  readonly sibling: (name: string) => Promise<Database>;
}

/** The gate before deploy: runs what is pending where nothing can be harmed. */
export async function verify(
  world: VerifyWorld,
  request: RehearsalRequest,
): Promise<VerifyOutcome> {
  const set = await readSet(world.source, world.reporter);
  const deadline = withDeadline(world.interruption, request.timeLimitMs);
  try {
    let serverVersion = "";
    const running: { migration: Migration | undefined } = { migration: undefined };
    const watching: World = {
      ...world,
      interruption: deadline,
      parser: { load: () => Promise.resolve(parse) },
      reporter: {
        report(event) {
          // Each run of what is left connects again.
          if (event.kind === "connected" && serverVersion !== "") return;
          if (event.kind === "connected") ({ serverVersion } = event);
          world.reporter.report(event);
        },
      },
    };
    const parse = remembering(await world.parser.load());
    const rehearsal: Rehearsal = {
      world: watching,
      request: { ...request, to: undefined, unknown: "warn", newHere: true, lockRetryForMs: 0 },
      method: request.method,
      ownsServer: request.ownsServer,
      parse,
      faults: new Map(),
      made: request.engine === "server" ? undefined : madeBy(set),
      running,
    };
    const found = await {
      embedded: () => fromEmpty(rehearsal, set, request),
      scratch: () =>
        inScratchDatabase(rehearsal, set, request, {
          sibling: world.sibling,
          random: randomUUID().replaceAll("-", "").slice(0, 16),
        }),
      "rolled back": () => rolledBack(rehearsal, set, request),
      isolated: () => rolledBack(rehearsal, set, request),
    }[request.method]();
    const { pending, verdicts, problem, during, adoption, leftovers } = found;
    return {
      kind: "verify",
      method: request.method,
      folder: world.source.folder,
      database: world.database.label,
      serverVersion,
      set,
      digest: setDigest(set),
      adoption,
      pending,
      verdicts,
      leftovers,
      problems:
        problem === undefined
          ? problemsIn(verdicts, request)
          : [deadline.isReached ? limitReached(request, during) : problem],
    };
  } catch (error) {
    // While it waited for the lock, or for the database.
    if (!(error instanceof Refusal) || !deadline.isReached) throw error;
    throw new Refusal([limitReached(request, undefined)]);
  } finally {
    deadline.end();
  }
}

function limitReached({ timeLimitMs }: RehearsalRequest, during: Migration | undefined): Problem {
  return { code: "time-limit", limitMs: timeLimitMs ?? 0, during: during?.id };
}

/** The loop reads the files that are left again each time it goes on behind a failure. */
function remembering(parse: Parse): Parse {
  const known = new Map<string, readonly ParseNode[] | undefined>();
  return (sql) => {
    if (!known.has(sql)) known.set(sql, parse(sql));
    return known.get(sql);
  };
}

function problemsIn(
  verdicts: readonly Verdict[],
  { strict }: RehearsalRequest,
): readonly Problem[] {
  const { failed, "not verified": notVerified } = countResults(verdicts);
  const isFound = failed > 0 || (strict && notVerified > 0);
  return isFound ? [{ code: "verify-found", failed, notVerified, of: verdicts.length }] : [];
}
