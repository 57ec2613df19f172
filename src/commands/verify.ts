import { diff } from "../core/diff.ts";
import { setDigest } from "../core/digest.ts";
import { madeBy } from "../core/engine-lacks.ts";
import type { Migration, MigrationSet } from "../core/migration.ts";
import type { Base, OrderReport } from "../core/order.ts";
import type { ParseNode } from "../core/parse-node.ts";
import type { Problem } from "../core/problem.ts";
import type { Parse } from "../core/script.ts";
import { countResults, type Verdict } from "../core/verdict.ts";
import { compareVersions, nextVersion, type Version } from "../core/version.ts";
import type { VerifyOutcome } from "../outcome.ts";
import { type Database, Refusal, SqlError, type World } from "../ports.ts";
import { readSet } from "../read-set.ts";
import { withDeadline } from "../rehearsal/deadline.ts";
import {
  type Findings,
  fromEmpty,
  inAnotherScratch,
  inScratchDatabase,
  rolledBack,
  withRoles,
} from "../rehearsal/methods.ts";
import { compareOrders, beginInOrder } from "../rehearsal/order.ts";
import type { InEmpty } from "../rehearsal/orders.ts";
import type { Rehearsal } from "../rehearsal/rehearse.ts";
import type { RehearsalRequest } from "../request.ts";

export interface VerifyWorld extends World {
  /** A database of that name on the same server: for --scratch. */
  readonly sibling: (name: string) => Promise<Database>;
  /** An embedded Postgres, empty: for the comparison of orders. */
  readonly embedded: () => Promise<Database>;
}

/**
 * The gate before deploy: runs what is pending where nothing can be harmed.
 * @param base What is applied, where an empty database is to be taken there first; undefined: nothing.
 */
export async function verify(
  world: VerifyWorld,
  request: RehearsalRequest,
  base?: Base,
): Promise<VerifyOutcome> {
  const set = await readSet(world.source, world.reporter);
  const deadline = withDeadline(world.interruption, request.timeLimitMs);
  let comparison: Comparison | undefined;
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
      provesResuming: true,
      running,
    };
    comparison = comparing(world, request, { rehearsal, set, base });
    const found = await {
      embedded: () => fromEmpty(rehearsal, set, request, base),
      scratch: () => inScratchDatabase(rehearsal, set, request, base, world.sibling),
      "rolled back": () => rolledBack(rehearsal, set, request),
      isolated: () => rolledBack(rehearsal, set, request),
    }[request.method]();
    const { pending, verdicts, problem, during, adoption, leftovers, leftOut } = found;
    const order = await comparison.with(found);
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
      base:
        base === undefined ? undefined : { label: base.label, count: base.applied.size, leftOut },
      order,
      problems:
        problem === undefined
          ? [
              ...problemsIn(verdicts, request),
              ...orderProblems(order, request, nextFree(set, found.base)),
            ]
          : [deadline.isReached ? limitReached(request, during) : problem],
    };
  } catch (error) {
    // While it waited for the lock, or for the database.
    if (!(error instanceof Refusal || error instanceof SqlError) || !deadline.isReached)
      throw error;
    throw new Refusal([limitReached(request, undefined)]);
  } finally {
    await comparison?.end();
    deadline.end();
  }
}

function limitReached({ timeLimitMs }: RehearsalRequest, during: Migration | undefined): Problem {
  return { code: "time-limit", limitMs: timeLimitMs ?? 0, during: during?.id };
}

/**
 * How late migrations are compared: where the rehearsal runs in empty databases, in such; else in
 * the embedded Postgres, and nothing of it touches the database that was given. The time limit,
 * which lets go of that one's locks, does not count there.
 */
function comparing(
  world: VerifyWorld,
  request: RehearsalRequest,
  { rehearsal, set, base }: Comparing,
): Comparison {
  const { method } = request;
  // A server's clock may be behind ours.
  const since = new Date(world.clock.nowMs() - 60_000);
  const inEmpty: InEmpty = (work) =>
    method === "scratch"
      ? inAnotherScratch(rehearsal, set, request, world.sibling, work)
      : inEmbedded(world, request.roles, work);
  if (method === "rolled back" || method === "isolated") {
    const { interruption } = world;
    const elsewhere: Rehearsal = {
      ...rehearsal,
      world: { ...rehearsal.world, interruption },
      method: "embedded",
      made: madeBy(set),
    };
    const nothing = { rehearsed: undefined, early: undefined, since };
    return {
      async with({ base: found, verdicts: pending, problem }) {
        if (found === undefined || problem !== undefined) return undefined;
        return compareOrders({
          ...nothing,
          rehearsal: elsewhere,
          set,
          base: found,
          inEmpty,
          pending,
        });
      },
      end: () => Promise.resolve(),
    };
  }
  const isLate =
    base !== undefined &&
    diff(set, base.applied).entries.some(({ states }) => states.includes("gap"));
  const early = isLate ? beginInOrder({ rehearsal, set, inEmpty, since }) : undefined;
  return {
    async with({ problem, verdicts: pending }) {
      if (base === undefined || problem !== undefined) return undefined;
      const rehearsed =
        method === "embedded" ? withRoles(world.database, request.roles) : undefined;
      return compareOrders({ rehearsal, set, base, pending, inEmpty, since, rehearsed, early });
    },
    async end() {
      await early?.end();
    },
  };
}

interface Comparison {
  with(found: Findings): Promise<OrderReport | undefined>;
  /** Engines that were started for it are ended. */
  end(): Promise<void>;
}

interface Comparing {
  readonly rehearsal: Rehearsal;
  readonly set: MigrationSet;
  readonly base: Base | undefined;
}

async function inEmbedded<T>(
  { embedded }: VerifyWorld,
  roles: readonly string[],
  work: (database: Database) => Promise<T>,
): Promise<T> {
  await using database = await embedded();
  return await work(withRoles(database, roles));
}

function orderProblems(
  order: OrderReport | undefined,
  { strict }: RehearsalRequest,
  next: Version,
): readonly Problem[] {
  if (order === undefined) return [];
  const { result, caveats, findings } = order;
  const found = result === "same" ? "caveats" : result;
  const isTrue = result === "same" && caveats.length === 0;
  if (isTrue || (found !== "different" && !strict)) return [];
  const named = found === "different" ? new Set(findings.flatMap((one) => one.gaps)) : order.gaps;
  const gaps = [...named].map((gap) => gap.id);
  return [{ code: "order-found", findings: findings.length, gaps, next, found }];
}

function nextFree(set: MigrationSet, base: Base | undefined): Version {
  const taken = [...set.keys(), ...(base?.applied.keys() ?? [])];
  return nextVersion(taken.toSorted(compareVersions).at(-1) ?? ("0" as Version));
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
